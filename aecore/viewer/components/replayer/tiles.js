// The tiles of images: their rows, sizes and labels.

/** @import { Lane, ReelData, ReplayData } from "../types.js" */

import { element } from "../../js/dom.js";
import { letter } from "../run_letters.js";

export const GAP = 4;
export const COLUMN_GAP = 8;
export const LINE_GAP = 14;
/** The content width below which the style sheet assumes a phone. */
export const NARROW = 609;
const SMALLEST = 44, LARGEST = 112;

/**
 * The rows of images, one below the other. With two runs, each lane has its run's letter.
 * @param {ReplayData} data
 * @param {number} run
 * @param {boolean} difference
 */
export function lanesOf(data, run, difference) {
  const members = data.shared ? [0, 1] : [run];
  /** @param {number} member */
  const chip = (member) => (data.shared ? letter(member) : "");
  /** @type {Lane[]} */
  const lanes = [{ kind: "clean", run: members[0], text: "clean", brief: "clean", letter: "" }];
  const noisy = members.filter((member) => data.runs[member].noisy);
  for (const member of data.shared && data.one_noise ? noisy.slice(0, 1) : noisy) {
    const mark = data.shared && !data.one_noise ? chip(member) : "";
    lanes.push({ kind: "noisy", run: member, text: "noisy", brief: "noisy", letter: mark });
  }
  for (const member of members) {
    lanes.push({ kind: "output", run: member, text: "reconstruction", brief: "output", letter: chip(member) });
  }
  for (const member of difference ? members : []) {
    lanes.push({ kind: "difference", run: member, text: "difference", brief: "error", letter: chip(member) });
  }
  return lanes;
}

/**
 * Canvas pixels and page pixels of a tile.
 * @typedef {{ width: number, height: number, pageWidth: number, pageHeight: number }} TileSize
 */
/** @typedef {{ canvas: HTMLCanvasElement, lane: Lane, image: number }} Tile */

/**
 * The size of a tile with `factor` screen pixels per image pixel.
 * @param {ReelData} run
 * @param {number} factor
 * @returns {TileSize}
 */
export function tileSize(run, factor) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(run.width * factor), Math.round(run.height * factor)];
  return { width, height, pageWidth: width / ratio, pageHeight: height / ratio };
}

/**
 * The largest integer factor with which a tile is at most `wanted` wide; below 1 only if even 1 exceeds `room`.
 * @param {ReelData} run
 * @param {number} wanted
 * @param {number} room
 */
export function largestFactor(run, wanted, room) {
  /** @param {number} pixels */
  const most = (pixels) => (pixels * (window.devicePixelRatio || 1)) / run.width;
  return Math.floor(most(Math.min(wanted, room)) + 1e-6) || Math.min(1, most(room));
}

/**
 * The next smaller factor: whole ones, and then, for pictures that stay larger than a digit's tile, parts of one; 0 if there
 * is none.
 * @param {ReelData} run
 * @param {number} factor
 */
function smaller(run, factor) {
  if (factor > 1) return factor - 1;
  return tileSize(run, 0.9 * factor).pageWidth >= LARGEST ? 0.9 * factor : 0;
}

/**
 * The largest tiles with which the block stays within `height`, or else the lowest block that is still readable,
 * in lines of equal length.
 * @param {ReelData} run
 * @param {number} lanes
 * @param {number} width
 * @param {number} height
 */
export function fit(run, lanes, width, height) {
  /** @type {{ size: TileSize, tall: number, columns: number } | null} */
  let best = null;
  for (let factor = largestFactor(run, LARGEST, width); factor > 0; factor = smaller(run, factor)) {
    const size = tileSize(run, factor);
    if (best && size.pageWidth < SMALLEST) break;
    const most = Math.max(1, Math.floor((width + COLUMN_GAP) / (size.pageWidth + COLUMN_GAP)));
    const lines = Math.ceil(run.count / most);
    const tall = lines * (lanes * (size.pageHeight + GAP) + LINE_GAP);
    if (!best || tall < best.tall) best = { size, tall, columns: Math.ceil(run.count / lines) };
    if (tall <= height) break;
  }
  return best ?? { size: tileSize(run, 1), tall: 0, columns: 1 };
}

/**
 * @param {Lane} lane
 * @param {number} image
 * @param {TileSize} size
 * @returns {Tile}
 */
export function createTile(lane, image, size) {
  const canvas = element("canvas");
  [canvas.width, canvas.height] = [size.width, size.height];
  canvas.style.width = `${size.pageWidth}px`;
  canvas.style.height = `${size.pageHeight}px`;
  canvas.setAttribute("aria-hidden", "true");
  canvas.dataset.kind = lane.kind;
  return { canvas, lane, image };
}

/** @param {Lane} lane */
export const isMoving = (lane) => lane.kind === "output" || lane.kind === "difference";

/**
 * The digit that the classifier read in that reconstruction, if it is not the label.
 * @param {ReelData} run
 * @param {number} row
 * @param {number} image
 */
export const misread = (run, row, image) => run.digits?.[row][image] ?? null;

/**
 * @param {Lane} lane
 * @param {boolean} narrow
 * @returns {Node[]}
 */
export function laneName(lane, narrow) {
  const parts = lane.letter ? [element("b", `ae-chip rp-run-${lane.run}`, lane.letter)] : [];
  const plain = !lane.letter || lane.kind !== "output"; // a letter alone means reconstruction
  return plain ? [...parts, document.createTextNode(narrow ? lane.brief : lane.text)] : parts;
}
