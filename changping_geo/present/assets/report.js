/* A report has one control: the language. */
"use strict";
(function () {
  document.getElementById("language").onclick = function () {
    var root = document.documentElement;
    root.lang = root.lang === "zh" ? "en" : "zh";
    document.title = root.getAttribute("data-title-" + root.lang);
  };
})();
