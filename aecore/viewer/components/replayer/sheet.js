// The sheet of images: one narrow column per image.

/** @import { Lane, Reel, ReplayData } from "../types.js" */
/** @import { Tile, TileSize } from "./tiles.js" */

import { button, element } from "../../js/dom.js";
import { letter } from "../run_letters.js";
import { epochText } from "./axis.js";
import { COLUMN_GAP, LINE_GAP, NARROW, createTile, fit, isMoving, laneName, lanesOf, misread } from "./tiles.js";

const WIDEST_GAP = 44; // few large pixels: the columns spread over the width
const SHEET_HEIGHT = 390; // a taller sheet hides the curve on a common screen

/**
 * @param {HTMLElement} host
 * @param {(run: number, image: number) => void} open
 */
export function createSheet(host, open) {
  /** @type {Tile[]} */
  let tiles = [];
  /** @type {{ epoch: HTMLElement, run: number }[]} */
  let labels = [];
  /** @type {{ card: HTMLButtonElement, image: number, notes: { lane: Lane, note: HTMLElement }[], name: string }[]} */
  let captions = [];
  let built = "";

  /**
   * Build the columns, unless nothing they depend on has changed: a press or focus on one survives new epochs.
   * @param {ReplayData} data
   * @param {number} width
   * @param {boolean} difference
   */
  function arrange(data, width, difference) {
    const shapes = data.runs.map((run) => [run.title, run.names, run.width, run.height, run.noisy, !run.digits]);
    const wanted = JSON.stringify([shapes, data.shared, data.one_noise, width, difference, window.devicePixelRatio]);
    if (wanted === built) return;
    built = wanted;
    const narrow = width < NARROW;
    [tiles, labels, captions] = [[], [], []];
    const blocks = data.shared ? [0] : data.runs.map((_, run) => run);
    host.replaceChildren(...blocks.map((run) => arrangeBlock(data, run, width, narrow, difference, blocks.length)));
  }

  /** @type {(data: ReplayData, index: number, width: number, narrow: boolean, difference: boolean, blocks: number) => HTMLElement} */
  function arrangeBlock(data, index, width, narrow, difference, blocks) {
    const run = data.runs[index], lanes = lanesOf(data, index, difference);
    const labelWidth = narrow ? 58 : 112;
    const room = width - labelWidth - COLUMN_GAP - 4; // including the frame of a focused column
    const { columns, size } = fit(run, lanes.length, room, SHEET_HEIGHT / blocks);
    const spare = (room + COLUMN_GAP - columns * size.pageWidth) / columns;
    const block = element("div", "rp-block");
    block.setAttribute("role", "group");
    const rows = lanes.map(({ letter, text }) => `${letter} ${text}`.trim());
    block.setAttribute("aria-label", `${run.count} images: ${rows.join(", ")}`);
    if (blocks > 1) {
      const chip = element("b", `ae-chip rp-run-${index}`, letter(index));
      block.append(element("div", "rp-block-head", chip, element("span", "", run.title)));
    }
    const grid = element("div", "rp-grid");
    grid.style.gridTemplateColumns = `${labelWidth}px repeat(${columns}, ${size.pageWidth}px)`;
    grid.style.gap = `${LINE_GAP}px ${Math.max(Math.min(Math.floor(spare), WIDEST_GAP), COLUMN_GAP)}px`;
    for (let image = 0; image < run.count; image += 1) {
      if (image % columns === 0) grid.append(labelColumn(lanes, size, narrow));
      grid.append(cardOf(data, index, lanes, image, size));
    }
    block.append(grid);
    return block;
  }

  /** @type {(lanes: Lane[], size: TileSize, narrow: boolean) => HTMLElement} */
  function labelColumn(lanes, size, narrow) {
    const column = element("div", "rp-labels");
    for (const lane of lanes) {
      const label = element("div", "rp-label");
      label.style.height = `${size.pageHeight}px`;
      label.append(element("span", "rp-lane", ...laneName(lane, narrow)));
      if (lane.kind === "output") {
        const epoch = label.appendChild(element("small", "rp-at"));
        labels.push({ epoch, run: lane.run });
      }
      column.append(label);
    }
    return column;
  }

  /** @type {(data: ReplayData, index: number, lanes: Lane[], image: number, size: TileSize) => HTMLElement} */
  function cardOf(data, index, lanes, image, size) {
    const card = button("rp-card", "", () => open(index, image));
    card.dataset.image = String(image);
    card.title = data.runs[index].names[image];
    for (const lane of lanes) {
      const tile = createTile(lane, image, size);
      tiles.push(tile);
      card.append(tile.canvas);
    }
    const readers = lanes.filter((lane) => lane.kind === "output" && data.runs[lane.run].digits);
    const notes = readers.map((lane) => ({ lane, note: card.appendChild(element("span", "rp-note")) }));
    captions.push({ card, image, notes, name: data.runs[index].names[image] });
    return card;
  }

  /**
   * Draw the epochs of those rows; with `all`, the constant tiles too.
   * @param {ReplayData} data
   * @param {Reel[]} reels
   * @param {number[]} rows
   * @param {boolean} all
   */
  function draw(data, reels, rows, all) {
    for (const { canvas, lane, image } of tiles) {
      if (all || isMoving(lane)) reels[lane.run].draw(canvas, lane.kind, rows[lane.run], image);
    }
    for (const { epoch, run } of labels) epoch.textContent = `epoch ${epochText(data.runs[run].epochs[rows[run]])}`;
    for (const { card, image, notes, name } of captions) {
      let said = `${name}: enlarge`;
      for (const { lane, note } of notes) {
        const digit = misread(data.runs[lane.run], rows[lane.run], image);
        note.textContent = digit === null ? "" : `${lane.letter ? `${lane.letter} ` : ""}read as ${digit}`;
        if (digit !== null) said += `, ${lane.letter ? `${lane.letter} is ` : ""}read as ${digit}`;
      }
      if (card.getAttribute("aria-label") !== said) card.setAttribute("aria-label", said);
    }
  }

  /** @param {number} image */
  const focus = (image) => {
    /** @type {HTMLElement | null} */
    const card = host.querySelector(`[data-image="${image}"]`);
    card?.focus();
  };
  return { arrange, draw, focus };
}
