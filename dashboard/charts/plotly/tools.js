// The tools above a chart: pan, logarithmic axis, reset, table of values, and saving.

import { FORMATS, save } from "./save.js";
import { shortValue, tableOf } from "./rows.js";

/**
 * @typedef {object} Host
 * @property {() => import("./save.js").Figure} figure to be saved
 * @property {() => any} Plotly
 * @property {() => string} script
 * @property {() => string} pdf
 * @property {() => number} width
 * @property {(text: string) => void} say
 * @property {() => void} log
 * @property {() => void} pan
 * @property {() => void} reset
 * @property {() => HTMLElement} table fills the table and returns it
 */

/** @typedef {{ log?: boolean, isLog?: boolean, pan?: boolean, canPan?: boolean, table?: boolean }} Shown */

/** @param {HTMLElement} box @param {Host} host */
export function buildTools(box, host) {
  const pan = tool("Pan", "Drag to pan instead of zooming (or hold Shift)", host.pan);
  const log = tool("Log", "Logarithmic or linear axis", host.log);
  const reset = tool("Reset", "Reset the view (Escape or double-click)", host.reset);
  const table = tool("Table", "Show the values as a table", () => showTable(table.getAttribute("aria-expanded") !== "true"));
  table.setAttribute("aria-expanded", "false");
  const { opener, menu, close } = saveMenu(host);
  box.replaceChildren(pan, log, reset, table, opener, menu);

  /** @param {boolean} open */
  function showTable(open) {
    table.setAttribute("aria-expanded", String(open));
    host.table().hidden = !open;
  }

  return {
    /** @param {Shown} shown */
    refresh(shown) {
      log.hidden = !shown.log;
      pan.hidden = !shown.canPan;
      log.setAttribute("aria-pressed", String(Boolean(shown.isLog)));
      pan.setAttribute("aria-pressed", String(Boolean(shown.pan)));
      if (table.getAttribute("aria-expanded") === "true") host.table();
    },
    openTable: () => showTable(true),
    destroy: close,
  };
}

/** @param {Host} host */
function saveMenu(host) {
  const menu = document.createElement("div");
  menu.className = "pc-menu";
  menu.setAttribute("role", "menu");
  menu.hidden = true;
  const opener = tool("Save", "Save this chart", () => show(menu.hidden));
  opener.setAttribute("aria-haspopup", "menu");
  const outside = (/** @type {Event} */ event) => {
    if (!event.composedPath().includes(menu) && !event.composedPath().includes(opener)) show(false);
  };

  /** @param {boolean} open */
  function show(open) {
    menu.hidden = !open;
    opener.setAttribute("aria-expanded", String(open));
    if (open) {
      document.addEventListener("pointerdown", outside, true);
      /** @type {HTMLElement} */ (menu.firstElementChild).focus();
    } else {
      document.removeEventListener("pointerdown", outside, true);
    }
  }

  for (const [format, words] of Object.entries(FORMATS)) {
    const item = tool(words, "", () => {
      show(false);
      opener.focus();
      if (!host.Plotly() && format !== "csv" && format !== "pdf") return host.say("The chart has not loaded yet.");
      const kind = /** @type {keyof typeof FORMATS} */ (format);
      return save(host.Plotly(), kind, host.figure(), host.width(), host.script(), host.pdf()).catch((error) =>
        host.say(`Not saved: ${error.message}`));
    });
    item.setAttribute("role", "menuitem");
    item.dataset.format = format;
    menu.append(item);
  }
  menu.onkeydown = (event) => {
    const items = /** @type {HTMLElement[]} */ ([...menu.children]), at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    if (event.key === "Escape") {
      show(false);
      opener.focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      items[(at + (event.key === "ArrowDown" ? 1 : items.length - 1)) % items.length].focus();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return { opener, menu, close: () => show(false) };
}

/** @param {string} words @param {string} hint @param {() => unknown} onClick */
function tool(words, hint, onClick) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = words;
  if (hint) button.title = hint;
  button.onclick = onClick;
  return button;
}

/** More rows than this are only in the CSV. */
const MOST_ROWS = 1000;

/**
 * Write the figure's values into the box, and return it.
 * @param {HTMLElement} box
 * @param {import("./save.js").Figure} figure
 */
export function fillTable(box, figure) {
  const { columns, rows } = tableOf(figure);
  const line = (/** @type {any[]} */ cells, /** @type {string} */ tag) => {
    const row = document.createElement("tr");
    for (const cell of cells) row.append(Object.assign(document.createElement(tag), { textContent: shortValue(cell) }));
    return row;
  };
  const table = document.createElement("table"), head = document.createElement("thead"), body = document.createElement("tbody");
  head.append(line(columns, "th"));
  body.append(...rows.slice(0, MOST_ROWS).map((row) => line(row, "td")));
  table.append(head, body);
  const note = Object.assign(document.createElement("p"), {
    textContent: rows.length > MOST_ROWS ? `The first ${MOST_ROWS.toLocaleString("en-US")} of ${rows.length.toLocaleString("en-US")} rows; the CSV has them all.` : "",
  });
  box.replaceChildren(table, note);
  return box;
}
