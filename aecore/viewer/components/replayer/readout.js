// The values at the marker: one line per run.

/** @import { LossPoint, ReelData, ReplayData } from "../types.js" */

import { element } from "../../js/dom.js";
import { letter } from "../run_letters.js";
import { epochText } from "./axis.js";
import { lossText, whichEpoch } from "./loss.js";

/** @typedef {{ train: LossPoint | null, test: LossPoint | null }} Losses */

/** @param {HTMLElement} host */
export function createReadout(host) {
  /** @type {HTMLElement[]} */
  let lines = [];

  /** @param {ReplayData} data */
  function build({ runs }) {
    const two = runs.length > 1;
    lines = runs.map((run, i) => {
      const line = element("div", `rp-figures-of rp-run-${i}`);
      if (two) line.append(element("b", `ae-chip rp-run-${i}`, letter(i)), element("span", "rp-title", run.title));
      if (two) line.append(element("span", "rp-value rp-which"));
      for (const [name, style] of [["training", "dashed"], ["test", "solid"]]) {
        const value = element("span", `rp-value rp-${name}`);
        line.append(element("span", "rp-item", element("i", `rp-stroke rp-${style}`), `${name} `, value));
      }
      if (run.digits_read) line.append(element("span", "rp-value rp-right"));
      return line;
    });
    host.replaceChildren(...lines);
  }

  /**
   * @param {ReelData[]} runs
   * @param {number[]} rows the row of each run
   * @param {number} epoch
   * @param {Losses[]} losses
   */
  function show(runs, rows, epoch, losses) {
    runs.forEach((run, i) => {
      /** @type {(name: string, words: string) => void} */
      const say = (name, words) => {
        const node = lines[i].querySelector(`.rp-${name}`);
        if (node) node.textContent = words;
      };
      say("which", whichEpoch(run, rows[i], epoch));
      say("training", lossText(losses[i].train));
      say("test", lossText(losses[i].test));
      if (run.digits_read) say("right", `${run.digits_read[rows[i]].join(" of ")} digits correct`);
    });
  }

  /**
   * The same as a sentence, for screen readers.
   * @type {(runs: ReelData[], rows: number[], losses: Losses[]) => string}
   */
  const spoken = (runs, rows, losses) =>
    runs.map((run, i) => {
      const name = runs.length > 1 ? `${letter(i)}, epoch ${epochText(run.epochs[rows[i]])}, ` : "";
      return `${name}training loss ${lossText(losses[i].train)}, test loss ${lossText(losses[i].test)}`;
    }).join("; ");

  return { build, show, spoken };
}
