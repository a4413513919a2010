// Saving a chart: PNG at twice the size, SVG, CSV, and a page that opens without a server; the server writes PDF.

import { tableOf, toCsv } from "./rows.js";
import { resolveUrl } from "./library.js";

/** @typedef {{ data: any[], layout: any }} Figure */

export const FORMATS = /** @type {const} */ ({ png: "PNG image", svg: "SVG image", pdf: "PDF of the whole chart", csv: "CSV of the values", html: "HTML page" });

/**
 * @param {any} Plotly
 * @param {keyof typeof FORMATS} format
 * @param {Figure} figure with its legend and title, in the theme's colours
 * @param {number} width in pixels
 * @param {string} script address of Plotly's script
 * @param {string} pdf class of what holds the server's button for a PDF
 */
export async function save(Plotly, format, figure, width, script, pdf) {
  const name = `${figure.layout.meta.file}.${format}`;
  if (format === "csv") return offer(name, new Blob([toCsv(tableOf(figure))], { type: "text/csv" }));
  if (format === "pdf") return press(pdf);
  if (format === "html") return offer(name, new Blob([await page(figure, script)], { type: "text/html" }));
  const size = { format, width, height: figure.layout.height, scale: format === "png" ? 2 : 1 };
  const picture = await Plotly.toImage(figure, size);
  offer(name, await (await fetch(picture)).blob());
}

/** @param {Figure} figure @param {string} script */
async function page(figure, script) {
  if (!script) throw new Error("this app cannot write its folder, so it has no script to put into the page");
  const library = await (await fetch(resolveUrl(script))).text();
  const { title, alt } = figure.layout.meta, escaped = (/** @type {string} */ text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  // Nothing in the figure may close its element, so "<" is escaped for JSON.
  const content = JSON.stringify({ data: figure.data, layout: { ...figure.layout, width: undefined } }).replaceAll("<", "\\u003c");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title><style>body { margin: 1rem; background: ${figure.layout.paper_bgcolor}; }</style></head>
<body><div id="chart" role="img" aria-label="${escaped(alt)}"></div>
<script>${library}</script>
<script type="application/json" id="figure">${content}</script>
<script>
const figure = JSON.parse(document.getElementById("figure").textContent);
Plotly.newPlot("chart", figure.data, figure.layout, { responsive: true, displaylogo: false, scrollZoom: true });
</script></body></html>`;
}

/** @param {string} holder */
function press(holder) {
  const button = /** @type {HTMLElement | null} */ (document.querySelector(`.${holder} button`));
  if (!button) throw new Error("this page has no PDF of it");
  button.click();
}

/** @param {string} name @param {Blob} content */
function offer(name, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
