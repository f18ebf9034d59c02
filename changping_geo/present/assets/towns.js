/* Towns by class, their names, and the district's outline: layers that every page has. */
"use strict";
var TownLayers = (function () {
  var make = Words.make, pair = Words.pair;

  function Plain(app, name, leaf) {
    this.app = app;
    this.map = app.map;
    this.name = name;
    this.title = app.page.names[name];
    this.draw = name;
    this.card = { min_zoom: 0, max_zoom: 22 };
    this.leaf = leaf;
    this.legend = null;
    this.ready = true;
    this._share = 1;
    leaf.addTo(app.map);
  }
  Plain.prototype.isShown = function () { return this.map.hasLayer(this.leaf); };
  Plain.prototype.isDrawn = Plain.prototype.isShown;
  Plain.prototype.update = function () {};
  Plain.prototype.show = function (on) {
    if (on) { this.leaf.addTo(this.map); } else { this.leaf.remove(); }
    this.app.tell("layers");
  };
  Plain.prototype.opacity = function (share) {
    if (share === undefined) { return this._share; }
    this._share = share;
    this.app.tell("layers");
    return share;
  };

  function towns(app) {
    var card = app.page.towns, legend = card.legend, colours = legend ? legend.colours : [];
    app.map.createPane("towns").style.zIndex = 400;
    var leaf = L.geoJSON(card.features, {
      pane: "towns",
      style: function (town) {
        var at = town.properties.class;
        return { fillColor: !legend ? "#fff" : at < 0 ? "#cfccc4" : colours[at], color: "#fff", weight: 1.2, className: "town" };
      },
      onEachFeature: function (town, shape) {
        shape.on("mouseover", function () {
          if (!app.isNear()) { shape.setStyle({ weight: 2.6, color: "#4a3a2a", opacity: 1 }); shape.bringToFront(); }
        });
        shape.on("mouseout", function () { app.tint(); });
      },
      bubblingMouseEvents: true
    });
    var layer = new Plain(app, "towns", leaf);
    layer._share = card.opacity;
    layer.pane = app.map.getPane("towns");
    return layer;
  }

  function outline(app) {
    app.map.createPane("outline").style.zIndex = 410;
    app.map.getPane("outline").style.pointerEvents = "none";
    var layer = new Plain(app, "outline", L.geoJSON(app.page.outline, {
      pane: "outline", interactive: false, style: { fill: false, color: "#8a8172", weight: 1.6, opacity: 0.9 }
    }));
    layer.pane = app.map.getPane("outline");
    return layer;
  }

  function labels(app) {
    app.map.createPane("labels").style.zIndex = 610;
    app.map.getPane("labels").style.pointerEvents = "none";
    var layer = new Plain(app, "labels", L.layerGroup(app.page.towns.features.features.map(function (town) {
      var node = pair(make("span", "label"), town.properties.name);
      return L.marker(town.properties.at, {
        icon: L.divIcon({ html: node, className: "label-box", iconSize: null }),
        interactive: false, keyboard: false, pane: "labels"
      });
    })));
    layer.pane = app.map.getPane("labels");
    return layer;
  }

  /* A label that would lie on an earlier one waits for the next zoom. */
  function placeLabels(app) {
    var taken = [], map = app.map;
    app.layers.labels.leaf.eachLayer(function (marker) {
      var box = marker.getElement();
      if (!box) { return; }
      var size = box.firstChild.getBoundingClientRect(), at = map.latLngToContainerPoint(marker.getLatLng());
      var half = L.point(size.width / 2 + 3, size.height / 2 + 1), mine = L.bounds(at.subtract(half), at.add(half));
      var free = !taken.some(function (other) { return other.intersects(mine); });
      box.style.visibility = free ? "visible" : "hidden";
      if (free) { taken.push(mine); }
    });
  }

  function at(app, latlng) {
    return app.page.towns.features.features.filter(function (town) {
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
  }

  return { towns: towns, outline: outline, labels: labels, placeLabels: placeLabels, at: at };
})();
