/* The map as a sheet of paper: title, legend, scale, north, sources, status; A4 or A3, landscape. The sheet is laid out
   before the browser prints, at its true size, so that every tile is drawn for it. */
"use strict";
(function () {
  var make = Words.make, pair = Words.pair, PX_M = 0.0254 / 96, EDGE_MM = 10;
  var SIZES = { A4: [297, 210], A3: [420, 297] };

  function Sheet(app) {
    var sheet = this;
    this.app = app;
    this.size = "A4";
    this.rule = make("style", "", document.head);
    this.node = make("div", "", document.body);
    this.node.id = "sheet";
    this.paper("A4");
    var open = MapTools.button("print", ["打印或存为 PDF", "Print or save as PDF"],
      "M6 7V2.500h8V7M6 14H3V7.500h14V14h-3M6 11.500h8v6H6Z", function () { sheet.ask(); });
    open.setAttribute("aria-haspopup", "true");
    window.addEventListener("beforeprint", function () { sheet.lay(); });
    window.addEventListener("afterprint", function () { sheet.lift(); });
  }

  Sheet.prototype.paper = function (size) {
    this.size = size;
    this.rule.textContent = "@page { size: " + size + " landscape; margin: " + EDGE_MM + "mm; }";
  };

  Sheet.prototype.ask = function () {
    var box = MapTools.told(), sheet = this, row;
    if (box.querySelector(".papers")) { box.textContent = ""; return; }
    box.textContent = "";
    row = make("div", "papers", box);
    pair(make("span", "", row), ["打印横幅：", "Print, landscape:"]);
    Object.keys(SIZES).forEach(function (size) {
      var button = make("button", "", row);
      button.type = "button";
      button.textContent = size;
      button.onclick = function () {
        box.textContent = "";
        sheet.paper(size);
        sheet.lay();
        requestAnimationFrame(function () { setTimeout(function () { window.print(); }, 60); });
      };
    });
    row.querySelector("button").focus();
  };

  /* What the reader sees between the cards becomes the sheet; the whole district fills it. */
  Sheet.prototype.view = function () {
    var map = this.app.map, room = this.app.room(0), size = map.getSize();
    var box = L.bounds(room.topLeft, [size.x - room.bottomRight[0], size.y - room.bottomRight[1]]), small = box.getSize();
    if (small.x < 80 || small.y < 80) { return map.getBounds(); }
    var view = L.latLngBounds(map.containerPointToLatLng(box.min), map.containerPointToLatLng(box.max));
    var whole = L.latLngBounds(this.app.page.bounds);
    return view.contains(whole) ? whole.pad(0.02) : view;
  };

  Sheet.prototype.lay = function () {
    var app = this.app, map = app.map, snap = map.options.zoomSnap, view = this.view(), size = SIZES[this.size];
    if (this.kept) { return; }
    this.kept = { centre: map.getCenter(), zoom: map.getZoom() };
    map.closePopup();
    document.body.classList.remove("panel-open");
    document.documentElement.style.setProperty("--sheet-w", size[0] - 2 * EDGE_MM + "mm");
    document.documentElement.style.setProperty("--sheet-h", size[1] - 2 * EDGE_MM - 0.5 + "mm");
    document.body.classList.add("sheet", "sheet-" + this.size.toLowerCase());
    this.fill();
    map.options.zoomSnap = 0.1;
    map.invalidateSize({ animate: false, pan: false });
    map.fitBounds(view, { animate: false });
    map.options.zoomSnap = snap;
    this.tellScale();
    Tiles.flush();
    map.eachLayer(function (layer) { if (layer._redrawRequest) { layer._redraw(); } });
  };

  Sheet.prototype.lift = function () {
    var map = this.app.map, kept = this.kept;
    if (!kept) { return; }
    this.kept = null;
    document.body.classList.remove("sheet", "sheet-a4", "sheet-a3");
    var options = map.options, snap = options.zoomSnap;
    options.zoomSnap = 0.1;
    map.invalidateSize({ animate: false, pan: false });
    map.setView(kept.centre, kept.zoom, { animate: false });
    options.zoomSnap = snap;
    this.node.textContent = "";
  };

  function copy(parent, selector) {
    Array.prototype.forEach.call(document.querySelectorAll(selector), function (node) {
      var twin = node.cloneNode(true);
      twin.removeAttribute("id");
      parent.appendChild(twin);
    });
  }

  function tall(box) {
    return Array.prototype.reduce.call(box.children, function (sum, node) { return sum + node.offsetHeight; }, 0);
  }

  Sheet.prototype.fill = function () {
    var app = this.app, node = this.node, side, head, foot, today = new Date(), date;
    node.textContent = "";
    head = make("div", "sheet-head", node);
    copy(make("div", "", head), "#head .kicker, #head h1, #head .about");
    copy(head, "#head .banner");
    make("div", "sheet-map", node);
    side = make("div", "sheet-side", node);
    pair(make("h2", "", side), ["图例", "Legend"]);
    copy(side, "#panel .legend:not([hidden])");
    (app.sliders || []).forEach(function (slider) {
      var step = slider.text();
      if (slider.title && slider.at >= 0) {
        pair(make("p", "", side), [slider.title[0] + "：" + step[0], slider.title[1] + ": " + step[1]]);
      }
    });
    foot = make("div", "sheet-foot", side);
    this.ratio = make("p", "sheet-scale", foot);
    (app.page.credit || []).forEach(function (line) { pair(make("p", "sheet-credit", foot), line); });
    date = [today.getFullYear(), today.getMonth() + 1, today.getDate()].map(function (n) { return (n < 10 ? "0" : "") + n; }).join("-");
    pair(make("p", "", foot), ["打印日期：" + date, "Printed on " + date]);
    pair(make("p", "", foot), ["坐标系：CGCS2000 / WGS 84，投影：Web 墨卡托", "CGCS2000 / WGS 84, Web Mercator"]);
    pair(make("h3", "", foot), ["数据来源", "Sources"]);
    app.page.sources.forEach(function (source) { pair(make("p", "", foot), source); });
    for (var size = 0.8; size > 0.4 && tall(side) > 0.95 * side.clientHeight; size -= 0.04) {
      foot.style.fontSize = size.toFixed(2) + "em";
    }
  };

  /* One metre on paper is so many on the ground, in the middle of the map. */
  Sheet.prototype.tellScale = function () {
    var map = this.app.map, middle = map.getSize().divideBy(2), one = map.containerPointToLatLng(middle);
    var ratio = Measure.distance(one, map.containerPointToLatLng(middle.add([100, 0]))) / (100 * PX_M);
    var round = Math.pow(10, Math.max(0, Math.floor(Math.log10(ratio)) - 2)), text = (Math.round(ratio / round) * round).toLocaleString("en-US");
    this.ratio.textContent = "";
    pair(this.ratio, ["比例尺约 1 : " + text, "Scale about 1 : " + text]);
  };

  PlanMap.controls.push(function (app) { app.sheet = new Sheet(app); });
})();
