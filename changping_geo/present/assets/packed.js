/* Packed shapes: decode, find those in a box, find the one under the pointer, give one back as Leaflet wants it.
   Coordinates are whole millionths of a degree; see changping_geo/present/map_packed.py for the packing. */
"use strict";
var Packed = (function () {
  var PER_DEGREE = 1e6, BLOCK = 64;

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
    var steps = numbers(packed.xy, Float64Array), n = steps.length / 2, quads = packed.shape === "polygon";
    var xs = new Int32Array(n), ys = new Int32Array(n), x = 0, y = 0, p = 0;
    for (var k = 0; k + 1 < point.length; k++) {
      for (var first = p, end = point[k + 1]; p < end; p++) {
        if (quads && end - first === 4 && p === end - 1) {
          x = xs[p - 1] + xs[p - 3] - xs[p - 2];
          y = ys[p - 1] + ys[p - 3] - ys[p - 2];
        }
        x += unzigzag(steps[2 * p]); y += unzigzag(steps[2 * p + 1]);
        xs[p] = x; ys[p] = y;
      }
    }
    var set = { n: packed.n, shape: packed.shape, ring: ring, point: point, xs: xs, ys: ys, columns: {} };
    set.boxes = boxes(set);
    set.blocks = blocks(set);
    Object.keys(packed.columns).forEach(function (name) { set.columns[name] = column(packed.columns[name]); });
    return set;
  }

  function same(word) { return Array.isArray(word) ? word : [word, word]; }

  /* A column: at(row) is a number (NaN: missing) or a pair of words (null: missing); key(row) is the bare word. */
  function column(card) {
    var i, sum = 0, kept = card.kind === "serial" ? Float64Array : Int32Array;
    if (card.kind === "number") {
      var values = numbers(card.data, Float64Array), unit = Math.pow(10, card.digits);
      for (i = 0; i < values.length; i++) { values[i] = values[i] ? (values[i] - 1 + card.low) / unit : NaN; }
      return { kind: "number", at: function (row) { return values[row]; }, key: function (row) { return values[row]; } };
    }
    var words = numbers(card.data, kept);
    if (card.kind === "serial") {
      for (i = 0; card.steps && i < words.length; i++) { sum += unzigzag(words[i]); words[i] = sum; }
      var name = function (row) {
        var digits = String(words[row]);
        while (digits.length < card.width) { digits = "0" + digits; }
        return card.prefix + digits;
      };
      return { kind: "word", at: function (row) { return same(name(row)); }, key: name };
    }
    return {
      kind: "word",
      at: function (row) { return words[row] ? same(card.words[words[row] - 1]) : null; },
      key: function (row) {
        var at = words[row] - 1;
        return at < 0 ? null : card.keys ? card.keys[at] : same(card.words[at])[0];
      }
    };
  }

  function boxes(set) {
    var out = new Int32Array(4 * set.n);
    for (var r = 0; r < set.n; r++) {
      var west = 2147483647, south = west, east = -west, north = -west;
      for (var p = set.point[set.ring[r]], end = set.point[set.ring[r + 1]]; p < end; p++) {
        var x = set.xs[p], y = set.ys[p];
        if (x < west) { west = x; } if (x > east) { east = x; }
        if (y < south) { south = y; } if (y > north) { north = y; }
      }
      out[4 * r] = west; out[4 * r + 1] = south; out[4 * r + 2] = east; out[4 * r + 3] = north;
    }
    return out;
  }

  /* Neighbours follow each other, so runs of rows have small boxes: the spatial index. */
  function blocks(set) {
    var out = new Int32Array(4 * Math.ceil(set.n / BLOCK));
    for (var b = 0; b * 4 < out.length; b++) {
      var west = 2147483647, south = west, east = -west, north = -west;
      for (var r = b * BLOCK, end = Math.min(set.n, r + BLOCK); r < end; r++) {
        west = Math.min(west, set.boxes[4 * r]); south = Math.min(south, set.boxes[4 * r + 1]);
        east = Math.max(east, set.boxes[4 * r + 2]); north = Math.max(north, set.boxes[4 * r + 3]);
      }
      out.set([west, south, east, north], 4 * b);
    }
    return out;
  }

  /* Call `each` with every row whose box meets the given one, in whole units. */
  function within(set, west, south, east, north, each) {
    var blocks = set.blocks, boxes = set.boxes;
    for (var b = 0, i = 0; i < blocks.length; b++, i += 4) {
      if (blocks[i] > east || blocks[i + 2] < west || blocks[i + 1] > north || blocks[i + 3] < south) { continue; }
      for (var r = b * BLOCK, end = Math.min(set.n, r + BLOCK), j = 4 * r; r < end; r++, j += 4) {
        if (boxes[j] <= east && boxes[j + 2] >= west && boxes[j + 1] <= north && boxes[j + 3] >= south) { each(r); }
      }
    }
  }

  function any(set, west, south, east, north) {
    var found = false;
    within(set, west, south, east, north, function () { found = true; });
    return found;
  }

  function covers(set, row, x, y) {
    var inside = false;
    for (var k = set.ring[row]; k < set.ring[row + 1]; k++) {
      for (var i = set.point[k], end = set.point[k + 1], j = end - 1; i < end; j = i++) {
        var yi = set.ys[i], yj = set.ys[j];
        if ((yi > y) !== (yj > y) && x < (set.xs[j] - set.xs[i]) * (y - yi) / (yj - yi) + set.xs[i]) { inside = !inside; }
      }
    }
    return inside;
  }

  /* Square of the distance to a line or to points; degrees of latitude count `tall` times those of longitude. */
  function distance(set, row, x, y, tall) {
    var least = Infinity;
    for (var k = set.ring[row]; k < set.ring[row + 1]; k++) {
      for (var p = set.point[k], end = set.point[k + 1], last = p; p < end; last = p++) {
        var ax = set.xs[last] - x, ay = (set.ys[last] - y) * tall, dx = set.xs[p] - set.xs[last];
        var dy = (set.ys[p] - set.ys[last]) * tall, length = dx * dx + dy * dy;
        var t = length ? Math.max(0, Math.min(1, -(ax * dx + ay * dy) / length)) : 0;
        least = Math.min(least, (ax + t * dx) * (ax + t * dx) + (ay + t * dy) * (ay + t * dy));
      }
    }
    return least;
  }

  /* The row under the pointer, the topmost one; `reach` in degrees of longitude widens what is drawn small. */
  function find(set, latlng, mask, reach) {
    var x = latlng.lng * PER_DEGREE, y = latlng.lat * PER_DEGREE, r = (reach || 0) * PER_DEGREE, found = -1, near = -1;
    var tall = 1 / Math.cos(latlng.lat * Math.PI / 180), best = r * r;
    within(set, x - r, y - r, x + r, y + r, function (row) {
      if (mask && !mask[row]) { return; }
      if (set.shape === "polygon") {
        if (covers(set, row, x, y)) { found = row; }
        near = row;
        return;
      }
      var away = distance(set, row, x, y, tall);
      if (away <= best) { best = away; found = row; }
    });
    return found >= 0 || !r || set.shape !== "polygon" ? found : near;
  }

  /* Corners of one row as Leaflet wants them: a list of parts. */
  function outline(set, row) {
    var parts = [];
    for (var k = set.ring[row]; k < set.ring[row + 1]; k++) {
      var part = [];
      for (var p = set.point[k]; p < set.point[k + 1]; p++) { part.push([set.ys[p] / PER_DEGREE, set.xs[p] / PER_DEGREE]); }
      if (set.shape === "polygon") { part.push(part[0]); }
      parts.push(part);
    }
    return parts;
  }

  function middle(set, row) {
    var b = set.boxes, i = 4 * row, half = 2 * PER_DEGREE;
    return [(b[i + 1] + b[i + 3]) / half, (b[i] + b[i + 2]) / half];
  }

  return {
    decode: decode, numbers: numbers, within: within, any: any, find: find, outline: outline, middle: middle, PER_DEGREE: PER_DEGREE
  };
})();
