// The same images, and the same interpolation between two, through several runs at once, all in the browser.

/** @import { Network, Numbers } from "../../../aecore/viewer/js/types.js" */
/** @import { ComparisonData, ComparedRun } from "../types.js" */

import { element, partsOf } from "../../../aecore/viewer/js/dom.js";
import { paintImage } from "../../../aecore/viewer/js/images.js";
import { readScores } from "../../../aecore/viewer/js/scores.js";
import { classColors } from "../../../aecore/viewer/js/theme.js";
import { assets } from "../../../aecore/viewer/components/assets/asset.js";
import { watchWidth } from "../../../aecore/viewer/components/mount.js";
import { networkOf, rowsOf, sizeOf } from "../../../aecore/viewer/components/networks.js";
import { letter } from "../../../aecore/viewer/components/run_letters.js";
import { createLanes } from "./lanes.js";
import { drawSheet } from "./sheet.js";

/**
 * What is compared, and how to draw it.
 * @typedef {object} Comparison
 * @property {ComparisonData} data
 * @property {Float32Array[]} images
 * @property {Float32Array[]} shown the models' inputs
 * @property {(run: ComparedRun) => { encode: Network, decode: Network }} networksOf
 * @property {(image: Numbers) => string} reads what the classifier reads, empty without one
 * @property {(values: Numbers, label: string) => HTMLCanvasElement} tile
 * @property {(run: ComparedRun) => { name: HTMLElement, below: HTMLElement }} runName with a line below
 */

/** @param {HTMLElement} root */
export function createComparison(root) {
  const part = partsOf(root, "cb");
  /** @type {Map<string, Network>} */
  const networks = new Map();
  /** @type {Comparison | null} */
  let shown = null;
  let print = "", width = 0, stop = () => {};
  const lanes = createLanes(root);

  /** @param {string} name */
  async function network(name) {
    const made = networks.get(name) ?? networkOf(await assets.get(name));
    networks.set(name, made);
    return made;
  }

  /** @param {ComparisonData} data */
  async function update(data) {
    const asked = JSON.stringify(data);
    if (asked === print) return arrange(); // only the theme changed, or nothing
    print = asked;
    const names = data.runs.flatMap((run) => [run.encoder, run.decoder]).concat(data.reader ?? []);
    const ready = new Map(await Promise.all(names.map(async (name) => /** @type {const} */ ([name, await network(name)]))));
    if (print !== asked) return;
    for (const name of networks.keys()) if (!names.includes(name)) networks.delete(name);
    if (data.view === "way" && shown?.data.visit !== data.visit) lanes.arrive(data.visit, data.place);
    shown = benchOf(data, (name) => /** @type {Network} */ (ready.get(name)));
    part("images").hidden = data.view !== "images";
    part("way").hidden = data.view !== "way";
    arrange();
  }

  /**
   * @param {ComparisonData} data
   * @param {(name: string) => Network} networkNamed
   * @returns {Comparison}
   */
  function benchOf(data, networkNamed) {
    const read = data.reader ? networkNamed(data.reader) : null;
    return {
      data,
      images: rowsOf(data.clean, sizeOf(data.shape)),
      shown: rowsOf(data.shown, sizeOf(data.shape)),
      networksOf: (run) => ({ encode: networkNamed(run.encoder), decode: networkNamed(run.decoder) }),
      reads(image) {
        if (!read) return "";
        const { digit } = readScores(read(image));
        return `classifier reads ${data.classes[digit] ?? digit}`;
      },
      tile(values, label) {
        const canvas = element("canvas");
        paintImage(canvas, values, data.shape);
        canvas.setAttribute("role", "img");
        canvas.setAttribute("aria-label", label);
        return canvas;
      },
      runName(run) {
        const number = run.number, chip = element("b", "ae-chip", letter(number)), colors = classColors(root), below = element("small");
        chip.style.setProperty("--chip", colors[number % colors.length]);
        return { name: element("div", "cb-name", chip, element("span", "", run.title), below), below };
      },
    };
  }

  function arrange() {
    if (!shown || !width) return;
    stop();
    stop = () => {};
    if (shown.data.view === "images") stop = drawSheet(root, part("images"), shown);
    else lanes.draw(shown);
    root.dataset.ready = "true";
  }

  const stopWatching = watchWidth(root, (now) => {
    width = now;
    arrange();
  });

  function destroy() {
    stopWatching();
    lanes.destroy();
    stop();
  }

  return { update, destroy };
}
