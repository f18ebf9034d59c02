/* The door of a run: language switch and tables that sort. Sorting uses the exact numbers, not the written ones. */
"use strict";
(function () {
  document.getElementById("language").onclick = function () {
    var root = document.documentElement;
    root.lang = root.lang === "zh" ? "en" : "zh";
    document.title = root.getAttribute("data-title-" + root.lang);
  };

  function key(row, column) {
    var cell = row.cells[column], number = cell.getAttribute("data-value");
    return number === null ? cell.textContent : number === "" ? -Infinity : Number(number);
  }

  function sort(table, column, down) {
    var body = table.tBodies[0], rows = Array.prototype.slice.call(body.rows);
    rows.sort(function (a, b) {
      var x = key(a, column), y = key(b, column);
      var order = typeof x === "number" ? (x === y ? 0 : x < y ? -1 : 1) : x.localeCompare(y, "zh");
      return down ? -order : order;
    });
    rows.forEach(function (row) { body.appendChild(row); });
  }

  document.querySelectorAll("table.sortable").forEach(function (table) {
    var heads = Array.prototype.slice.call(table.tHead.rows[0].cells);
    heads.forEach(function (head, column) {
      head.querySelector("button").onclick = function () {
        var down = head.getAttribute("aria-sort") !== "descending";
        if (column === 0 && !head.hasAttribute("aria-sort")) { down = false; }
        heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        sort(table, column, down);
      };
    });
  });
})();
