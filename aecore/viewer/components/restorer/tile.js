// An image of the view by hand: clean, corrupted, restored and where the output errs, with the scores under them.

/** @import { ImageShape, Rgb } from "../../js/types.js" */
/** @import { Draw } from "./corrupt.js" */
/** @import { Scored } from "./means.js" */

import { element } from "../../js/dom.js";
import { paintImage } from "../../js/images.js";
import { decibels } from "../../js/metrics.js";
import { paintError } from "./error_map.js";

export const CELL_GAP = 4;
const CELLS = ["clean", "corrupted", "restored", "error"];

/**
 * What a tile is drawn with: the model may be better than its input, errors have full colour at `scale`.
 * @typedef {{ mayWin: boolean, scale: number, color: Rgb }} Look
 */

/** @param {{ mse: number, ssim: number | null }} score */
const said = ({ mse, ssim }) => `${mse ? decibels(mse).toFixed(1) : "∞"} dB${ssim === null ? "" : ` · ${ssim.toFixed(2)}`}`;

/**
 * @param {string} name
 * @param {ImageShape} shape
 * @param {Float32Array} clean
 * @param {Draw} draw its random numbers
 * @param {{ tile: number, across: number }} size the side of a picture in pixels of the page, and how many are side by side
 */
export function createTile(name, shape, clean, draw, { tile, across }) {
  const noisy = clean.slice(), output = clean.slice(), canvases = CELLS.map((cell) => {
    const canvas = element("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${name}, ${cell}`);
    canvas.style.width = `${tile}px`;
    return canvas;
  });
  const words = ["clean", "", "", "error"].map((text) => element("span", "", text)), caption = element("figcaption", "", name);
  caption.style.maxWidth = `${across * (tile + CELL_GAP) - CELL_GAP}px`;
  const cells = canvases.map((canvas, i) => element("div", "", canvas, words[i]));
  const node = element("figure", "", caption, element("div", "rs-cells", ...cells));
  paintImage(canvases[0], clean, shape);

  const paintNoisy = () => paintImage(canvases[1], noisy, shape);

  /**
   * @param {Scored} scored
   * @param {Look} look
   */
  function paintOutput({ input, model }, { mayWin, scale, color }) {
    paintImage(canvases[2], output, shape);
    paintError(canvases[3], clean, output, shape, scale, color);
    words[1].textContent = said(input);
    words[2].textContent = said(model);
    words[1].classList.toggle("rs-better", input.mse < model.mse);
    words[2].classList.toggle("rs-better", mayWin && model.mse < input.mse);
  }

  return { clean, noisy, output, draw, node, paintNoisy, paintOutput };
}
