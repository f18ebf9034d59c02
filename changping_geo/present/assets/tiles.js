/* Canvas tiles of packed shapes. Tiles wait in one queue and are drawn in slices, so that the page answers meanwhile;
   what is smaller than a few pixels is set pixel by pixel, which is far cheaper than a path. */
"use strict";
var Tiles = (function () {
  var PER_DEGREE = Packed.PER_DEGREE, SLICE_MS = 14, TINY_PX = 3.2;
  var queue = [], waiting = false, jobs = 0;

  function later() {
    if (waiting) { return; }
    waiting = true;
    setTimeout(work, 0);
  }

  function work() {
    waiting = false;
    var until = performance.now() + SLICE_MS;
    while (queue.length && performance.now() < until) { queue.shift()(); }
    if (queue.length) { later(); }
  }

  /* Degrees to pixels of one tile. Within a tile of zoom 10 and above Mercator is straight to a tenth of a pixel. */
  function place(map, coords, size) {
    var origin = coords.scaleBy(size), nw = map.unproject(origin, coords.z), se = map.unproject(origin.add(size), coords.z);
    var west = nw.lng * PER_DEGREE, north = nw.lat * PER_DEGREE;
    var east = se.lng * PER_DEGREE, south = se.lat * PER_DEGREE;
    return {
      west: west, north: north, east: east, south: south, sx: size.x / (east - west), sy: size.y / (south - north)
    };
  }

  function trace(path, set, row, at) {
    var close = set.shape === "polygon";
    for (var k = set.ring[row]; k < set.ring[row + 1]; k++) {
      var p = set.point[k], end = set.point[k + 1];
      path.moveTo((set.xs[p] - at.west) * at.sx, (set.ys[p] - at.north) * at.sy);
      for (p++; p < end; p++) { path.lineTo((set.xs[p] - at.west) * at.sx, (set.ys[p] - at.north) * at.sy); }
      if (close) { path.closePath(); }
    }
  }

  /* A canvas costs more to make than to paint: those that went out of sight are used again. */
  var Canvas = L.GridLayer.extend({
    options: { updateWhenZooming: false, keepBuffer: 1, spare: 48 },
    onAdd: function (map) {
      this._spare = [];
      this.on("tileunload", this._put, this);
      L.GridLayer.prototype.onAdd.call(this, map);
    },
    onRemove: function (map) {
      L.GridLayer.prototype.onRemove.call(this, map);
      this.off("tileunload", this._put, this);
      this._spare = [];
    },
    _put: function (event) {
      event.tile.job = 0;
      if (this._spare.length < this.options.spare) { this._spare.push(event.tile); }
    },
    createTile: function (coords, done) {
      var size = this.getTileSize(), ratio = Math.min(window.devicePixelRatio || 1, 2), canvas = this._spare.pop();
      if (!canvas || canvas.width !== size.x * ratio) {
        canvas = document.createElement("canvas");
        canvas.width = size.x * ratio; canvas.height = size.y * ratio;
      }
      canvas.className = this.options.tileClass || "packed-tile";
      canvas.style.cssText = "width:" + size.x + "px;height:" + size.y + "px;display:none";
      canvas.coords = coords;
      this._ask(canvas, done);
      return canvas;
    },
    /* Paint later; what was asked before for the same canvas is forgotten. */
    _ask: function (canvas, done) {
      var layer = this, mine = canvas.job = ++jobs;
      queue.push(function () {
        if (canvas.job === mine && layer._map) { layer.paint(canvas); }
        if (done) { done(null, canvas); }
      });
      later();
    },
    paint: function (canvas) {
      var size = this.getTileSize(), at = place(this._map, canvas.coords, size), ratio = canvas.width / size.x;
      var used = this.holds(at, canvas.coords.z);
      canvas.style.display = used ? "" : "none";
      if (!used) { return; }
      var context = canvas.getContext("2d");
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, canvas.width, canvas.height);
      this.draw(context, canvas.coords, at, ratio);
    },
    /* Draw the tiles again where they are, without a flash. */
    repaint: function () {
      if (!this._map) { return; }
      for (var key in this._tiles) { this._ask(this._tiles[key].el); }
    }
  });

  function shade(colour) {
    var n = parseInt(colour.slice(1), 16);
    return (255 << 24 | (n & 255) << 16 | (n >> 8 & 255) << 8 | n >> 16) >>> 0;
  }

  /* Data: one colour per class; what has no class has the last colour. */
  var Shapes = Canvas.extend({
    initialize: function (set, classes, colours, options) {
      this._set = set;
      this._class = classes;
      this._colours = colours;
      this._words = colours.map(shade);
      L.setOptions(this, options);
    },
    narrow: function (mask) { this._mask = mask; this.repaint(); },
    /* How far beyond its box a shape may be drawn, in whole units. */
    _margin: function (at) {
      var options = this.options, shape = this._set.shape;
      return (2 + (shape === "polygon" ? options.leastPx : shape === "line" ? options.widthPx : options.radiusPx)) / at.sx;
    },
    holds: function (at) {
      var m = this._margin(at);
      return Packed.any(this._set, at.west - m, at.south - m, at.east + m, at.north + m);
    },
    draw: function (context, coords, at, ratio) {
      if (this._set.shape === "polygon") { this._polygons(context, coords, at, ratio); } else { this._others(context, at, ratio); }
    },
    _polygons: function (context, coords, at, ratio) {
      var set = this._set, mask = this._mask, boxes = set.boxes, classes = this._class, words = this._words;
      var least = this.options.leastPx, found = least > 2, margin = this._margin(at), sy = -at.sy;
      var width = context.canvas.width, height = context.canvas.height, picture = null, pixels = null;
      var paths = this._colours.map(function () { return null; });
      Packed.within(set, at.west - margin, at.south - margin, at.east + margin, at.north + margin, function (row) {
        if (mask && !mask[row]) { return; }
        var box = 4 * row, kind = classes[row], wide = (boxes[box + 2] - boxes[box]) * at.sx, tall = (boxes[box + 3] - boxes[box + 1]) * sy;
        if (found && wide < least && tall < least) {
          paths[kind] = paths[kind] || new Path2D();
          paths[kind].rect(
            ((boxes[box] + boxes[box + 2]) / 2 - at.west) * at.sx - least / 2,
            ((boxes[box + 1] + boxes[box + 3]) / 2 - at.north) * at.sy - least / 2, least, least);
          return;
        }
        if (wide > TINY_PX || tall > TINY_PX) {
          paths[kind] = paths[kind] || new Path2D();
          trace(paths[kind], set, row, at);
          return;
        }
        if (!pixels) {
          picture = context.createImageData(width, height);
          pixels = new Uint32Array(picture.data.buffer);
        }
        var x = Math.round((boxes[box] - at.west) * at.sx * ratio), y = Math.round((boxes[box + 3] - at.north) * at.sy * ratio);
        var right = Math.min(width, x + Math.max(1, Math.round(wide * ratio)));
        var bottom = Math.min(height, y + Math.max(1, Math.round(tall * ratio)));
        for (y = Math.max(0, y); y < bottom; y++) {
          for (var i = Math.max(0, x); i < right; i++) { pixels[y * width + i] = words[kind]; }
        }
      });
      if (picture) { context.putImageData(picture, 0, 0); }
      context.scale(ratio, ratio);
      var edge = this.options.edge || (coords.z >= 16 ? "rgba(70,50,30,.5)" : found ? "rgba(60,40,20,.8)" : "");
      context.lineWidth = found ? 0.9 : coords.z >= 17 ? 1 : 0.5;
      for (var c = 0; c < paths.length; c++) {
        if (!paths[c]) { continue; }
        context.fillStyle = this._colours[c];
        context.fill(paths[c]);
        if (edge) { context.strokeStyle = edge; context.stroke(paths[c]); }
      }
    },
    _others: function (context, at, ratio) {
      var set = this._set, mask = this._mask, classes = this._class, line = set.shape === "line", layer = this;
      var px = line ? this.options.widthPx : this.options.radiusPx, margin = this._margin(at);
      var paths = this._colours.map(function () { return null; });
      Packed.within(set, at.west - margin, at.south - margin, at.east + margin, at.north + margin, function (row) {
        if (mask && !mask[row]) { return; }
        var path = paths[classes[row]] = paths[classes[row]] || new Path2D();
        if (line) { trace(path, set, row, at); return; }
        for (var p = set.point[set.ring[row]], end = set.point[set.ring[row + 1]]; p < end; p++) {
          var x = (set.xs[p] - at.west) * at.sx, y = (set.ys[p] - at.north) * at.sy, r = layer.options.radius ? layer.options.radius(row) : px;
          path.moveTo(x + r, y);
          path.arc(x, y, r, 0, 2 * Math.PI);
        }
      });
      context.scale(ratio, ratio);
      context.lineJoin = context.lineCap = "round";
      for (var c = 0; c < paths.length; c++) {
        if (!paths[c]) { continue; }
        context.lineWidth = line ? px : 1;
        context.strokeStyle = line ? this._colours[c] : "rgba(255,255,255,.9)";
        context.fillStyle = this._colours[c];
        if (!line) { context.fill(paths[c]); }
        context.stroke(paths[c]);
      }
    }
  });

  /* Everything at once, for what cannot wait: paper. */
  function flush() { while (queue.length) { queue.shift()(); } }

  return { Canvas: Canvas, Shapes: Shapes, trace: trace, flush: flush, idle: function () { return !queue.length; } };
})();
