/* Distance along a line and area of a polygon on the ellipsoid of WGS 84 (that of CGCS2000 differs by 0.1 mm). */
"use strict";
var Measure = (function () {
  var make = Words.make, pair = Words.pair, RAD = Math.PI / 180, A = 6378137, F = 1 / 298.257223563, MU_M2 = 10000 / 15;
  var B = A * (1 - F), E2 = F * (2 - F), E = Math.sqrt(E2);

  /* Vincenty's inverse solution, Survey Review 23 (1975), doi:10.1179/sre.1975.23.176. [m] */
  function distance(one, other) {
    var u1 = Math.atan((1 - F) * Math.tan(one.lat * RAD)), u2 = Math.atan((1 - F) * Math.tan(other.lat * RAD));
    var s1 = Math.sin(u1), c1 = Math.cos(u1), s2 = Math.sin(u2), c2 = Math.cos(u2);
    var far = (other.lng - one.lng) * RAD, along = far, before, left = 100, sine, cosine, arc, square, mid;
    do {
      var sl = Math.sin(along), cl = Math.cos(along);
      sine = Math.sqrt(Math.pow(c2 * sl, 2) + Math.pow(c1 * s2 - s1 * c2 * cl, 2));
      if (sine === 0) { return 0; }
      cosine = s1 * s2 + c1 * c2 * cl;
      arc = Math.atan2(sine, cosine);
      var turn = c1 * c2 * sl / sine;
      square = 1 - turn * turn;
      mid = square ? cosine - 2 * s1 * s2 / square : 0;
      var c = F / 16 * square * (4 + F * (4 - 3 * square));
      before = along;
      along = far + (1 - c) * F * turn * (arc + c * sine * (mid + c * cosine * (2 * mid * mid - 1)));
    } while (Math.abs(along - before) > 1e-12 && --left > 0);
    var k = square * (A * A - B * B) / (B * B);
    var big = 1 + k / 16384 * (4096 + k * (k * (320 - 175 * k) - 768)), small = k / 1024 * (256 + k * (k * (74 - 47 * k) - 128));
    var less = small * sine * (mid + small / 4 * (cosine * (2 * mid * mid - 1) -
      small / 6 * mid * (4 * sine * sine - 3) * (4 * mid * mid - 3)));
    return B * big * (arc - less);
  }

  /* The sphere of the ellipsoid's own area: Snyder, USGS Professional Paper 1395 (1987), (3-11) to (3-13). */
  function q(sine) {
    return (1 - E2) * (sine / (1 - E2 * sine * sine) - Math.log((1 - E * sine) / (1 + E * sine)) / (2 * E));
  }
  function authalic(lat) { return Math.asin(Math.max(-1, Math.min(1, q(Math.sin(lat * RAD)) / q(1)))); }

  function area(points) {
    var sum = 0;
    points.forEach(function (one, i) {
      var other = points[(i + 1) % points.length];
      var t1 = Math.tan(authalic(one.lat) / 2), t2 = Math.tan(authalic(other.lat) / 2);
      sum += 2 * Math.atan2(Math.tan((other.lng - one.lng) * RAD / 2) * (t1 + t2), 1 + t1 * t2);
    });
    return Math.abs(sum) * A * A * q(1) / 2;
  }

  function length(points, closed) {
    return points.reduce(function (sum, point, i) {
      return i || closed ? sum + distance(points[i ? i - 1 : points.length - 1], point) : sum;
    }, 0);
  }

  function written(value, digits) {
    return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  }
  function short(value) { return written(value, value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2); }

  function metres(value) {
    if (value < 1000) { return [written(value, 1) + " 米", written(value, 1) + " m"]; }
    var km = written(value / 1000, value < 100000 ? 3 : 1);
    return [km + " 公里", km + " km"];
  }

  var AREA = [
    { words: ["平方米", "m²"], size: 1 }, { words: ["亩", "mu"], size: MU_M2 },
    { words: ["公顷", "ha"], size: 1e4 }, { words: ["平方公里", "km²"], size: 1e6 }
  ];
  function areas(value) {
    var shown = AREA.filter(function (unit) { return value / unit.size >= 0.01; });
    return (shown.length ? shown : AREA.slice(0, 1)).map(function (unit) {
      var text = unit.size === 1 ? written(value, 0) : short(value / unit.size);
      return [text + " " + unit.words[0], text + " " + unit.words[1]];
    });
  }

  function Tool(app) {
    var tool = this;
    this.app = app;
    this.points = [];
    this.mode = "";
    app.map.createPane("measure").style.zIndex = 640;
    this.group = L.layerGroup();
    this.buttons = {
      line: MapTools.button("line", ["量距离", "Measure distance"],
        "M2 14.5 14.5 2 18 5.500 5.500 18ZM5.500 11l2 2M8.500 8l1.500 1.500M11.500 5l2 2", function () { tool.toggle("line"); }),
      area: MapTools.button("area", ["量面积", "Measure area"],
        "M3 15 5 4 15 3 17 12 11 17ZM5 4h.01M15 3h.01M17 12h.01M11 17h.01M3 15h.01", function () { tool.toggle("area"); })
    };
    document.addEventListener("keydown", function (event) { tool.key(event); }, true);
  }

  Tool.prototype.toggle = function (mode) {
    var same = this.mode === mode;
    this.stop();
    if (!same) { this.start(mode); }
  };

  Tool.prototype.start = function (mode) {
    var map = this.app.map;
    this.mode = mode;
    this.live = true;
    this.points = [];
    map.closePopup();
    map.off("click", this.app.click, this.app);
    map.doubleClickZoom.disable();
    map.on("click", this.add, this);
    map.on("dblclick", this.finish, this);
    map.on("mousemove", this.reach, this);
    this.group.addTo(map);
    map.getContainer().classList.add("measuring");
    map.getContainer().focus({ preventScroll: true });
    this.draw();
  };

  Tool.prototype.stop = function () {
    if (!this.mode) { return; }
    this.rest();
    this.mode = "";
    this.points = [];
    this.draw();
    this.group.clearLayers();
    this.group.remove();
  };

  /* The figure stays, and a click means what it meant before. */
  Tool.prototype.rest = function () {
    var map = this.app.map;
    if (!this.live) { return; }
    this.live = false;
    this.hand = null;
    map.off("click", this.add, this).off("dblclick", this.finish, this).off("mousemove", this.reach, this);
    map.on("click", this.app.click, this.app);
    setTimeout(function () { map.doubleClickZoom.enable(); }, 0);
    map.getContainer().classList.remove("measuring");
  };

  Tool.prototype.add = function (event) {
    var last = this.points[this.points.length - 1];
    if (!last || !last.equals(event.latlng)) { this.points.push(event.latlng); }
    this.draw();
  };
  Tool.prototype.reach = function (event) { this.hand = event.latlng; this.draw(); };
  Tool.prototype.finish = function () {
    if (this.points.length < (this.mode === "area" ? 3 : 2)) { this.stop(); return; }
    this.rest();
    this.draw();
  };

  /* Enter ends, Backspace takes back, Escape cancels, the space bar sets a point in the middle of the map. */
  Tool.prototype.key = function (event) {
    if (!this.mode || /^(INPUT|SELECT|TEXTAREA|BUTTON)$/.test(event.target.tagName) && event.key !== "Escape") { return; }
    if (event.key === "Escape") { this.stop(); }
    else if (!this.live) { return; }
    else if (event.key === "Enter") { this.finish(); }
    else if (event.key === "Backspace") { this.points.pop(); this.draw(); }
    else if (event.key === " ") { this.add({ latlng: this.app.map.getCenter() }); }
    else { return; }
    event.preventDefault();
    event.stopPropagation();
  };

  Tool.prototype.draw = function () {
    var style = { pane: "measure", interactive: false, color: "#b3261e", weight: 2.5 }, group = this.group, tool = this;
    var shown = this.live && this.hand ? this.points.concat(this.hand) : this.points;
    group.clearLayers();
    if (this.mode === "area" && shown.length > 2) {
      group.addLayer(L.polygon(shown, L.extend({ fillOpacity: 0.12 }, style)));
    } else if (shown.length > 1) { group.addLayer(L.polyline(shown, style)); }
    this.points.forEach(function (point) {
      group.addLayer(L.circleMarker(point, L.extend({}, style, { radius: 4, fillColor: "#fff", fillOpacity: 1, weight: 2 })));
    });
    Object.keys(this.buttons).forEach(function (mode) {
      tool.buttons[mode].setAttribute("aria-pressed", String(tool.mode === mode));
    });
    this.tell(shown);
  };

  Tool.prototype.tell = function (shown) {
    var box = MapTools.told(), closed = this.mode === "area" && shown.length > 2;
    box.textContent = "";
    if (!this.mode) { return; }
    if (closed) {
      var parts = areas(area(shown));
      pair(make("b", "", box), parts[0]);
      if (parts.length > 1) {
        pair(make("p", "", box), [0, 1].map(function (i) {
          return parts.slice(1).map(function (texts) { return texts[i]; }).join(" = ");
        }));
      }
    }
    if (shown.length > 1) {
      var far = metres(length(shown, closed));
      pair(make(closed ? "p" : "b", "", box), closed ? ["周长 " + far[0], "Perimeter " + far[1]] : far);
    }
    pair(make("p", "hint", box), this.live
      ? ["点击地图加点，空格在图中央加点，双击或回车结束，Esc 取消", "Click to add points, space adds the middle; double-click or Enter ends, Esc cancels"]
      : ["Esc 清除", "Esc clears"]);
  };

  PlanMap.controls.push(function (app) { app.measure = new Tool(app); });
  return { distance: distance, area: area, length: length, metres: metres, areas: areas };
})();
