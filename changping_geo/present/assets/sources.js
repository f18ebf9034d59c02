/* Two sources of a layer on one map: towns by difference below, the shapes of both above, each to be switched off. */
"use strict";
(function () {
  var make = Words.make, pair = Words.pair, data = JSON.parse(document.getElementById("sources-data").textContent);
  var map = L.map("map", { zoomSnap: 0.25, attributionControl: false, preferCanvas: true });
  map.fitBounds(data.bounds, { padding: [8, 8], animate: false });

  L.geoJSON({ type: "FeatureCollection", features: data.towns }, {
    style: function (town) { return { color: "#fff", weight: 1.2, fillColor: town.properties.colour, fillOpacity: 0.7 }; },
    onEachFeature: function (town, shape) {
      shape.bindTooltip(function () {
        var node = make("div"), values = town.properties.values;
        pair(make("b", "", node), town.properties.name);
        make("div", "", node).textContent = "A " + values[0] + " · B " + values[1] + " · B−A " + values[2];
        return node;
      }, { sticky: true });
    }
  }).addTo(map);

  var legend = document.getElementById("legend");
  data.sides.forEach(function (side) {
    var shapes = L.geoJSON({ type: "FeatureCollection", features: side.features }, {
      interactive: false,
      style: function (one) {
        var alone = one.properties.alone;
        return { color: side.colour, weight: alone ? 1.8 : 0.8, fillColor: side.colour, fillOpacity: alone ? 0.6 : 0.1 };
      },
      pointToLayer: function (one, at) {
        return L.circleMarker(at, { radius: one.properties.alone ? 4 : 2.5, interactive: false });
      }
    }).addTo(map);
    var item = make("li", "", legend), label = make("label", "", item), box = make("input", "", label);
    box.type = "checkbox";
    box.checked = true;
    box.addEventListener("change", function () { if (box.checked) { shapes.addTo(map); } else { shapes.remove(); } });
    var swatch = make("i", "", label);
    swatch.style.background = side.colour;
    swatch.style.display = "inline-block";
    swatch.style.margin = "0 4px";
    pair(make("span", "", label), side.name);
    if (side.left) { pair(make("span", "", label), ["（另有 " + side.left + " 个未画）", " (" + side.left + " more not drawn)"]); }
  });
  data.legend.colours.forEach(function (colour, i) {
    var item = make("li", "", legend);
    make("i", "", item).style.background = colour;
    pair(make("span", "", item), [data.legend.labels[0][i], data.legend.labels[1][i]]);
  });
  pair(make("li", "unit", legend), data.legend.unit);
  L.control.scale({ imperial: false }).addTo(map);

  document.getElementById("language").addEventListener("click", function () {
    var lang = document.documentElement.lang === "zh" ? "en" : "zh";
    document.documentElement.lang = lang;
    document.title = data.title[lang === "zh" ? 0 : 1];
  });
})();
