/* Coordinates under the pointer, and a link that leads back to this view: #zoom/latitude/longitude/language. */
"use strict";
(function () {
  var make = Words.make, pair = Words.pair;

  function degrees(value, positive, negative) {
    return Math.abs(value).toFixed(5) + "°" + (value < 0 ? negative : positive);
  }

  function coordinates(app) {
    var node = make("div", "coordinates"), control = L.control({ position: "bottomleft" });
    node.id = "coordinates";
    control.onAdd = function () { return node; };
    control.addTo(app.map);
    function tell(latlng) {
      node.textContent = degrees(latlng.lng, "E", "W") + "  " + degrees(latlng.lat, "N", "S");
      make("small", "", node).textContent = "CGCS2000 / WGS 84";
    }
    app.map.on("mousemove", function (event) { tell(event.latlng.wrap()); });
    app.map.on("moveend", function () { tell(app.map.getCenter()); });
    tell(app.map.getCenter());
  }

  function written(app) {
    var centre = app.map.getCenter(), zoom = Math.round(app.map.getZoom() * 10) / 10;
    return "#" + [zoom, centre.lat.toFixed(5), centre.lng.toFixed(5), app.lang()].join("/");
  }

  /* {zoom, lat, lng, lang}, or null for anything else. */
  function read(hash) {
    var parts = hash.slice(1).split("/"), numbers = parts.slice(0, 3).map(parseFloat);
    if (parts.length < 3 || parts.length > 4 || !numbers.every(isFinite) || Math.abs(numbers[1]) > 85 || Math.abs(numbers[2]) > 180) {
      return null;
    }
    return { zoom: Math.max(3, Math.min(19, numbers[0])), lat: numbers[1], lng: numbers[2], lang: parts[3] };
  }

  function go(app) {
    var wanted = read(location.hash), options = app.map.options, snap = options.zoomSnap;
    if (!wanted || location.hash === written(app)) { return; }
    if ((wanted.lang === "zh" || wanted.lang === "en") && wanted.lang !== app.lang()) { app.language(wanted.lang); }
    options.zoomSnap = 0.1;
    app.map.setView([wanted.lat, wanted.lng], wanted.zoom, { animate: false });
    options.zoomSnap = snap;
  }

  function share(app) {
    var waiting = 0;
    function note() {
      clearTimeout(waiting);
      waiting = setTimeout(function () {
        if (location.hash !== written(app) && !document.body.classList.contains("sheet")) { location.replace(written(app)); }
      }, 400);
    }
    MapTools.button("share", ["复制此视图的链接", "Copy a link to this view"],
      "M8 12 12 8M9 5.500 11 3.500a3.600 3.600 0 0 1 5.500 5.500L14 11.500M11 14.500 9 16.500a3.600 3.600 0 0 1-5.500-5.500L6 8.500", function () {
        var box = MapTools.told(), input;
        box.textContent = "";
        if (location.hash !== written(app)) { location.replace(written(app)); }
        input = make("input", "link", box);
        input.readOnly = true;
        input.value = location.href.split("#")[0] + written(app);
        input.setAttribute("aria-label", "链接 Link");
        input.select();
        var copied = document.execCommand && document.execCommand("copy");
        pair(make("p", "hint", box), copied ? ["链接已复制", "Link copied"] : ["请复制上面的链接", "Copy the link above"]);
        input.onblur = function () { setTimeout(function () { if (input.parentNode === box) { box.textContent = ""; } }, 200); };
      });
    if (location.hash) { go(app); }
    window.addEventListener("hashchange", function () { go(app); });
    app.map.on("moveend", note);
    app.changed(function (what) { if (what === "language") { note(); } });
  }

  PlanMap.controls.push(function (app) {
    coordinates(app);
    share(app);
  });
})();
