// What a page can do beyond being read.  Without this script everything is
// there, only not to be sorted, filtered or singled out.
"use strict";

// A button of a legend shows its collector alone, in all charts.
const shown = new Set();
const seriesOf = (svg) => svg.querySelectorAll("g[id*='_plot_']");
function dim() {
  for (const svg of document.querySelectorAll("figure > svg.plot"))
    for (const group of seriesOf(svg)) {
      const name = group.querySelector("title")?.textContent;
      group.classList.toggle("dim", shown.size > 0 && !shown.has(name));
    }
  for (const button of document.querySelectorAll(".legend button"))
    button.setAttribute("aria-pressed", shown.has(button.dataset.series));
}
for (const button of document.querySelectorAll(".legend button"))
  button.addEventListener("click", () => {
    const name = button.dataset.series;
    if (!shown.delete(name)) shown.add(name);
    dim();
  });

// A click on the head of a column sorts the table by the column: by numbers with
// their units, where it has some.
const scales = { ns: 1, "µs": 1e3, ms: 1e6, s: 1e9, k: 1e3, M: 1e6, G: 1e9 };
function valueOf(text) {
  const parts = /^[(~]?(-?\d[\d,.]*(?:e[+-]?\d+)?)\s*([a-zA-Zµ]*)/.exec(text.trim());
  if (!parts) return NaN;
  return parseFloat(parts[1].replaceAll(",", "")) * (scales[parts[2]] ?? 1);
}
function compare(a, b) {
  const x = valueOf(a), y = valueOf(b);
  if (isNaN(x) || isNaN(y)) return isNaN(x) - isNaN(y) || a.localeCompare(b);
  return x - y;
}
function sortBy(table, column, head) {
  const up = head.getAttribute("aria-sort") !== "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  const body = table.tBodies[0];
  const rows = [...body.rows].sort((a, b) =>
    (up ? 1 : -1) * compare(a.cells[column].textContent, b.cells[column].textContent));
  body.append(...rows);
}
for (const table of document.querySelectorAll("table")) {
  if (!table.tHead || table.tBodies[0].rows.length < 2) continue;
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    if (!head.textContent) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sortBy(table, column, head));
  });
}

// The cells that have the words.
for (const filter of document.querySelectorAll(".filter")) {
  const cells = filter.nextElementSibling.children;
  filter.hidden = false;
  filter.querySelector("input").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/);
    for (const cell of cells) {
      const text = cell.querySelector("summary").textContent.toLowerCase();
      cell.hidden = !words.every((word) => text.includes(word));
    }
  });
}

// Light or dark, against the system's wish.
const theme = document.getElementById("theme");
theme.hidden = false;
theme.addEventListener("click", () => {
  const root = document.documentElement.classList;
  const system = matchMedia("(prefers-color-scheme: dark)").matches;
  const dark = root.contains("dark") || (system && !root.contains("light"));
  root.toggle("dark", !dark);
  root.toggle("light", dark);
});
