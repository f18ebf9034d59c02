/* The panel: legends of what is drawn, filters, the layer tree with groups and opacity, base maps, ranking, sources. */
"use strict";
var Panel = (function () {
  var make = Words.make, pair = Words.pair;

  function section(panel, title, open) {
    var details = make("details", "", panel);
    details.open = Boolean(open);
    pair(make("summary", "", details), title);
    return details;
  }

  function legend(box, card, opacity, title) {
    box.textContent = "";
    if (title[0] !== card.title[0]) { pair(make("p", "kicker", box), title); }
    pair(make("h2", "", box), card.title);
    if (card.unit[0]) { pair(make("p", "unit", box), card.unit); }
    var list = make("ul", "", box);
    card.labels[0].forEach(function (label, i) {
      var item = make("li", "", list), swatch = make("i", "", item);
      swatch.style.backgroundColor = card.colours[i];
      swatch.style.opacity = opacity;
      pair(make("span", "", item), [label, card.labels[1][i]]);
    });
  }

  /* One legend per layer; it is shown while the layer is drawn, with the classes of what is drawn. */
  function legends(app, panel) {
    var box = make("div", "legends", panel);
    app.order.slice().reverse().forEach(function (name) {
      var layer = app.layers[name];
      if (name === "towns" ? app.page.towns.legend : layer.card.legend || layer.card.squares) {
        layer.legend = make("section", "legend legend-" + (name === "towns" ? "towns" : "rows"), box);
      }
    });
    pair(make("p", "hint", box), [app.page.words.near[0], app.page.words.near[1]]);
    app.changed(function (what) { if (what === "layers" || what === "view") { drawn(app); } });
  }

  function drawn(app) {
    var far = [];
    app.order.forEach(function (name) {
      var layer = app.layers[name], card = name === "towns" ? app.page.towns.legend : null;
      if (layer.current) {
        card = layer.current() ? layer.current().legend : null;
        if (layer.isShown() && layer.ready && layer.isFar()) { far.push(layer.title); }
      } else if (name === "towns" && (!layer.isShown() || app.isNear())) { card = null; }
      if (!layer.legend) { return; }
      layer.legend.hidden = !card;
      if (card && (layer.legend.card !== card || layer.legend.share !== layer.opacity())) {
        layer.legend.card = card;
        layer.legend.share = layer.opacity();
        legend(layer.legend, card, layer.opacity(), layer.title);
      }
    });
    var hint = document.querySelector("#panel .hint"), near = app.page.words.near;
    hint.textContent = "";
    hint.hidden = far.length === 0;
    if (far.length) {
      pair(hint, [
        near[0] + "：" + far.map(function (title) { return title[0]; }).join("、"),
        far.map(function (title) { return title[1]; }).join(", ") + ": " + near[1]
      ]);
    }
  }

  function choice(box, type, name, texts, checked, change) {
    var label = make("label", "choice", box), input = make("input", "", label);
    input.type = type;
    input.name = name;
    input.checked = checked;
    input.onchange = function () { change(input.checked); };
    pair(make("span", "", label), texts);
    return input;
  }

  function entry(app, box, layer) {
    var row = make("div", "layer", box), input = choice(row, "checkbox", "layer", layer.title, layer.isShown(), function (on) {
      layer.show(on);
    });
    var share = make("input", "share", row);
    share.type = "range";
    share.min = 0; share.max = 100; share.step = 5; share.value = Math.round(100 * layer.opacity());
    share.setAttribute("aria-label", app.page.words.opacity.join(" ") + " " + layer.title.join(" "));
    share.title = app.page.words.opacity.join(" ");
    share.oninput = function () { layer.opacity(share.value / 100); };
    app.changed(function () {
      input.checked = layer.isShown();
      row.classList.toggle("idle", layer.isShown() && !layer.isDrawn());
    });
  }

  /* The tree: groups in the order of the page, layers from the top down. */
  function tree(app, box) {
    var groups = app.page.groups.concat([{ name: "", title: null }]), down = app.order.slice().reverse();
    groups.forEach(function (group) {
      var names = down.filter(function (name) { return (app.layers[name].card.group || "") === group.name; });
      var data = names.filter(function (name) { return app.layers[name].current; });
      if (group.name !== "" && names.length) { list(group.title, names); }
      if (group.name === "" && data.length) { list(null, data); }
    });
    list(app.page.words.frame, down.filter(function (name) { return !app.layers[name].current; }));
    function list(title, names) {
      var set = make("fieldset", "group", box);
      if (title) { pair(make("legend", "", set), title); }
      names.forEach(function (name) { entry(app, set, app.layers[name]); });
    }
  }

  function bases(app, box) {
    app.page.bases.forEach(function (base, i) {
      choice(box, "radio", "base-map", base.name, i === 0, function () { app.useBase(i); });
    });
  }

  function ranking(app, box) {
    var list = make("ol", "ranking", box);
    app.page.towns.features.features.slice().sort(function (a, b) {
      return (b.properties.value || 0) - (a.properties.value || 0);
    }).forEach(function (town) {
      var button = make("button", "", make("li", "", list));
      button.type = "button";
      pair(make("span", "", button), town.properties.name);
      pair(make("b", "", button), town.properties.shown);
      button.onclick = function () {
        close();
        app.openTown(town, L.latLng(town.properties.at));
      };
    });
  }

  function close() {
    document.body.classList.remove("panel-open");
    document.getElementById("panel-toggle").setAttribute("aria-expanded", "false");
  }

  function fill(app) {
    var panel = document.getElementById("panel"), toggle = document.getElementById("panel-toggle"), words = app.page.words;
    legends(app, panel);
    app.filterBox = make("div", "filters", panel);
    tree(app, section(panel, words.layers.text, words.layers.open));
    bases(app, section(panel, words.bases.text, words.bases.open));
    if (app.page.towns.ranking) { ranking(app, section(panel, app.page.towns.ranking.text, false)); }
    app.moreBox = make("div", "more", panel);
    var box = section(panel, words.sources.text, words.sources.open);
    app.page.sources.forEach(function (source) { pair(make("p", "source", box), source); });
    toggle.onclick = function () {
      var open = !document.body.classList.contains("panel-open");
      document.body.classList.toggle("panel-open", open);
      toggle.setAttribute("aria-expanded", String(open));
    };
    document.addEventListener("keydown", function (event) {
      if (event.key !== "Escape") { return; }
      if (document.body.classList.contains("panel-open")) { close(); toggle.focus(); }
      app.map.closePopup();
    });
  }

  /* Filters need the rows, which are decoded after the first picture. */
  function filters(app, layer) {
    if (!layer.set || !layer.card.filters.length) { return; }
    var words = app.page.words, title = [words.filter[0] + "：" + layer.title[0], words.filter[1] + ": " + layer.title[1]];
    layer.filter = new RowFilter.Filter(layer, words);
    layer.filter.addTo(section(app.filterBox, title, layer.card.filters_open));
  }

  return { fill: fill, filters: filters, section: section, drawn: drawn };
})();
