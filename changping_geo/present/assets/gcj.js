/* Base maps drawn in GCJ-02 are shifted under the data; the data stay where they are.
   The shift is taken at the centre of the view and again after each move: across one view it differs by less than
   a pixel from that of any other place. */
"use strict";
var GcjTiles = (function () {
  var A = 6378245, EE = 0.00669342162296594323, RAD = Math.PI / 180;

  function waves(x) { return 20 * Math.sin(6 * x * Math.PI) + 20 * Math.sin(2 * x * Math.PI); }

  /* WGS 84 or CGCS2000 to GCJ-02. [degrees] */
  function toGcj(lat, lng) {
    var x = lng - 105, y = lat - 35, root = Math.sqrt(Math.abs(x)), pi = Math.PI;
    var north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + (waves(x) + 20 * Math.sin(y * pi) +
      40 * Math.sin(y / 3 * pi) + 160 * Math.sin(y / 12 * pi) + 320 * Math.sin(y * pi / 30)) * 2 / 3;
    var east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + (waves(x) + 20 * Math.sin(x * pi) +
      40 * Math.sin(x / 3 * pi) + 150 * Math.sin(x / 12 * pi) + 300 * Math.sin(x / 30 * pi)) * 2 / 3;
    var sine = Math.sin(lat * RAD), magic = 1 - EE * sine * sine, bow = Math.sqrt(magic);
    return [lat + north / (A * (1 - EE) / (magic * bow) * RAD), lng + east / (A / bow * Math.cos(lat * RAD) * RAD)];
  }

  var Tiles = L.TileLayer.extend({
    onAdd: function (map) {
      this._centreOnData(map);
      L.TileLayer.prototype.onAdd.call(this, map);
      map.on("moveend", this._realign, this);
    },
    onRemove: function (map) {
      map.off("moveend", this._realign, this);
      L.TileLayer.prototype.onRemove.call(this, map);
    },
    _centreOnData: function (map) { var c = map.getCenter(); this._pair = [c, L.latLng(toGcj(c.lat, c.lng))]; },
    _shift: function (zoom) {
      return this._map.project(this._pair[1], zoom).subtract(this._map.project(this._pair[0], zoom));
    },
    _realign: function () {
      this._centreOnData(this._map);
      for (var key in this._tiles) {
        L.DomUtil.setPosition(this._tiles[key].el, this._getTilePos(this._tiles[key].coords));
      }
      this._update();
    },
    _getTilePos: function (coords) {
      return L.TileLayer.prototype._getTilePos.call(this, coords).subtract(this._shift(coords.z)).round();
    },
    _getTiledPixelBounds: function (centre) {
      var bounds = L.TileLayer.prototype._getTiledPixelBounds.call(this, centre), shift = this._shift(this._tileZoom);
      return L.bounds(bounds.min.add(shift), bounds.max.add(shift));
    }
  });
  return { Tiles: Tiles, toGcj: toGcj };
})();
