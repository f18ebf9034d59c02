/* A raster: a picture in web Mercator, and its values for the pointer. */
"use strict";
var Raster = (function () {
  function decode(card) {
    var steps = Packed.numbers(card.data, Int32Array), unit = Math.pow(10, card.digits), bounds = L.latLngBounds(card.bounds);
    var crs = L.CRS.EPSG3857, low = crs.project(bounds.getSouthWest()), high = crs.project(bounds.getNorthEast());
    return {
      /* The value at a place; NaN where there is none. A class is told by its place in the legend. */
      at: function (latlng) {
        var point = crs.project(latlng);
        var column = Math.floor((point.x - low.x) / (high.x - low.x) * card.columns);
        var row = Math.floor((high.y - point.y) / (high.y - low.y) * card.rows);
        if (column < 0 || row < 0 || column >= card.columns || row >= card.rows) { return NaN; }
        var step = steps[row * card.columns + column];
        return step ? (step - 1 + (card.codes ? 0 : card.low)) / unit : NaN;
      }
    };
  }

  /* What the pointer is on, as a pair; null where there is nothing. */
  function told(layer, latlng) {
    var value = layer.values.at(latlng), legend = layer.card.legend;
    if (isNaN(value)) { return null; }
    return layer.card.values.codes ? [legend.labels[0][value], legend.labels[1][value]] : Words.shown(value, layer.card.values);
  }

  return { decode: decode, told: told };
})();
