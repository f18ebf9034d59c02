/* Two runs side by side: the towns of both on the same classes, their difference, and a table. The maps move together. */
"use strict";
(function () {
  var make = Words.make, pair = Words.pair, data = JSON.parse(document.getElementById("compare-data").textContent);
  var maps = [], leaves = [], now = 0, sorted = { column: 0, down: false }, moving = false;
  var SIDES = ["a", "b", "difference"];

  function language(lang) {
    document.documentElement.lang = lang;
    document.title = data.title[lang === "zh" ? 0 : 1];
    options();
    labels();
  }

  /* --- maps -------------------------------------------------------------------------------------------------- */
  function pane(side, number) {
    var map = L.map("map-" + side, { zoomControl: false, zoomSnap: 0.1, attributionControl: false, zoomAnimation: false });
    map.getContainer().setAttribute("aria-label", data.names[number].join(" "));
    map.fitBounds(data.bounds, { padding: [8, 8], animate: false });
    map.setMinZoom(map.getZoom() - 1).setMaxZoom(15);
    leaves.push(L.geoJSON(data.towns, {
      style: { color: "#fff", weight: 1, fillOpacity: 0.9 },
      onEachFeature: function (town, shape) {
        shape.on("mouseover", function () { touch(town.id); });
        shape.on("mouseout", function () { touch(-1); });
        shape.on("click", function () { touch(town.id); row(town.id, true); });
        shape.bindTooltip(function () { return told(town.id, side); }, { sticky: true });
      }
    }).addTo(map));
    L.geoJSON(data.outline, { interactive: false, style: { fill: false, color: "#8a8172", weight: 1.3 } }).addTo(map);
    data.towns.features.forEach(function (town) {
      var node = pair(make("span", "label"), town.properties.name);
      L.marker(town.properties.at, {
        icon: L.divIcon({ html: node, className: "label-box", iconSize: null }), interactive: false, keyboard: false
      }).addTo(map);
    });
    if (number === 2) { L.control.scale({ imperial: false, maxWidth: 90 }).addTo(map); }
    map.on("move", function () { follow(map); });
    map.on("zoomend moveend", labels);
    maps.push(map);
  }

  function follow(map) {
    if (moving) { return; }
    moving = true;
    maps.forEach(function (other) {
      if (other !== map) { other.setView(map.getCenter(), map.getZoom(), { animate: false }); }
    });
    moving = false;
  }

  function labels() {
    maps.forEach(function (map) {
      var taken = [];
      Array.prototype.forEach.call(map.getPane("markerPane").children, function (box) {
        var one = box.firstChild.getBoundingClientRect();
        var free = !taken.some(function (other) {
          return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
        });
        box.style.visibility = free ? "" : "hidden";
        if (free) { taken.push(one); }
      });
    });
  }

  function told(id, side) {
    var node = make("div"), output = data.outputs[now], texts = output.rows[id][side];
    pair(make("b", "", node), data.towns.features[id].properties.name);
    pair(make("div", "", node), texts);
    if (side === "difference") { make("div", "", node).textContent = output.rows[id].percent; }
    return node;
  }

  function touch(id) {
    leaves.forEach(function (leaf) {
      leaf.eachLayer(function (shape) {
        var on = shape.feature.id === id;
        shape.setStyle(on ? { color: "#2b2a27", weight: 2.4 } : { color: "#fff", weight: 1 });
        if (on) { shape.bringToFront(); }
      });
    });
    row(id, false);
  }

  function row(id, seek) {
    Array.prototype.forEach.call(document.querySelectorAll("#rows tr"), function (line) {
      var on = line.getAttribute("data-town") === String(id);
      line.classList.toggle("on", on);
      if (on && seek) { line.scrollIntoView({ block: "nearest" }); }
    });
  }

  /* --- what is shown ----------------------------------------------------------------------------------------- */
  function options() {
    var select = document.getElementById("output"), at = document.documentElement.lang === "en" ? 1 : 0, groups = {};
    select.textContent = "";
    data.outputs.forEach(function (output, i) {
      var name = output.analysis[at], group = groups["g " + name], option;
      if (!group) {
        group = groups["g " + name] = make("optgroup", "", select);
        group.label = name;
      }
      option = make("option", "", group);
      option.value = i;
      option.textContent = output.label[at];
    });
    select.value = now;
  }

  function legend(side, card) {
    var list = document.getElementById("legend-" + side);
    list.textContent = "";
    if (card.unit[0]) { pair(make("li", "unit", list), card.unit); }
    card.labels[0].forEach(function (label, i) {
      var item = make("li", "", list);
      make("i", "", item).style.backgroundColor = card.colours[i];
      pair(make("span", "", item), [label, card.labels[1][i]]);
    });
  }

  function show(at) {
    var output = data.outputs[at];
    now = at;
    SIDES.forEach(function (side, number) {
      var card = side === "difference" ? output.change : output.legend, classes = output.classes[side];
      var total = document.getElementById("total-" + side);
      leaves[number].eachLayer(function (shape) {
        var kind = classes[shape.feature.id];
        shape.setStyle({ fillColor: kind < 0 ? "#cfccc4" : card.colours[kind] });
      });
      legend(side, card);
      total.textContent = "";
      pair(total, output.rows[output.rows.length - 1][side]);
      if (side === "difference") { make("span", "", total).textContent = "  " + output.rows[output.rows.length - 1].percent; }
    });
    table();
  }

  /* --- the table --------------------------------------------------------------------------------------------- */
  function table() {
    var body = document.getElementById("rows"), output = data.outputs[now], count = data.towns.features.length;
    var order = output.rows.slice(0, count).map(function (_, i) { return i; });
    var key = [null, "a", "b", "difference", "percent"][sorted.column];
    order.sort(function (i, j) {
      var x = key ? output.values[key][i] : data.towns.features[i].properties.name[0];
      var y = key ? output.values[key][j] : data.towns.features[j].properties.name[0], way;
      if (key && (x === null || y === null)) { return (x === null) - (y === null); }
      way = key ? x - y : x.localeCompare(y, "zh");
      return sorted.down ? -way : way;
    });
    body.textContent = "";
    order.concat(output.rows.slice(count).map(function (_, i) { return count + i; })).forEach(function (i) {
      var line = make("tr", i < count ? "" : "whole", body), cells = output.rows[i];
      line.setAttribute("data-town", i);
      pair(make("td", "", line), i < count ? data.towns.features[i].properties.name : data.last[i - count]);
      [cells.a, cells.b, cells.difference, [cells.percent, cells.percent]].forEach(function (texts) { pair(make("td", "", line), texts); });
      if (i < count) { line.onmouseenter = function () { touch(i); }; line.onmouseleave = function () { touch(-1); }; }
    });
  }

  Array.prototype.forEach.call(document.querySelectorAll("#differences th"), function (head, column) {
    head.querySelector("button").onclick = function () {
      sorted = { column: column, down: sorted.column === column ? !sorted.down : column > 0 };
      Array.prototype.forEach.call(document.querySelectorAll("#differences th"), function (other) { other.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
      table();
    };
  });
  SIDES.forEach(pane);
  document.getElementById("language").onclick = function () { language(document.documentElement.lang === "zh" ? "en" : "zh"); };
  document.getElementById("output").onchange = function () { show(Number(this.value)); };
  language("zh");
  show(0);
  window.Compared = { maps: maps, show: show, data: data };
})();
