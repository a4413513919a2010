// One image, as large as fits, with its reconstruction error.

/** @import { Reel, ReplayData } from "../types.js" */
/** @import { Tile } from "./tiles.js" */

import { element, partsOf } from "../../js/dom.js";
import { epochText } from "./axis.js";
import { NARROW, createTile, laneName, lanesOf, largestFactor, misread, tileSize } from "./tiles.js";

const LARGEST_ENLARGED = 288;

/** @param {HTMLElement} section */
export function createLarge(section) {
  const part = partsOf(section, "rp"), name = part("large-name"), figures = part("figures");
  /** @type {(Tile & { caption: HTMLElement })[]} */
  let shown = [];

  /** @type {(data: ReplayData, width: number, difference: boolean, enlarged: { run: number, image: number }) => void} */
  function arrange(data, width, difference, { run, image }) {
    const lanes = lanesOf(data, run, difference);
    const across = width < NARROW ? 2 : lanes.length;
    const room = (width - (across - 1) * 12) / across;
    const size = tileSize(data.runs[run], largestFactor(data.runs[run], LARGEST_ENLARGED, room));
    name.textContent = data.runs[run].names[image];
    shown = lanes.map((lane) => ({ ...createTile(lane, image, size), caption: element("figcaption", "") }));
    figures.replaceChildren(
      ...shown.map(({ canvas, lane, caption }) => {
        const figure = element("figure", "", canvas, element("span", "rp-lane", ...laneName(lane, false)), caption);
        figure.style.width = `${size.pageWidth}px`;
        return figure;
      }),
    );
  }

  /** @type {(data: ReplayData, reels: Reel[], rows: number[]) => void} */
  function draw(data, reels, rows) {
    for (const { canvas, lane, image, caption } of shown) {
      const row = rows[lane.run];
      reels[lane.run].draw(canvas, lane.kind, row, image);
      if (lane.kind !== "output") continue;
      const digit = misread(data.runs[lane.run], row, image);
      const error = reels[lane.run].meanSquaredError(row, image).toFixed(4);
      const reads = data.runs[lane.run].digits ? (digit === null ? "" : ` · classifier reads ${digit}`) : "";
      caption.textContent = `epoch ${epochText(data.runs[lane.run].epochs[row])} · MSE ${error}${reads}`;
    }
  }

  return { arrange, draw };
}
