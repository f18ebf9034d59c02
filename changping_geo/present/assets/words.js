/* Elements, texts in two languages, and numbers as planners read them (the same rules as units.py). */
"use strict";
var Words = (function () {
  function make(tag, className, parent) {
    var node = document.createElement(tag);
    if (className) { node.className = className; }
    if (parent) { parent.appendChild(node); }
    return node;
  }

  /* Both languages stand in the page; the style sheet shows the one of <html lang>. */
  function pair(node, texts) {
    if (texts[0] === texts[1]) { node.appendChild(document.createTextNode(texts[0])); return node; }
    ["zh", "en"].forEach(function (lang, i) {
      var span = make("span", lang, node);
      span.lang = lang;
      span.textContent = texts[i];
    });
    return node;
  }

  function number(value, most) {
    var size = Math.abs(value), digits = Math.min(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2, most);
    return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  }

  function shown(value, row) {
    if (!isFinite(value)) { return ["–", "–"]; }
    if (row.whole) { return [String(value), String(value)]; }
    return row.ladder.map(function (steps) {
      var step = steps.filter(function (s) { return Math.abs(value) >= s[0]; })[0] || steps[steps.length - 1];
      var kept = Math.max(0, row.digits + Math.round(Math.log10(step[0])));
      return number(value / step[0], kept) + (step[1] === "" || step[1] === "%" ? "" : " ") + step[1];
    });
  }

  return { make: make, pair: pair, shown: shown };
})();
