/* Packed polygons on canvas tiles: decode, draw, find the one under the pointer. Needs Leaflet only.
   Coordinates are whole millionths of a degree; see changping_geo/present/roofs.py for the packing. */
"use strict";
var PackedRoofs = (function () {
  var PER_DEGREE = 1e6, BLOCK = 128;

  function bytes(base64) {
    var text = atob(base64), out = new Uint8Array(text.length);
    for (var i = 0; i < text.length; i++) { out[i] = text.charCodeAt(i); }
    return out;
  }

  /* A stream of whole numbers; its first character tells how it is written. */
  function numbers(text, Kind) {
    if (text[0] === "b") {
      var parts = text.split(":");
      return fixed(bytes(parts[2]), Number(parts[0].slice(1)), Number(parts[1]), Kind);
    }
    var list = halves(bytes(text.slice(1)), text[0] === "r" ? Float64Array : Kind);
    return text[0] === "r" ? spread(list, Kind) : list;
  }

  function fixed(data, width, count, Kind) {
    var out = new Kind(count), mask = Math.pow(2, width) - 1;
    for (var i = 0, bit = 0; i < count; i++, bit += width) {
      var at = bit >> 3;
      out[i] = ((data[at] | data[at + 1] << 8 | data[at + 2] << 16 | data[at + 3] << 24) >>> (bit & 7)) & mask;
    }
    return out;
  }

  /* Three bits per half byte, low ones first. Plain arithmetic: shifts would overflow above 31 bits. */
  function halves(data, Kind) {
    var count = 0, at = 0, value = 0, scale = 1, i, half;
    for (i = 0; i < data.length; i++) { count += ((data[i] & 8) === 0) + (data[i] < 128); }
    var out = new Kind(count);
    for (i = 0; i < 2 * data.length; i++) {
      half = i & 1 ? data[i >> 1] >> 4 : data[i >> 1] & 15;
      value += (half & 7) * scale;
      if (half < 8) { out[at++] = value; value = 0; scale = 1; } else { scale *= 8; }
    }
    return out;
  }

  function spread(runs, Kind) {
    var count = 0, at = 0, i;
    for (i = 1; i < runs.length; i += 2) { count += runs[i] + 1; }
    var out = new Kind(count);
    for (i = 0; i < runs.length; i += 2) { out.fill(runs[i], at, at += runs[i + 1] + 1); }
    return out;
  }

  function unzigzag(value) { return value % 2 ? -(value + 1) / 2 : value / 2; }

  function starts(counts) {
    var out = new Uint32Array(counts.length + 1);
    for (var i = 0; i < counts.length; i++) { out[i + 1] = out[i] + counts[i]; }
    return out;
  }

  function decode(packed) {
    var ring = starts(numbers(packed.rings, Uint32Array)), point = starts(numbers(packed.points, Uint32Array));
    var steps = numbers(packed.xy, Float64Array), n = steps.length / 2;
    var xs = new Int32Array(n), ys = new Int32Array(n), x = 0, y = 0, p = 0;
    for (var k = 0; k + 1 < point.length; k++) {
      for (var first = p, end = point[k + 1]; p < end; p++) {
        if (end - first === 4 && p === end - 1) {
          x = xs[p - 1] + xs[p - 3] - xs[p - 2];
          y = ys[p - 1] + ys[p - 3] - ys[p - 2];
        }
        x += unzigzag(steps[2 * p]); y += unzigzag(steps[2 * p + 1]);
        xs[p] = x; ys[p] = y;
      }
    }
    var roofs = { n: packed.n, ring: ring, point: point, xs: xs, ys: ys, columns: {} };
    roofs.boxes = boxes(roofs);
    roofs.blocks = blocks(roofs);
    Object.keys(packed.columns).forEach(function (name) { roofs.columns[name] = column(packed.columns[name]); });
    return roofs;
  }

  function column(card) {
    var codes = numbers(card.data, Float64Array), values = codes, i, sum = 0;
    if (card.kind === "number") {
      var unit = Math.pow(10, card.digits);
      for (i = 0; i < codes.length; i++) { values[i] = codes[i] ? (codes[i] - 1 + card.low) / unit : NaN; }
      return { kind: "number", at: function (roof) { return values[roof]; } };
    }
    if (card.kind === "serial") {
      for (i = 0; card.steps && i < codes.length; i++) { sum += unzigzag(codes[i]); values[i] = sum; }
      return { kind: "word", at: function (roof) {
        var digits = String(values[roof]);
        while (digits.length < card.width) { digits = "0" + digits; }
        return [card.prefix + digits, card.prefix + digits];
      } };
    }
    return { kind: "word", at: function (roof) {
      var word = codes[roof] ? card.words[codes[roof] - 1] : null;
      return word === null || Array.isArray(word) ? word : [word, word];
    } };
  }

  function boxes(roofs) {
    var out = new Int32Array(4 * roofs.n);
    for (var r = 0; r < roofs.n; r++) {
      var west = 2147483647, south = west, east = -west, north = -west;
      for (var p = roofs.point[roofs.ring[r]], end = roofs.point[roofs.ring[r + 1]]; p < end; p++) {
        var x = roofs.xs[p], y = roofs.ys[p];
        if (x < west) { west = x; } if (x > east) { east = x; }
        if (y < south) { south = y; } if (y > north) { north = y; }
      }
      out.set([west, south, east, north], 4 * r);
    }
    return out;
  }

  function blocks(roofs) {
    var count = Math.ceil(roofs.n / BLOCK), out = new Int32Array(4 * count), from = roofs.boxes;
    for (var b = 0; b < count; b++) {
      var box = [2147483647, 2147483647, -2147483647, -2147483647];
      for (var r = b * BLOCK; r < Math.min(roofs.n, (b + 1) * BLOCK); r++) {
        for (var k = 0; k < 2; k++) {
          box[k] = Math.min(box[k], from[4 * r + k]);
          box[k + 2] = Math.max(box[k + 2], from[4 * r + k + 2]);
        }
      }
      out.set(box, 4 * b);
    }
    return out;
  }

  function misses(list, i, w, s, e, n) {
    return list[4 * i] > e || list[4 * i + 2] < w || list[4 * i + 1] > n || list[4 * i + 3] < s;
  }

  /* Call `visit` with every roof whose box meets the window. */
  function within(roofs, w, s, e, n, visit) {
    for (var b = 0; b < roofs.blocks.length / 4; b++) {
      if (misses(roofs.blocks, b, w, s, e, n)) { continue; }
      for (var r = b * BLOCK, end = Math.min(roofs.n, r + BLOCK); r < end; r++) {
        if (!misses(roofs.boxes, r, w, s, e, n)) { visit(r); }
      }
    }
  }

  /* Even-odd rule over all rings, so that courtyards are outside. */
  function covers(roofs, roof, x, y) {
    var inside = false;
    for (var k = roofs.ring[roof]; k < roofs.ring[roof + 1]; k++) {
      for (var i = roofs.point[k], end = roofs.point[k + 1], j = end - 1; i < end; j = i++) {
        var yi = roofs.ys[i], yj = roofs.ys[j];
        if ((yi > y) !== (yj > y) && x < (roofs.xs[j] - roofs.xs[i]) * (y - yi) / (yj - yi) + roofs.xs[i]) {
          inside = !inside;
        }
      }
    }
    return inside;
  }

  /* The building under the pointer; `reach` widens small ones, in degrees, as they are drawn. */
  function find(roofs, latlng, mask, reach) {
    var x = latlng.lng * PER_DEGREE, y = latlng.lat * PER_DEGREE, r = (reach || 0) * PER_DEGREE, found = -1, near = -1;
    within(roofs, x - r, y - r, x + r, y + r, function (roof) {
      if (mask && !mask[roof]) { return; }
      if (covers(roofs, roof, x, y)) { found = roof; }
      near = roof;
    });
    return found >= 0 || !r ? found : near;
  }

  var Tiles = L.GridLayer.extend({
    options: { pane: "roofs", updateWhenZooming: false, keepBuffer: 1, leastPx: 1.5 },
    initialize: function (roofs, classOf, colours, options) {
      this._roofs = roofs;
      this._class = new Uint8Array(roofs.n);
      for (var r = 0; r < roofs.n; r++) { this._class[r] = classOf(r); }
      this._colours = colours;
      L.setOptions(this, options);
    },
    /* Draw only the roofs of a mask. */
    narrow: function (mask) {
      this._mask = mask;
      if (this._map) { this.redraw(); }
    },
    createTile: function (coords) {
      var size = this.getTileSize(), ratio = Math.min(window.devicePixelRatio || 1, 2);
      var canvas = L.DomUtil.create("canvas", "roof-tile");
      canvas.width = size.x * ratio; canvas.height = size.y * ratio;
      canvas.style.width = size.x + "px"; canvas.style.height = size.y + "px";
      var context = canvas.getContext("2d");
      context.scale(ratio, ratio);
      this._draw(context, coords, size);
      return canvas;
    },
    /* Within one tile of zoom 12 and above, Mercator is a straight line to a hundredth of a pixel. */
    _draw: function (context, coords, size) {
      var roofs = this._roofs, map = this._map, origin = coords.scaleBy(size);
      var nw = map.unproject(origin, coords.z), se = map.unproject(origin.add(size), coords.z);
      var west = nw.lng * PER_DEGREE, north = nw.lat * PER_DEGREE;
      var sx = size.x / (se.lng * PER_DEGREE - west), sy = size.y / (se.lat * PER_DEGREE - north);
      var classes = this._class, paths = this._colours.map(function () { return new Path2D(); }), used = [];
      var mask = this._mask, least = this.options.leastPx, margin = (least + 2) / sx;
      within(roofs, west - margin, se.lat * PER_DEGREE - margin, se.lng * PER_DEGREE + margin, north + margin,
        function (roof) {
          if (mask && !mask[roof]) { return; }
          var path = paths[classes[roof]], box = 4 * roof;
          used[classes[roof]] = true;
          if ((roofs.boxes[box + 2] - roofs.boxes[box]) * sx < least) {
            var half = least > 2 ? least / 2 : 0;
            path.rect((roofs.boxes[box] - west) * sx - half, (roofs.boxes[box + 3] - north) * sy - half, least, least);
            return;
          }
          for (var k = roofs.ring[roof]; k < roofs.ring[roof + 1]; k++) {
            var p = roofs.point[k], end = roofs.point[k + 1];
            path.moveTo((roofs.xs[p] - west) * sx, (roofs.ys[p] - north) * sy);
            for (p++; p < end; p++) { path.lineTo((roofs.xs[p] - west) * sx, (roofs.ys[p] - north) * sy); }
            path.closePath();
          }
        });
      context.lineWidth = coords.z >= 17 ? 1 : 0.5;
      context.strokeStyle = coords.z >= 16 ? "rgba(70,50,30,.55)" : "rgba(70,50,30,.3)";
      for (var c = 0; c < paths.length; c++) {
        if (!used[c]) { continue; }
        context.fillStyle = this._colours[c];
        context.fill(paths[c]);
        context.stroke(paths[c]);
      }
    }
  });

  /* The outline of one roof as Leaflet wants it. */
  function outline(roofs, roof) {
    var rings = [];
    for (var k = roofs.ring[roof]; k < roofs.ring[roof + 1]; k++) {
      var ring = [];
      for (var p = roofs.point[k]; p < roofs.point[k + 1]; p++) {
        ring.push([roofs.ys[p] / PER_DEGREE, roofs.xs[p] / PER_DEGREE]);
      }
      ring.push(ring[0]);
      rings.push(ring);
    }
    return rings;
  }

  return { decode: decode, find: find, outline: outline, Tiles: Tiles };
})();
