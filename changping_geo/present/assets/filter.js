/* Narrow the buildings: a least value for numbers, a choice of words. Tells how many are left. */
"use strict";
var RoofFilter = (function () {
  var make = Words.make, pair = Words.pair, shown = Words.shown;

  function Filter(roofs, card, apply) {
    this.roofs = roofs;
    this.card = card;
    this.apply = apply;
    this.least = {};
    this.out = {};
    this.mask = new Uint8Array(roofs.n).fill(1);
  }

  Filter.prototype.addTo = function (box) {
    var filter = this;
    this.card.columns.forEach(function (column) {
      var group = make("fieldset", "filter", box);
      pair(make("legend", "", group), column.label);
      if (column.words) { filter.addWords(group, column); } else { filter.addLeast(group, column); }
    });
    this.told = make("p", "told", box);
    this.told.setAttribute("aria-live", "polite");
    this.narrow();
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
      input.onchange = function () { out[word[0]] = !input.checked; filter.narrow(); };
      pair(label, word);
    });
  };

  Filter.prototype.narrow = function () {
    var columns = this.roofs.columns, left = 0, filter = this;
    var numbers = Object.keys(this.least).filter(function (name) { return isFinite(filter.least[name]); });
    var words = Object.keys(this.out).filter(function (name) {
      return Object.keys(filter.out[name]).some(function (word) { return filter.out[name][word]; });
    });
    for (var roof = 0; roof < this.roofs.n; roof++) {
      var keep = 1, i;
      for (i = 0; keep && i < numbers.length; i++) {
        if (!(columns[numbers[i]].at(roof) >= this.least[numbers[i]])) { keep = 0; }
      }
      for (i = 0; keep && i < words.length; i++) {
        var word = columns[words[i]].at(roof);
        if (word !== null && this.out[words[i]][word[0]]) { keep = 0; }
      }
      this.mask[roof] = keep;
      left += keep;
    }
    var text = left.toLocaleString("en-US") + " / " + this.roofs.n.toLocaleString("en-US");
    this.told.textContent = "";
    pair(this.told, [this.card.count[0] + "：" + text, text + " " + this.card.count[1]]);
    this.apply(this.mask);
  };

  return { Filter: Filter };
})();
