/* The door of a run: language switch, tables that sort, everything unfolded on paper. Sorting uses the exact numbers,
   not the written ones; what is missing comes last either way. */
"use strict";
(function () {
  document.getElementById("language").onclick = function () {
    var root = document.documentElement;
    root.lang = root.lang === "zh" ? "en" : "zh";
    document.title = root.getAttribute("data-title-" + root.lang);
  };

  /* A cell in both languages is sorted by the one that is seen. */
  function key(cell) {
    var number = cell.getAttribute("data-value"), own = cell.querySelector("." + document.documentElement.lang);
    if (number === null) { return (own || cell).textContent; }
    return number === "" ? NaN : Number(number);
  }

  function order(x, y) {
    if (typeof x !== typeof y) { return typeof x === "number" ? -1 : 1; }
    return typeof x === "number" ? x - y : x.localeCompare(y, "zh");
  }

  function sort(table, column, down) {
    var body = table.tBodies[0], rows = Array.prototype.map.call(body.rows, function (row) {
      return { row: row, key: key(row.cells[column]) };
    });
    rows.sort(function (a, b) {
      var noA = a.key !== a.key, noB = b.key !== b.key;
      if (noA || noB) { return noA === noB ? 0 : noA ? 1 : -1; }
      return down ? -order(a.key, b.key) : order(a.key, b.key);
    });
    rows.forEach(function (each) { body.appendChild(each.row); });
  }

  document.querySelectorAll("table.sortable").forEach(function (table) {
    var heads = Array.prototype.slice.call(table.tHead.rows[0].cells);
    heads.forEach(function (head, column) {
      head.querySelector("button").onclick = function () {
        var first = head.classList.contains("number") ? "descending" : "ascending", now = head.getAttribute("aria-sort");
        var next = !now ? first : now === "ascending" ? "descending" : "ascending";
        heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", next);
        sort(table, column, next === "descending");
      };
    });
  });

  var folded = [];
  window.addEventListener("beforeprint", function () {
    folded = Array.prototype.filter.call(document.querySelectorAll("details"), function (each) { return !each.open; });
    folded.forEach(function (each) { each.open = true; });
  });
  window.addEventListener("afterprint", function () {
    folded.forEach(function (each) { each.open = false; });
  });
})();
