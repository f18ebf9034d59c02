/* Search in what the page carries: towns by name, rows by the columns that the map names. Nothing is kept beside the
   columns themselves; rows are looked through in slices, so that typing stays quick with any number of them. */
"use strict";
var MapSearch = (function () {
  var make = Words.make, pair = Words.pair, SLICE_MS = 12, PER_LAYER = 8, LABEL = ["搜索", "Search"];
  var NOTHING = ["没有找到", "Nothing found"];

  function bare(text) { return String(text).normalize("NFKC").toLowerCase().trim(); }

  /* How well a pair of words answers: 0 the same, 1 its beginning, 2 within, 3 not at all. */
  function rank(words, asked) {
    var best = 3;
    for (var i = 0; words && i < 2; i++) {
      var at = bare(words[i]).indexOf(asked);
      if (at >= 0) { best = Math.min(best, at > 0 ? 2 : bare(words[i]) === asked ? 0 : 1); }
    }
    return best;
  }

  function Search(app) {
    var search = this, bar = MapTools.bar(), box = make("div", "search", null);
    this.app = app;
    this.found = [];
    this.at = -1;
    this.input = make("input", "", box);
    this.input.type = "search";
    this.input.id = "search";
    this.input.autocomplete = "off";
    this.input.setAttribute("role", "combobox");
    this.input.setAttribute("aria-label", LABEL.join(" "));
    this.input.setAttribute("aria-expanded", "false");
    this.input.setAttribute("aria-controls", "found");
    this.input.setAttribute("aria-autocomplete", "list");
    this.list = make("ul", "", box);
    this.list.id = "found";
    this.list.hidden = true;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "结果 Results");
    bar.insertBefore(box, bar.firstChild);
    this.input.oninput = function () { search.ask(search.input.value); };
    this.input.onfocus = function () { if (search.input.value) { search.ask(search.input.value); } };
    this.input.onblur = function () { setTimeout(function () { search.close(); }, 150); };
    this.input.onkeydown = function (event) { search.key(event); };
    document.addEventListener("keydown", function (event) {
      if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
        event.preventDefault();
        search.input.focus();
      }
    });
    app.changed(function (what) { if (what === "language") { search.words(); } });
    this.words();
  }

  /* What can be found, as the hint in the empty field. */
  Search.prototype.words = function () {
    var app = this.app, at = app.lang() === "zh" ? 0 : 1, names = [app.layers.towns.title];
    app.page.layers.forEach(function (card) { if (card.search && card.search.length) { names.push(card.title); } });
    this.input.placeholder = LABEL[at] + (at ? " " : "") +
      names.slice(0, 3).map(function (name) { return at ? name[1].toLowerCase() : name[0]; }).join(at ? ", " : "、");
  };

  Search.prototype.ask = function (text) {
    var asked = bare(text), search = this, app = this.app, job = this.job = {};
    if (!asked) { this.close(); return; }
    var found = [];
    app.page.towns.features.features.forEach(function (town) {
      var how = rank(town.properties.name, asked);
      if (how < 3) { found.push({ rank: how, group: -1, kicker: app.layers.towns.title, label: town.properties.name, town: town }); }
    });
    var layers = app.page.layers.map(function (card) { return app.layers[card.name]; }).filter(function (layer) {
      return layer.count && layer.card.search && layer.card.search.length;
    });
    this.show(found);
    this.look(job, asked, layers, 0, 0, found, []);
    search.last = asked;
  };

  Search.prototype.look = function (job, asked, layers, number, row, found, mine) {
    var search = this, layer = layers[number], until = performance.now() + SLICE_MS;
    if (job !== this.job) { return; }
    if (!layer) { this.done = asked; this.show(found, true); return; }
    var columns = layer.card.search.map(function (name) { return layer.columns[name]; });
    for (; row < layer.count; row++) {
      var best = 3, text = null;
      for (var c = 0; c < columns.length; c++) {
        var value = columns[c].kind === "word" ? columns[c].at(row) : [columns[c].at(row), columns[c].at(row)];
        var how = value ? rank(value, asked) : 3;
        if (how < best) { best = how; text = value; }
      }
      if (best < 3) { keep(mine, { rank: best, group: number, layer: layer, row: row, text: text }); }
      if (row % 256 === 255 && performance.now() > until) {
        setTimeout(function () { search.look(job, asked, layers, number, row + 1, found, mine); }, 0);
        return;
      }
    }
    mine.forEach(function (one) {
      var town = layer.columns.town_code && layer.columns.town_code.at(one.row), label = layer.label(one.row);
      one.kicker = town ? [layer.title[0] + " · " + town[0], layer.title[1] + " · " + town[1]] : layer.title;
      one.label = label[0] === one.text[0] ? label : [label[0] + "（" + one.text[0] + "）", label[1] + " (" + one.text[1] + ")"];
      if (label === layer.title) { one.label = one.text; }
      found.push(one);
    });
    this.look(job, asked, layers, number + 1, 0, found, []);
  };

  /* The best few of a layer, the first ones where they are alike. */
  function keep(list, one) {
    var at = list.length;
    while (at > 0 && list[at - 1].rank > one.rank) { at--; }
    if (at < PER_LAYER) { list.splice(at, 0, one); }
    if (list.length > PER_LAYER) { list.pop(); }
  }

  Search.prototype.show = function (found, whole) {
    var search = this;
    this.found = found.slice().sort(function (a, b) { return a.rank - b.rank || a.group - b.group; });
    this.list.textContent = "";
    this.found.forEach(function (one, i) {
      var item = make("li", "", search.list);
      item.id = "found-" + i;
      item.setAttribute("role", "option");
      pair(make("b", "", item), one.label);
      pair(make("small", "", item), one.kicker);
      item.onmousedown = function (event) { event.preventDefault(); search.pick(i); };
    });
    if (whole && !this.found.length) { pair(make("li", "none", this.list), NOTHING); }
    this.list.hidden = !this.list.childNodes.length;
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    this.mark(this.found.length ? 0 : -1);
  };

  Search.prototype.mark = function (at) {
    this.at = at;
    Array.prototype.forEach.call(this.list.children, function (item, i) {
      item.setAttribute("aria-selected", String(i === at));
      if (i === at && item.scrollIntoView) { item.scrollIntoView({ block: "nearest" }); }
    });
    if (at >= 0) { this.input.setAttribute("aria-activedescendant", "found-" + at); }
    else { this.input.removeAttribute("aria-activedescendant"); }
  };

  Search.prototype.key = function (event) {
    var step = { ArrowDown: 1, ArrowUp: -1 }[event.key], count = this.found.length;
    if (step && count) { this.mark((this.at + step + count) % count); event.preventDefault(); }
    if (event.key === "Enter" && this.at >= 0) { this.pick(this.at); event.preventDefault(); }
    if (event.key === "Escape") {
      event.stopPropagation();
      if (this.list.hidden) { this.input.value = ""; this.input.blur(); } else { this.close(); }
    }
  };

  Search.prototype.pick = function (at) {
    var one = this.found[at], app = this.app, map = app.map;
    this.close();
    this.input.blur();
    if (!one.town) { one.layer.open(one.row); return; }
    var room = app.room(14), options = map.options, snap = options.zoomSnap, place = L.latLng(one.town.properties.at);
    options.zoomSnap = 0.1;
    map.fitBounds(L.geoJSON(one.town).getBounds(), {
      animate: false, maxZoom: 11.4, paddingTopLeft: room.topLeft, paddingBottomRight: room.bottomRight
    });
    options.zoomSnap = snap;
    app.openTown(one.town, place);
  };

  Search.prototype.close = function () {
    this.job = null;
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.mark(-1);
  };

  PlanMap.controls.push(function (app) { app.search = new Search(app); });
  return { rank: rank };
})();
