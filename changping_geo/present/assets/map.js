/* A planning map: towns by class, buildings from street zoom up, legend, layer list, pop-ups in two languages.
   Every text arrives as a pair [Chinese, English] and is set as text, never as markup. */
"use strict";
var PlanMap = (function () {
  function read(id) { var node = document.getElementById(id); return node ? JSON.parse(node.textContent) : null; }

  var make = Words.make, pair = Words.pair, shown = Words.shown;

  function App(map, page) {
    this.map = map;
    this.page = page;
    this.layers = {};
    map.attributionControl.setPrefix(false);
    map.options.minZoom = 7;
    map.options.maxZoom = 19;
    this.fit();
    this.addTowns();
    this.addRoofs();
    this.addBases();
    this.addFurniture();
    this.addPanel();
    map.on("click", this.click, this);
    map.on("zoomend", this.zoomed, this);
    map.on("moveend resize", this.placeLabels, this);
    this.zoomed();
  }

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

  /* --- towns ------------------------------------------------------------------------------------------------- */
  App.prototype.addTowns = function () {
    var app = this, map = this.map, colours = this.page.towns.legend.colours;
    map.createPane("roofs").style.zIndex = 420;
    map.getPane("roofs").style.pointerEvents = "none";
    map.createPane("labels").style.zIndex = 610;
    map.getPane("labels").style.pointerEvents = "none";
    this.layers.towns = L.geoJSON(this.page.towns.features, {
      style: function (town) {
        var at = town.properties.class;
        return { fillColor: at < 0 ? "#ddd" : colours[at], color: "#fff", weight: 1.2, className: "town" };
      },
      onEachFeature: function (town, shape) {
        shape.on("mouseover", function () {
          if (!app.roofsShown()) { shape.setStyle({ weight: 3, color: "#4a3a2a" }); shape.bringToFront(); }
        });
        shape.on("mouseout", function () { app.tint(); });
      },
      bubblingMouseEvents: true
    });
    this.layers.outline = L.geoJSON(this.page.outline, {
      interactive: false, style: { fill: false, color: "#6b6459", weight: 2, opacity: 0.8 }
    });
    this.layers.labels = L.layerGroup(this.page.towns.features.features.map(function (town) {
      var node = pair(make("span", "label"), town.properties.name);
      return L.marker(town.properties.at, {
        icon: L.divIcon({ html: node, className: "label-box", iconSize: null }),
        interactive: false, keyboard: false, pane: "labels"
      });
    }));
  };

  /* Larger towns first; a label that would lie on another one waits for the next zoom. */
  App.prototype.placeLabels = function () {
    var taken = [], map = this.map;
    this.layers.labels.eachLayer(function (marker) {
      var box = marker.getElement();
      if (!box) { return; }
      var size = box.firstChild.getBoundingClientRect(), at = map.latLngToContainerPoint(marker.getLatLng());
      var half = L.point(size.width / 2 + 3, size.height / 2 + 1), mine = L.bounds(at.subtract(half), at.add(half));
      var free = !taken.some(function (other) { return other.intersects(mine); });
      box.style.visibility = free ? "visible" : "hidden";
      if (free) { taken.push(mine); }
    });
  };

  App.prototype.townAt = function (latlng) {
    return this.page.towns.features.features.filter(function (town) {
      var shape = town.geometry, parts = shape.type === "Polygon" ? [shape.coordinates] : shape.coordinates;
      return parts.some(function (rings) {
        return rings.reduce(function (inside, ring) {
          for (var i = 0, j = ring.length - 1; i < ring.length; j = i++) {
            var a = ring[i], b = ring[j];
            if ((a[1] > latlng.lat) !== (b[1] > latlng.lat) &&
                latlng.lng < (b[0] - a[0]) * (latlng.lat - a[1]) / (b[1] - a[1]) + a[0]) { inside = !inside; }
          }
          return inside;
        }, false);
      });
    })[0];
  };

  /* --- buildings --------------------------------------------------------------------------------------------- */
  App.prototype.addRoofs = function () {
    var card = this.page.roofs, packed = card && read("roof-data");
    if (!packed) { return; }
    var roofs = PackedRoofs.decode(packed), values = roofs.columns[card.column], edges = card.legend.edges.slice(1, -1);
    this.roofs = roofs;
    document.getElementById("roof-data").textContent = "";
    this.layers.roofs = new PackedRoofs.Tiles(roofs, function (roof) {
      var at = 0, value = values.at(roof);
      while (at < edges.length && value >= edges[at]) { at++; }
      return at;
    }, card.legend.colours, { minZoom: card.min_zoom, maxZoom: 19, leastPx: card.least_px });
  };

  App.prototype.addFilter = function (panel) {
    var app = this, card = this.page.roofs;
    if (!this.roofs || !card.filters.columns.length) { return; }
    this.filter = new RoofFilter.Filter(this.roofs, card.filters, function (mask) { app.layers.roofs.narrow(mask); });
    this.filter.addTo(this.section(panel, card.filters.title));
  };

  App.prototype.roofsShown = function () {
    return this.layers.roofs && this.map.hasLayer(this.layers.roofs) && this.map.getZoom() >= this.page.roofs.min_zoom;
  };

  /* --- pop-ups ----------------------------------------------------------------------------------------------- */
  App.prototype.click = function (event) {
    var roof = this.roofsShown() ? this.roofAt(event.latlng) : -1;
    if (roof >= 0) { this.openRoof(roof, event.latlng); return; }
    var town = this.map.hasLayer(this.layers.towns) && this.townAt(event.latlng);
    if (town) { this.openTown(town, event.latlng); }
  };

  App.prototype.roofAt = function (latlng) {
    var card = this.page.roofs, px = card.least_px > 2 ? card.least_px / 2 : 0, point = this.map.latLngToContainerPoint(latlng);
    var reach = px ? this.map.containerPointToLatLng(point.add([px, 0])).lng - latlng.lng : 0;
    return PackedRoofs.find(this.roofs, latlng, this.filter && this.filter.mask, reach);
  };

  App.prototype.popup = function (latlng, kicker, title, rows, note) {
    var box = make("div", "card"), table;
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
    L.popup({
      minWidth: Math.min(264, this.map.getSize().x - 80), maxWidth: 320, maxHeight: room.height,
      autoPanPaddingTopLeft: room.topLeft, autoPanPaddingBottomRight: room.bottomRight
    }).setLatLng(latlng).setContent(box).openOn(this.map);
  };

  App.prototype.openTown = function (town, latlng) {
    var card = this.page.towns;
    this.popup(latlng, card.kicker, town.properties.name, town.properties.rows.map(function (texts, i) {
      return [card.labels[i], texts, true];
    }), this.page.status.note);
  };

  App.prototype.openRoof = function (roof, latlng) {
    var app = this, columns = this.roofs.columns, card = this.page.roofs;
    var name = (columns.name && columns.name.at(roof)) || (columns[card.key] && columns[card.key].at(roof)) || card.title;
    var rows = card.rows.map(function (row) {
      var value = columns[row.column].at(roof);
      return [row.label, columns[row.column].kind === "number" ? shown(value, row) : value || ["–", "–"], false];
    });
    if (this.lifted) { this.lifted.remove(); }
    this.lifted = L.polygon(PackedRoofs.outline(this.roofs, roof), {
      interactive: false, fillColor: "#fff", fillOpacity: 0.25, color: "#1d4f7a", weight: 2.5, fillRule: "evenodd"
    }).addTo(this.map);
    this.popup(latlng, (columns.town_code && columns.town_code.at(roof)) || card.title, name, rows, card.status.note);
    this.map.once("popupclose", function () { if (app.lifted) { app.lifted.remove(); app.lifted = null; } });
  };

  /* --- base maps --------------------------------------------------------------------------------------------- */
  App.prototype.addBases = function () {
    this.bases = this.page.bases.map(function (base) {
      return base.tiles.map(function (url) {
        var options = {
          attribution: base.attribution, subdomains: base.subdomains, minZoom: 3, maxZoom: 19,
          maxNativeZoom: base.max_zoom
        };
        return base.gcj ? new GcjTiles.Tiles(url, options) : L.tileLayer(url, options);
      });
    });
    this.base = 0;
    this.useBase(0);
  };

  App.prototype.useBase = function (at) {
    var map = this.map;
    this.bases[this.base].forEach(function (layer) { map.removeLayer(layer); });
    this.bases[at].forEach(function (layer) { map.addLayer(layer); });
    this.base = at;
    this.tint();
  };

  App.prototype.tint = function () {
    var near = this.roofsShown(), over = this.bases && this.bases[this.base].length > 0;
    this.layers.towns.setStyle({
      fillOpacity: near ? 0.03 : over ? 0.62 : 0.85, color: near ? "#9a9284" : "#fff", weight: 1.2
    });
  };

  App.prototype.zoomed = function () {
    var near = this.roofsShown();
    this.tint();
    document.body.classList.toggle("near", Boolean(near));
    this.placeLabels();
  };

  /* --- controls ---------------------------------------------------------------------------------------------- */
  App.prototype.addFurniture = function () {
    var map = this.map, zoom = L.control.zoom({
      position: "bottomright", zoomInTitle: "放大 Zoom in", zoomOutTitle: "缩小 Zoom out"
    });
    zoom.addTo(map);
    L.control.scale({ imperial: false, maxWidth: 130, position: "bottomleft" }).addTo(map);
    var north = L.control({ position: "bottomleft" });
    north.onAdd = function () { return pair(make("div", "north"), ["北", "N"]); };
    north.addTo(map);
    var home = L.control({ position: "bottomright" }), app = this;
    home.onAdd = function () {
      var button = make("button", "round");
      button.type = "button";
      button.title = "全区 Whole district";
      button.setAttribute("aria-label", button.title);
      button.textContent = "⤢";
      L.DomEvent.disableClickPropagation(button);
      button.onclick = function () { app.map.closePopup(); app.fit(); };
      return button;
    };
    home.addTo(map);
  };

  App.prototype.addPanel = function () {
    var app = this, panel = document.getElementById("panel"), toggle = document.getElementById("panel-toggle");
    this.legend(panel, this.page.towns.legend, "legend-towns");
    if (this.layers.roofs) {
      this.legend(panel, this.page.roofs.legend, "legend-roofs");
      pair(make("p", "hint", panel), this.page.roofs.hint);
    }
    this.addFilter(panel);
    this.layerList(this.section(panel, this.page.words.layers));
    this.baseList(this.section(panel, this.page.words.bases));
    this.townList(this.section(panel, this.page.towns.ranking));
    this.sources(this.section(panel, this.page.words.sources));
    toggle.onclick = function () {
      var open = !document.body.classList.contains("panel-open");
      document.body.classList.toggle("panel-open", open);
      toggle.setAttribute("aria-expanded", String(open));
    };
    document.getElementById("language").onclick = function () { app.language(document.documentElement.lang === "zh" ? "en" : "zh"); };
    this.language(this.page.language);
  };

  App.prototype.language = function (lang) {
    document.documentElement.lang = lang;
    document.title = this.page.title[lang === "zh" ? 0 : 1];
    this.placeLabels();
    if (this.map._popup && this.map._popup.isOpen()) { this.map._popup.update(); }
  };

  App.prototype.section = function (panel, title) {
    var details = make("details", "", panel);
    details.open = title.open;
    pair(make("summary", "", details), title.text);
    return details;
  };

  App.prototype.legend = function (panel, legend, className) {
    var box = make("section", "legend " + className, panel), list;
    pair(make("h2", "", box), legend.title);
    pair(make("p", "unit", box), legend.unit);
    list = make("ul", "", box);
    legend.labels[0].forEach(function (label, i) {
      var item = make("li", "", list);
      make("i", "", item).style.backgroundColor = legend.colours[i];
      pair(item, [label, legend.labels[1][i]]);
    });
  };

  App.prototype.choice = function (box, type, texts, checked, change) {
    var label = make("label", "choice", box), input = make("input", "", label);
    input.type = type;
    input.name = type === "radio" ? "base-map" : "layer";
    input.checked = checked;
    input.onchange = function () { change(input.checked); };
    pair(label, texts);
  };

  App.prototype.layerList = function (box) {
    var app = this;
    this.page.order.forEach(function (name) { if (app.layers[name]) { app.layers[name].addTo(app.map); } });
    this.page.order.slice().reverse().forEach(function (name) {
      var layer = app.layers[name];
      if (!layer) { return; }
      app.choice(box, "checkbox", app.page.names[name], true, function (on) {
        if (on) { layer.addTo(app.map); } else { layer.remove(); }
        app.zoomed();
      });
    });
    this.zoomed();
  };

  App.prototype.baseList = function (box) {
    var app = this;
    this.page.bases.forEach(function (base, i) {
      app.choice(box, "radio", base.name, i === 0, function () { app.useBase(i); });
    });
  };

  App.prototype.townList = function (box) {
    var app = this, list = make("ol", "ranking", box);
    this.page.towns.features.features.slice().sort(function (a, b) {
      return (b.properties.value || 0) - (a.properties.value || 0);
    }).forEach(function (town) {
      var button = make("button", "", make("li", "", list));
      button.type = "button";
      pair(make("span", "", button), town.properties.name);
      pair(make("b", "", button), town.properties.shown);
      button.onclick = function () {
        document.body.classList.remove("panel-open");
        document.getElementById("panel-toggle").setAttribute("aria-expanded", "false");
        app.openTown(town, L.latLng(town.properties.at));
      };
    });
  };

  App.prototype.sources = function (box) {
    this.page.sources.forEach(function (source) { pair(make("p", "source", box), source); });
  };

  return { start: function (map) { PlanMap.app = new App(map, read("page-data")); } };
})();
