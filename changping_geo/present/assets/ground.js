/* The page's own base map: packed sets drawn on canvas tiles, and relief as a veil. */
"use strict";
var Ground = (function () {
  function width(style, zoom) {
    var from = style.width[0], to = style.width[1];
    return from * Math.pow(to / from, (zoom - 10) / 6);
  }

  var Layer = Tiles.Canvas.extend({
    options: { tileClass: "ground-tile" },
    initialize: function (sets, options) { this._sets = sets; L.setOptions(this, options); },
    holds: function (at, zoom) {
      var m = 12 / at.sx;
      return this._sets.some(function (set) {
        return zoom >= (set.style.min_zoom || 0) && Packed.any(set.set, at.west - m, at.south - m, at.east + m, at.north + m);
      });
    },
    draw: function (context, coords, at, ratio) {
      var shown = this._sets.filter(function (set) { return coords.z >= (set.style.min_zoom || 0); });
      context.scale(ratio, ratio);
      context.lineJoin = context.lineCap = "round";
      var roads = [];
      shown.forEach(function (set) {
        var margin = 12 / at.sx, path = new Path2D(), any = false;
        Packed.within(set.set, at.west - margin, at.south - margin, at.east + margin, at.north + margin, function (row) {
          any = true;
          Tiles.trace(path, set.set, row, at);
        });
        if (!any) { return; }
        if (set.style.fill) { context.fillStyle = set.style.fill; context.fill(path); }
        if (set.style.line) { roads.push([path, set.style, width(set.style, coords.z)]); }
      });
      roads.forEach(function (road) {
        context.strokeStyle = road[1].casing;
        context.lineWidth = road[2] + (road[2] > 1.6 ? 1.4 : 0.6);
        context.stroke(road[0]);
      });
      roads.forEach(function (road) {
        if (road[2] < 1) { return; }
        context.strokeStyle = road[1].line;
        context.lineWidth = road[2];
        context.stroke(road[0]);
      });
    }
  });

  /* One group of the map's layers: the tiles, and the relief above them. */
  function make(map, card, read) {
    map.createPane("ground").style.zIndex = 180;
    map.createPane("relief").style.zIndex = 190;
    ["ground", "relief"].forEach(function (name) { map.getPane(name).style.pointerEvents = "none"; });
    var sets = card.sets.map(function (style, i) { return { style: style, set: Packed.decode(read("ground-" + i)) }; });
    var parts = [new Layer(sets, { pane: "ground", minZoom: 3, maxZoom: 22 })];
    if (card.relief) {
      parts.push(L.imageOverlay(card.relief.picture, card.relief.bounds, { pane: "relief", interactive: false, alt: "" }));
    }
    return L.layerGroup(parts);
  }

  return { make: make };
})();
