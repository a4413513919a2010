// The units of the code: how many say something at an epoch, and a cell for each with as much ink as it varies.

/** @import { EpochCloudData } from "../types.js" */

import { element } from "../../../aecore/viewer/js/dom.js";
import { plural } from "../../../aecore/viewer/js/numbers.js";

const MANY = 64;

/**
 * @param {HTMLElement} count
 * @param {HTMLElement} cells
 * @param {HTMLElement} rule
 */
export function createUnits(count, cells, rule) {
  /** @type {EpochCloudData["units"] | null} */
  let units = null;

  /** @param {EpochCloudData["units"]} shown */
  function build(shown) {
    units = shown;
    rule.textContent = shown.rule;
    cells.toggleAttribute("data-many", shown.of > MANY);
    cells.replaceChildren(...Array.from({ length: shown.of }, () => element("i")));
  }

  /** @param {number} row */
  function show(row) {
    if (!units) return;
    const dead = new Set(units.dead[row]), spread = units.spread[row];
    const words = `${units.active[row]} of ${plural(units.of, "unit")} active${dead.size ? `, ${dead.size} dead` : ""}`;
    count.textContent = words;
    cells.setAttribute("aria-label", words);
    Array.from(cells.children).forEach((cell, i) => {
      const one = /** @type {HTMLElement} */ (cell);
      one.style.setProperty("--ink", String(spread[i]));
      one.classList.toggle("ep-dead", dead.has(i));
      one.title = `unit ${i + 1}: ${dead.has(i) ? "the same for every image" : `varies ${Math.round(100 * spread[i])} % as much as the widest ever did`}`;
    });
  }

  return { build, show };
}
