/* The data layers of a page: drawn on tiles, shape by shape, or as a picture; switched, narrowed and asked alike. */
"use strict";
var DataLayers = (function () {
  /* The class of each row as a number from 0; what has none gets the last colour. */
  function classesOf(set, column, legend) {
    var out = new Uint8Array(set.n), values = set.columns[column], last = legend.colours.length - 1, row, at;
    if (legend.kind === "one") { return out; }
    if (legend.kind === "words") {
      var places = {};
      legend.words.forEach(function (word, i) { places["word " + word] = i; });
      for (row = 0; row < set.n; row++) {
        at = places["word " + values.key(row)];
        out[row] = at === undefined ? last : at;
      }
      return out;
    }
    var edges = legend.edges.slice(1, -1);
    for (row = 0; row < set.n; row++) {
      var value = values.at(row);
      for (at = 0; at < edges.length && value >= edges[at]; at++) { /* the first class whose upper edge is above */ }
      out[row] = isNaN(value) ? last : at;
    }
    return out;
  }

  function Layer(app, card, order) {
    this.app = app;
    this.map = app.map;
    this.card = card;
    this.name = card.name;
    this.title = card.title;
    this.draw = card.draw;
    this.columns = {};
    this.count = 0;
    this.legend = null;
    this.ready = false;
    this.on = card.show;
    this._share = card.opacity;
    this._masks = {};
    this._pane = "data-" + card.name;
    this.pane = this.map.createPane(this._pane);
    this.pane.style.zIndex = 420 + order;
    this.pane.style.pointerEvents = "none";
    this.pane.style.opacity = card.opacity;
    this.parts = [];
  }

  /* Decode; called once, after the first picture. */
  Layer.prototype.load = function (read) {
    var card = this.card;
    if (card.draw === "raster") { this.loadRaster(); } else {
      if (card.blob) { this.loadRows(Packed.decode(read(card.blob))); }
      if (card.squares) { this.loadSquares(Packed.decode(read(card.squares.blob))); }
    }
    this.ready = true;
    this.update();
  };

  Layer.prototype.zooms = function (card) {
    return { pane: this._pane, minZoom: card.min_zoom, maxZoom: card.max_zoom };
  };

  Layer.prototype.loadRaster = function () {
    var card = this.card;
    this.values = Raster.decode(card.values);
    this.parts.push({ card: card, legend: card.legend, leaf: L.imageOverlay(card.picture, card.bounds, {
      pane: this._pane, interactive: false, alt: "", className: card.crisp ? "crisp" : ""
    }) });
  };

  Layer.prototype.loadRows = function (set) {
    var card = this.card, legend = card.legend, classes = classesOf(set, card.column, legend);
    this.set = set;
    this.classes = classes;
    this.columns = set.columns;
    this.count = set.n;
    this.mask = null;
    var part = { card: card, legend: legend, set: set, main: true };
    part.leaf = card.draw === "packed"
      ? new Tiles.Shapes(set, classes, legend.colours, L.extend(this.zooms(card), {
        leastPx: card.least_px, widthPx: card.width_px, radiusPx: card.radius_px, radius: card.size && this.radius.bind(this)
      }))
      : this.single(set, classes, legend.colours);
    this.parts.push(part);
  };

  Layer.prototype.loadSquares = function (set) {
    var card = this.card.squares, classes = classesOf(set, card.column, card.legend);
    this.parts.push({ card: card, legend: card.legend, set: set, leaf: new Tiles.Shapes(
      set, classes, card.legend.colours, L.extend(this.zooms(card), { leastPx: 1, edge: "rgba(255,255,255,.55)" })
    ) });
  };

  Layer.prototype.radius = function (row) {
    var size = this.card.size, value = size ? this.columns[size.column].at(row) / size.most : 1;
    return Math.max(2.5, this.card.radius_px * Math.sqrt(Math.max(0, value || 0)));
  };

  /* Few shapes: one Leaflet layer each, on one canvas. */
  Layer.prototype.single = function (set, classes, colours) {
    var layer = this, card = this.card, group = L.layerGroup(), canvas = L.canvas({ pane: this._pane, padding: 0.3 });
    this.single = [];
    for (var row = 0; row < set.n; row++) {
      var colour = colours[classes[row]], parts = Packed.outline(set, row), shape;
      var style = { renderer: canvas, pane: this._pane, interactive: false };
      if (set.shape === "point") {
        shape = L.circleMarker(parts[0][0], L.extend(style, {
          radius: layer.radius(row), fillColor: colour, fillOpacity: 1, color: "#fff", weight: 1.4
        }));
      } else if (set.shape === "line") {
        shape = L.polyline(parts, L.extend(style, { color: colour, weight: card.width_px }));
      } else {
        shape = L.polygon(parts, L.extend(style, {
          fillColor: colour, fillOpacity: 0.82, color: "#4a3f30", opacity: 0.45, weight: 0.8, fillRule: "evenodd"
        }));
      }
      group.addLayer(shape);
      this.single.push(shape);
    }
    this.group = group;
    return group;
  };

  /* --- switched ---------------------------------------------------------------------------------------------- */
  Layer.prototype.within = function (part) {
    var zoom = Math.round(this.map.getZoom());
    return zoom >= part.card.min_zoom && zoom <= part.card.max_zoom;
  };

  Layer.prototype.current = function () {
    return this.on && this.ready ? this.parts.filter(this.within, this)[0] || null : null;
  };

  Layer.prototype.isShown = function () { return this.on; };
  Layer.prototype.isDrawn = function () { return this.current() !== null; };
  Layer.prototype.isFar = function () {
    var zoom = Math.round(this.map.getZoom());
    return !this.parts.some(function (part) { return part.card.min_zoom <= zoom; });
  };

  Layer.prototype.show = function (on) {
    this.on = on;
    this.update();
    this.app.tell("layers");
  };

  Layer.prototype.update = function () {
    this.parts.forEach(function (part) {
      var wanted = this.on && this.within(part), there = this.map.hasLayer(part.leaf);
      if (wanted && !there) { this.map.addLayer(part.leaf); }
      if (!wanted && there) { this.map.removeLayer(part.leaf); }
    }, this);
  };

  Layer.prototype.opacity = function (share) {
    if (share === undefined) { return this._share; }
    this._share = share;
    this.pane.style.opacity = share;
    this.app.tell("layers");
    return share;
  };

  /* --- narrowed ---------------------------------------------------------------------------------------------- */
  Layer.prototype.narrow = function (key, keep) {
    var masks = this._masks, row;
    if (!this.set) { return; }
    if (keep) {
      masks[key] = new Uint8Array(this.count);
      for (row = 0; row < this.count; row++) { masks[key][row] = keep(row) ? 1 : 0; }
    } else { delete masks[key]; }
    var keys = Object.keys(masks);
    this.mask = keys.length ? new Uint8Array(this.count).fill(1) : null;
    this.left = this.count;
    for (row = 0; this.mask && row < this.count; row++) {
      for (var k = 0; k < keys.length; k++) { if (!masks[keys[k]][row]) { this.mask[row] = 0; this.left--; break; } }
    }
    this.redraw();
    this.app.tell("rows");
  };

  Layer.prototype.redraw = function () {
    var mask = this.mask, group = this.group;
    this.parts.forEach(function (part) { if (part.main && part.leaf.narrow) { part.leaf.narrow(mask); } });
    if (!group) { return; }
    this.single.forEach(function (shape, row) {
      if (mask && !mask[row]) { group.removeLayer(shape); } else if (!group.hasLayer(shape)) { group.addLayer(shape); }
    });
  };

  /* --- asked ------------------------------------------------------------------------------------------------- */
  Layer.prototype.reach = function (part, latlng) {
    var card = part.card, px = part.set.shape === "point" ? Math.max(card.radius_px, 5) + 2
      : part.set.shape === "line" ? Math.max(card.width_px, 8) / 2 + 1 : card.least_px > 2 ? card.least_px / 2 : 0;
    var point = this.map.latLngToContainerPoint(latlng);
    return px ? this.map.containerPointToLatLng(point.add([px, 0])).lng - latlng.lng : 0;
  };

  /* The part and row at a place, or null. */
  Layer.prototype.hit = function (latlng) {
    var part = this.current();
    if (!part) { return null; }
    if (!part.set) {
      var text = Raster.told(this, latlng);
      return text && { part: part, text: text };
    }
    var row = Packed.find(part.set, latlng, part.main ? this.mask : null, this.reach(part, latlng));
    return row < 0 ? null : { part: part, row: row };
  };

  Layer.prototype.label = function (row) {
    var columns = this.columns, names = this.card.names || [];
    for (var i = 0; i < names.length; i++) {
      var value = columns[names[i]].at(row);
      if (columns[names[i]].kind === "word" && value !== null) { return value; }
    }
    return this.title;
  };

  Layer.prototype.at = function (row) { return L.latLng(Packed.middle(this.set, row)); };

  Layer.prototype.rows = function (part, row) {
    var columns = part.set.columns;
    return part.card.rows.map(function (fact) {
      var column = columns[fact.column], value = column.at(row);
      return [fact.label, column.kind === "number" ? Words.shown(value, fact) : value || ["–", "–"], false];
    });
  };

  Layer.prototype.open = function (row) {
    var part = this.parts.filter(function (one) { return one.main; })[0], at = this.at(row), map = this.map;
    var zoom = Math.max(map.getZoom(), part.card.min_zoom, this.set.shape === "polygon" ? 17 : 15);
    if (!this.on) { this.show(true); }
    map.setView(at, Math.min(zoom, part.card.max_zoom, 19), { animate: false });
    this.openAt({ part: part, row: row }, at);
  };

  Layer.prototype.openAt = function (hit, latlng) {
    var part = hit.part, card = part.card;
    if (!part.set) {
      this.app.popup(latlng, this.title, hit.text, [], card.status);
      return;
    }
    var town = part.main && this.columns.town_code && this.columns.town_code.at(hit.row);
    this.app.lift(part.set, hit.row);
    this.app.popup(
      latlng, town || this.title, part.main ? this.label(hit.row) : card.title, this.rows(part, hit.row), this.card.status
    );
  };

  return { Layer: Layer, classesOf: classesOf };
})();
