/* Narrow a layer's rows: a least value for numbers, a choice of words. Tells how many are left. */
"use strict";
var RowFilter = (function () {
  var make = Words.make, pair = Words.pair, shown = Words.shown;

  function Filter(layer, words) {
    this.layer = layer;
    this.words = words;
    this.least = {};
    this.out = {};
  }

  Filter.prototype.addTo = function (box) {
    var filter = this;
    this.layer.card.filters.forEach(function (column) {
      var group = make("fieldset", "filter", box);
      pair(make("legend", "", group), column.label);
      if (column.words) { filter.addWords(group, column); } else { filter.addLeast(group, column); }
    });
    this.told = make("p", "told", box);
    this.told.setAttribute("aria-live", "polite");
    this.tell();
  };

  Filter.prototype.addLeast = function (group, column) {
    var filter = this, steps = column.steps, input = make("input", "", group), text = make("output", "", group);
    input.type = "range";
    input.min = 0; input.max = steps.length; input.step = 1; input.value = 0;
    input.setAttribute("aria-label", column.label.join(" "));
    function tell() {
      var at = Number(input.value), least = at ? shown(steps[at - 1], column) : null;
      text.textContent = "";
      pair(text, least ? ["≥ " + least[0], "≥ " + least[1]] : ["不限", "any"]);
      input.setAttribute("aria-valuetext", text.innerText || text.textContent);
      filter.least[column.column] = at ? steps[at - 1] : -Infinity;
    }
    input.oninput = function () { tell(); filter.narrow(); };
    tell();
  };

  Filter.prototype.addWords = function (group, column) {
    var filter = this, out = this.out[column.column] = {};
    column.words.forEach(function (word) {
      var label = make("label", "choice", group), input = make("input", "", label);
      input.type = "checkbox";
      input.checked = true;
      input.onchange = function () { out["word " + word[0]] = !input.checked; filter.narrow(); };
      pair(make("span", "", label), word[1]);
    });
  };

  Filter.prototype.narrow = function () {
    var columns = this.layer.columns, least = this.least, out = this.out;
    var numbers = Object.keys(least).filter(function (name) { return isFinite(least[name]); });
    var words = Object.keys(out).filter(function (name) {
      return Object.keys(out[name]).some(function (word) { return out[name][word]; });
    });
    this.layer.narrow("filter", numbers.length + words.length === 0 ? null : function (row) {
      for (var i = 0; i < numbers.length; i++) { if (!(columns[numbers[i]].at(row) >= least[numbers[i]])) { return false; } }
      for (i = 0; i < words.length; i++) { if (out[words[i]]["word " + columns[words[i]].key(row)]) { return false; } }
      return true;
    });
    this.tell();
  };

  Filter.prototype.tell = function () {
    var layer = this.layer, left = layer.mask ? layer.left : layer.count;
    var text = left.toLocaleString("en-US") + " / " + layer.count.toLocaleString("en-US");
    this.told.textContent = "";
    pair(this.told, [this.words.count[0] + "：" + text, text + " " + this.words.count[1]]);
  };

  return { Filter: Filter };
})();
