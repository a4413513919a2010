// The mean scores of the images that are shown: of what goes in, and of what the model makes of it.

/** @import { RestorerData } from "../types.js" */

import { element } from "../../js/dom.js";
import { decibels } from "../../js/metrics.js";
import { plural } from "../../js/numbers.js";

/** @typedef {{ mse: number, ssim: number | null, wrong: number | null }} Score `wrong`: 1 for an image read as another class */
/** @typedef {{ input: Score, model: Score }} Scored */
/** @typedef {{ psnr: number, mse: number, ssim: number | null, wrong: number | null }} Mean */

/**
 * PSNR is the mean of the images' own, as everywhere in the app.
 * @param {Score[]} scores
 * @returns {Mean}
 */
export function meanOf(scores) {
  /** @param {(score: Score) => number} value */
  const mean = (value) => scores.reduce((sum, score) => sum + value(score), 0) / scores.length;
  const lacks = scores.some(({ ssim }) => ssim === null), unread = scores.some(({ wrong }) => wrong === null);
  return {
    psnr: mean(({ mse }) => decibels(mse)),
    mse: mean(({ mse }) => mse),
    ssim: lacks ? null : mean(({ ssim }) => ssim ?? 0),
    wrong: unread ? null : scores.reduce((sum, { wrong }) => sum + (wrong ?? 0), 0),
  };
}

/** @type {{ title: string, value: (mean: Mean) => number | null, text: (value: number) => string, higher: boolean }[]} */
const COLUMNS = [
  { title: "PSNR", value: ({ psnr }) => psnr, text: (value) => (Number.isFinite(value) ? `${value.toFixed(2)} dB` : "∞"), higher: true },
  { title: "SSIM", value: ({ ssim }) => ssim, text: (value) => value.toFixed(3), higher: true },
  { title: "MSE", value: ({ mse }) => mse, text: (value) => value.toFixed(4), higher: false },
];

/**
 * @param {Scored[]} scored
 * @returns {{ input: Mean, model: Mean }}
 */
export const meansOf = (scored) => ({ input: meanOf(scored.map(({ input }) => input)), model: meanOf(scored.map(({ model }) => model)) });

/**
 * @param {HTMLTableElement} table
 * @param {Scored[]} scored
 * @param {RestorerData} data
 */
export function drawMeans(table, scored, { may_win: mayWin }) {
  const means = meansOf(scored);
  const wrong = { title: "Wrong digits", value: (/** @type {Mean} */ mean) => mean.wrong, text: (/** @type {number} */ value) => `${value} of ${scored.length}`, higher: false };
  const columns = [...COLUMNS, wrong].filter(({ value }) => value(means.model) !== null);
  const [caption, head, body] = [table.caption, table.tHead, table.tBodies[0]];
  if (!caption || !head) throw new Error("the table of means lacks its parts");
  caption.textContent = `Mean over the ${plural(scored.length, "image")} shown, with this noise`;
  head.replaceChildren(element("tr", "", element("td"), ...columns.map(({ title }) => element("th", "", title))));
  /** @type {["input" | "model", string][]} */
  const rows = [["input", "Input as it is"], ["model", "This model"]];
  body.replaceChildren(...rows.map(([side, name]) => {
    const cells = columns.map(({ value, text, higher }) => {
      const own = value(means[side]), other = value(means[side === "input" ? "model" : "input"]);
      const best = mayWin && own !== null && other !== null && (higher ? own > other : own < other);
      return element("td", "", best ? element("b", "", text(own)) : text(/** @type {number} */ (own)));
    });
    const line = element("tr", "", element("th", "", name), ...cells);
    line.dataset.side = side;
    line.dataset.psnr = String(means[side].psnr);
    return line;
  }));
}
