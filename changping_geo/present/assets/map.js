/* A planning map: towns by class, any number of data layers, legends, layer tree, pop-ups in two languages.
   Every text arrives as a pair [Chinese, English] and is set as text, never as markup.

   Further controls. A script that stands after this one adds a function to `PlanMap.controls`; each is called once,
   with the app, when the map is up and every layer is decoded:

     PlanMap.controls.push(function (app) { ... });

     app.map              the Leaflet map
     app.order            names of the layers from the bottom up
     app.page             the page's data, as mapdata.py writes it (title, status, sources, towns, layers, words ...)
     app.lang()           "zh" or "en"
     app.words            Words: make(tag, class, parent), pair(node, [zh, en]), shown(value, row)
     app.add(title, open) a new section at the end of the panel; title is a pair; returns the element to fill
     app.changed(fn)      fn(what) after each change; what is "language", "layers", "view", "rows" (filter, time) or "base"
     app.ready, app.idle()  every layer is decoded; and every tile is drawn
     app.say(pair)        tell screen readers
     app.popup(latlng, kicker, title, rows, note)   a pop-up; rows are [label pair, value pair, false]
     app.fit()            the whole district
     app.layers           by name, one object each ("towns", "labels", "outline", and the data layers):
       .name .title .draw .card      title is a pair; card is the layer's part of app.page.layers
       .show(on) .isShown()          switch; isShown tells the switch, .isDrawn() also asks the zoom
       .opacity(share)               0 to 1
       .pane                         the element that holds its pictures (clip it for a comparison)
       .legend                       its legend's element, or null
     and, for layers with rows (draw: packed, shapes, points):
       .count                        rows
       .columns[name].at(row)        a number (NaN: missing) or a pair of words (null: missing)
       .label(row)                   pair: the row's name
       .at(row)                      its middle, a LatLng
       .open(row)                    fly there and open its pop-up
       .narrow(key, keep)            keep(row) -> boolean, or null to lift; filters of different keys add up
     card.search                     columns that a search may look into
     card.time                       null, or {column, label, values}: values in order, each {value, text pair} */
"use strict";
var PlanMap = (function () {
  var make = Words.make, pair = Words.pair, NEAR = 12;

  function read(id) {
    var node = document.getElementById(id), data = node ? JSON.parse(node.textContent) : null;
    if (node) { node.textContent = ""; }
    return data;
  }

  function App(map, page) {
    var app = this;
    this.map = map;
    this.page = page;
    this.words = Words;
    this.layers = {};
    this.ready = false;
    this._changed = [];
    map.attributionControl.setPrefix(false);
    map.options.minZoom = 7;
    map.options.maxZoom = 19;
    this.fit();
    this.addBases();
    ["towns", "outline", "labels"].forEach(function (name) { app.layers[name] = TownLayers[name](app); });
    page.layers.forEach(function (card, i) { app.layers[card.name] = new DataLayers.Layer(app, card, i); });
    this.order = ["towns", "outline"].concat(page.layers.map(function (card) { return card.name; }), ["labels"]);
    this.addFurniture();
    Panel.fill(this);
    document.getElementById("language").onclick = function () { app.language(app.lang() === "zh" ? "en" : "zh"); };
    this.language(page.language);
    map.on("click", this.click, this);
    map.on("mousemove", this.hover, this);
    map.on("zoomend", this.zoomed, this);
    map.on("moveend resize", function () { TownLayers.placeLabels(app); });
    map.on("popupclose", function () { app.lift(null); });
    this.zoomed();
    setTimeout(function () { app.load(0); }, 0);
  }

  /* Rows are decoded layer by layer after the first picture; then further controls are called. */
  App.prototype.load = function (number) {
    var app = this, card = this.page.layers[number];
    if (card) {
      var layer = this.layers[card.name];
      layer.load(read);
      Panel.filters(this, layer);
      this.tell("layers");
      setTimeout(function () { app.load(number + 1); }, 0);
      return;
    }
    this.ready = true;
    PlanMap.controls.forEach(function (control) { control(app); });
    this.zoomed();
  };

  /* --- telling ----------------------------------------------------------------------------------------------- */
  App.prototype.changed = function (hear) { this._changed.push(hear); };
  App.prototype.tell = function (what) {
    if (what === "layers") { this.tint(); }
    this._changed.forEach(function (hear) { hear(what); });
  };
  App.prototype.lang = function () { return document.documentElement.lang === "en" ? "en" : "zh"; };
  App.prototype.add = function (title, open) { return Panel.section(this.moreBox, title, open); };
  App.prototype.idle = function () { return this.ready && Tiles.idle(); };
  App.prototype.say = function (texts) {
    var node = document.getElementById("said");
    node.textContent = "";
    pair(node, texts);
  };

  App.prototype.language = function (lang) {
    document.documentElement.lang = lang;
    document.title = this.page.title[lang === "zh" ? 0 : 1];
    TownLayers.placeLabels(this);
    if (this.map._popup && this.map._popup.isOpen()) { this.map._popup.update(); }
    this.tell("language");
  };

  /* --- the view ---------------------------------------------------------------------------------------------- */
  /* The part of the window that no card covers. */
  App.prototype.room = function (margin) {
    var wide = this.map.getSize().x > 900, head = document.getElementById("head").getBoundingClientRect();
    return wide
      ? { topLeft: [head.right + margin, margin], bottomRight: [290 + margin, margin], height: window.innerHeight - 60 }
      : { topLeft: [margin, head.bottom + margin], bottomRight: [margin, 64],
          height: window.innerHeight - head.bottom - 130 };
  };

  /* The whole district fills the room even between two zooms; later zooms are whole again, so that tiles stay crisp. */
  App.prototype.fit = function () {
    var room = this.room(14), options = this.map.options, snap = options.zoomSnap;
    options.zoomSnap = 0.1;
    this.map.fitBounds(this.page.bounds, {
      animate: false, paddingTopLeft: room.topLeft, paddingBottomRight: room.bottomRight
    });
    options.zoomSnap = snap;
  };

  /* Whether single shapes or squares take the place of the towns' colours. */
  App.prototype.isNear = function () {
    var layers = this.layers;
    return this.map.getZoom() > NEAR - 0.5 && Object.keys(layers).some(function (name) {
      var part = layers[name].current && layers[name].current();
      return Boolean(part && part.set && part.set.shape === "polygon");
    });
  };

  App.prototype.tint = function () {
    var near = this.isNear(), towns = this.layers.towns;
    if (!towns) { return; }
    towns.leaf.setStyle({
      fillOpacity: near ? 0 : towns.opacity(), color: near ? "#8a8172" : "#fff", weight: near ? 1 : 1.2, opacity: near ? 0.6 : 1
    });
    this.layers.labels.pane.style.opacity = this.layers.labels.opacity();
    this.layers.outline.pane.style.opacity = this.layers.outline.opacity();
    document.body.classList.toggle("near", near);
  };

  App.prototype.zoomed = function () {
    var layers = this.layers;
    Object.keys(layers).forEach(function (name) { layers[name].update(); });
    this.tint();
    TownLayers.placeLabels(this);
    this.tell("view");
  };

  /* --- base maps --------------------------------------------------------------------------------------------- */
  App.prototype.addBases = function () {
    var own = Ground.make(this.map, this.page.ground, read);
    this.bases = this.page.bases.map(function (base) {
      return (base.own ? [own] : []).concat(base.tiles.map(function (url) {
        var options = {
          attribution: base.attribution, subdomains: base.subdomains, minZoom: 3, maxZoom: 19,
          maxNativeZoom: base.max_zoom
        };
        return base.gcj ? new GcjTiles.Tiles(url, options) : L.tileLayer(url, options);
      }));
    });
    this.base = 0;
    this.useBase(0);
  };

  App.prototype.useBase = function (at) {
    var map = this.map;
    this.bases[this.base].forEach(function (layer) { map.removeLayer(layer); });
    this.bases[at].forEach(function (layer) { map.addLayer(layer); });
    this.base = at;
    this.tell("base");
  };

  /* --- pop-ups ----------------------------------------------------------------------------------------------- */
  /* The topmost thing at a place: {layer, hit}, or null. */
  App.prototype.find = function (latlng) {
    for (var i = this.order.length - 1; i >= 0; i--) {
      var layer = this.layers[this.order[i]], hit = layer.hit && layer.hit(latlng);
      if (hit) { return { layer: layer, hit: hit }; }
    }
    return null;
  };

  App.prototype.click = function (event) {
    var found = this.find(event.latlng);
    if (found) { found.layer.openAt(found.hit, event.latlng); return; }
    var town = this.layers.towns.isShown() && TownLayers.at(this, event.latlng);
    if (town) { this.openTown(town, event.latlng); }
  };

  App.prototype.hover = function (event) {
    var app = this;
    if (this._hovering) { return; }
    this._hovering = true;
    requestAnimationFrame(function () {
      app._hovering = false;
      var found = app.find(event.latlng), told = document.getElementById("pointer");
      app.map.getContainer().classList.toggle("on-row", Boolean(found));
      told.textContent = "";
      if (found && found.hit.text) { pair(told, found.hit.text); }
    });
  };

  App.prototype.lift = function (set, row) {
    if (this.lifted) { this.lifted.remove(); this.lifted = null; }
    if (!set) { return; }
    var parts = Packed.outline(set, row), style = { interactive: false, color: "#1d4f7a", weight: 2.5 };
    this.lifted = set.shape === "point" ? L.circleMarker(parts[0][0], L.extend(style, { radius: 10, fill: false }))
      : set.shape === "line" ? L.polyline(parts, L.extend(style, { weight: 5, opacity: 0.75 }))
        : L.polygon(parts, L.extend(style, { fillColor: "#fff", fillOpacity: 0.25, fillRule: "evenodd" }));
    this.lifted.addTo(this.map);
  };

  App.prototype.popup = function (latlng, kicker, title, rows, note) {
    var box = make("div", "card"), table, lifted = this.lifted;
    pair(make("p", "kicker", box), kicker);
    pair(make("h2", "", box), title);
    table = make("dl", "", box);
    rows.forEach(function (row) {
      pair(make("dt", "", table), row[0]);
      var cell = make("dd", "", table), also;
      pair(cell, row[1]);
      if (row[2] && row[1][0] !== row[1][1]) {
        also = make("small", "zh", cell);
        also.textContent = row[1][1];
      }
    });
    if (note) { pair(make("p", "note", box), note); }
    var room = this.room(12);
    this.lifted = null;  /* closing the pop-up before must not take the new outline away */
    L.popup({
      minWidth: Math.min(264, this.map.getSize().x - 80), maxWidth: 320, maxHeight: room.height,
      autoPanPaddingTopLeft: room.topLeft, autoPanPaddingBottomRight: room.bottomRight
    }).setLatLng(latlng).setContent(box).openOn(this.map);
    this.lifted = lifted;
  };

  App.prototype.openTown = function (town, latlng) {
    var card = this.page.towns;
    this.lift(null);
    this.popup(latlng, card.kicker, town.properties.name, (town.properties.rows || []).map(function (texts, i) {
      return [card.labels[i], texts, true];
    }), this.page.status.note);
  };

  /* --- furniture --------------------------------------------------------------------------------------------- */
  App.prototype.addFurniture = function () {
    var map = this.map, app = this, zoom = L.control.zoom({
      position: "bottomright", zoomInTitle: "放大 Zoom in", zoomOutTitle: "缩小 Zoom out"
    });
    zoom.addTo(map);
    L.control.scale({ imperial: false, maxWidth: 130, position: "bottomleft" }).addTo(map);
    var north = L.control({ position: "bottomleft" });
    north.onAdd = function () { return pair(make("div", "north"), ["北", "N"]); };
    north.addTo(map);
    var pointer = L.control({ position: "bottomleft" });
    pointer.onAdd = function () {
      var node = make("div", "pointer");
      node.id = "pointer";
      return node;
    };
    pointer.addTo(map);
    var home = L.control({ position: "bottomright" });
    home.onAdd = function () {
      var button = make("button", "round");
      button.type = "button";
      button.title = "全区 Whole district";
      button.setAttribute("aria-label", button.title);
      button.textContent = "⤢";
      L.DomEvent.disableClickPropagation(button);
      button.onclick = function () { map.closePopup(); app.fit(); };
      return button;
    };
    home.addTo(map);
    map.getContainer().setAttribute("role", "application");
    map.getContainer().setAttribute("aria-label", this.page.title.join(" "));
  };

  return {
    controls: [],
    start: function (map) { PlanMap.app = new App(map, read("page-data")); }
  };
})();
