/* A row of buttons under the title, for the controls that follow. */
"use strict";
var MapTools = (function () {
  var make = Words.make, pair = Words.pair, SVG = "http://www.w3.org/2000/svg";

  function part(name, className, label) {
    var node = document.getElementById(name), head = document.getElementById("head");
    if (node) { return node; }
    node = make("div", className);
    node.id = name;
    if (label) {
      node.setAttribute("role", "toolbar");
      node.setAttribute("aria-label", label);
    }
    head.insertBefore(node, head.querySelector(".banner"));
    return node;
  }

  function bar() { return part("tools", "tools", "工具 Tools"); }

  /* What a tool tells its reader stands below the bar. */
  function told() {
    bar();
    var node = part("tool-told", "tool-told");
    node.setAttribute("aria-live", "polite");
    return node;
  }

  function icon(parent, shape) {
    var svg = document.createElementNS(SVG, "svg"), path = document.createElementNS(SVG, "path");
    svg.setAttribute("viewBox", "0 0 20 20");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", shape);
    svg.appendChild(path);
    parent.appendChild(svg);
  }

  function button(name, texts, shape, press) {
    var node = make("button", "tool", bar());
    node.type = "button";
    node.id = "tool-" + name;
    node.title = texts.join(" ");
    node.setAttribute("aria-label", node.title);
    icon(node, shape);
    node.onclick = function () { press(node); };
    return node;
  }

  return { bar: bar, told: told, button: button, icon: icon, make: make, pair: pair };
})();
