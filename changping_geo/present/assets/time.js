/* Months, years and phases: a slider that colours the towns by one step, or shows the rows of a step. The classes are
   those of all steps together, so that a colour means the same all along. */
"use strict";
var TimeSlider = (function () {
  var make = Words.make, pair = Words.pair, STEP_MS = 1100;
  var WORDS = { all: ["全部", "All"], play: ["播放", "Play"], pause: ["暂停", "Pause"], upto: ["累计至此", "Up to here"] };

  /* One slider; `steps` are pairs, and `use(at)` shows step `at`, -1 for all. */
  function Slider(app, box, steps, all, use) {
    var slider = this, row = make("div", "time", box);
    this.app = app;
    this.steps = steps;
    this.all = all;
    this.use = use;
    this.at = -1;
    this.button = make("button", "play", row);
    this.button.type = "button";
    this.input = make("input", "", row);
    this.input.type = "range";
    this.input.min = 0; this.input.max = steps.length; this.input.step = 1; this.input.value = 0;
    this.input.setAttribute("aria-label", "时间 Time");
    this.told = make("p", "now", box);
    this.told.setAttribute("aria-hidden", "true");
    this.button.onclick = function () { if (slider.timer) { slider.stop(); } else { slider.play(); } };
    this.input.oninput = function () { slider.stop(); slider.show(Number(slider.input.value) - 1); };
    app.changed(function (what) { if (what === "language") { slider.tell(); } });
    this.stop();
    this.tell();
  }

  Slider.prototype.show = function (at) {
    this.at = at;
    this.input.value = at + 1;
    this.use(at);
    this.tell();
  };
  Slider.prototype.text = function () { return this.at < 0 ? this.all : this.steps[this.at]; };
  Slider.prototype.tell = function () {
    var text = this.text();
    this.told.textContent = "";
    pair(this.told, text);
    this.input.setAttribute("aria-valuetext", text[this.app.lang() === "zh" ? 0 : 1]);
    this.label();
  };
  Slider.prototype.label = function () {
    var name = this.timer ? WORDS.pause : WORDS.play;
    this.button.textContent = this.timer ? "⏸\ufe0e" : "▶\ufe0e";
    this.button.setAttribute("aria-label", name.join(" "));
    this.button.title = name.join(" ");
  };
  Slider.prototype.play = function () {
    var slider = this;
    function next() { slider.show(slider.at + 1 < slider.steps.length ? slider.at + 1 : 0); }
    this.timer = setInterval(next, STEP_MS);
    next();
  };
  Slider.prototype.stop = function () {
    clearInterval(this.timer);
    this.timer = 0;
    this.label();
  };

  /* --- towns by month or year -------------------------------------------------------------------------------- */
  function towns(app, series) {
    var whole = app.page.towns.legend, leaf = app.layers.towns.leaf, order = {}, legend = series.legend;
    app.page.towns.features.features.forEach(function (town, i) { order[L.stamp(town)] = i; });
    var last = legend.colours.length - 1;
    function step(at) {
      leaf.eachLayer(function (shape) {
        var i = order[L.stamp(shape.feature)], own = shape.feature.properties.class;
        var kind = at < 0 ? own : series.classes[at][i], colours = at < 0 ? whole.colours : legend.colours;
        shape.setStyle({ fillColor: kind < 0 ? (at < 0 ? "#cfccc4" : colours[last]) : colours[kind] });
      });
      app.page.towns.legend = at < 0 ? whole : L.extend({}, legend, {
        title: [0, 1].map(function (k) { return legend.title[k] + " · " + series.steps[at][k]; })
      });
      app.tell("layers");
    }
    return new Slider(app, app.add(series.title, false), series.steps, series.all, step);
  }

  /* --- rows by phase ----------------------------------------------------------------------------------------- */
  function rows(app, layer) {
    var time = layer.card.time, column = layer.columns[time.column], places = {}, steps = new Int16Array(layer.count);
    time.values.forEach(function (value, i) { places["at " + key(value.value)] = i; });
    for (var row = 0; row < layer.count; row++) {
      var at = places["at " + key(column.key(row))];
      steps[row] = at === undefined ? -1 : at;
    }
    var box = app.add([time.label[0] + "：" + layer.title[0], time.label[1] + ": " + layer.title[1]], false), check, slider;
    slider = new Slider(app, box, time.values.map(function (value) { return value.text; }), WORDS.all, function (now) {
      var upto = check.checked;
      layer.narrow("time", now < 0 ? null : function (row) {
        return steps[row] >= 0 && (upto ? steps[row] <= now : steps[row] === now);
      });
    });
    var label = make("label", "choice", box);
    check = make("input", "", label);
    check.type = "checkbox";
    check.checked = true;
    check.onchange = function () { slider.show(slider.at); };
    pair(make("span", "", label), WORDS.upto);
    slider.title = layer.title;
    return slider;
  }

  function key(value) { return typeof value === "number" ? value.toFixed(6) : String(value); }

  PlanMap.controls.push(function (app) {
    app.sliders = [];
    if (app.page.series && app.page.towns.legend) { app.sliders.push(towns(app, app.page.series)); }
    app.page.layers.forEach(function (card) {
      var layer = app.layers[card.name];
      if (card.time && card.time.values.length > 1 && layer.count) { app.sliders.push(rows(app, layer)); }
    });
  });
  return { Slider: Slider };
})();
