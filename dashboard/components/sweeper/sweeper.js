// The same images through every combination of a sweep: sliders choose the combination, and nothing is asked.

/** @import { SweeperData } from "../types.js" */

import { element, partsOf } from "../../../aecore/viewer/js/dom.js";
import { paintImage, wholeWidth } from "../../../aecore/viewer/js/images.js";
import { createPlace } from "../../../aecore/viewer/components/address/place.js";
import { assets } from "../../../aecore/viewer/components/assets/asset.js";
import { watchWidth } from "../../../aecore/viewer/components/mount.js";
import { sizeOf } from "../../../aecore/viewer/components/networks.js";

const TILE = 64, GAP = 3;

/** @param {HTMLElement} root */
export function createSweeper(root) {
  const part = partsOf(root, "sw"), place = createPlace("at");
  /** @type {SweeperData | null} */
  let data = null;
  /** @type {Record<"clean" | "inputs" | "outputs", Uint8Array> | null} */
  let images = null;
  /** @type {number[]} */
  let at = [];
  /** @type {HTMLInputElement[]} */
  let sliders = [];
  /** @type {Record<string, HTMLCanvasElement[]>} */
  let lanes = {};
  let print = "", visit = -1, width = 0;

  /** @param {SweeperData} now */
  async function update(now) {
    const asked = JSON.stringify(now);
    if (asked === print) return;
    print = asked;
    const found = await assets.get(now.images);
    if (asked !== print) return;
    images = found;
    if (data === null || now.visit !== visit || at.length !== now.settings.length) {
      const text = place.arrive(now.visit, now.place)?.split(",").map(Number) ?? [];
      at = now.settings.map(({ values }, i) => (Number.isInteger(text[i]) ? Math.min(Math.max(text[i], 0), values.length - 1) : now.first[i]));
    }
    [data, visit] = [now, now.visit];
    at = at.map((value, i) => Math.min(value, now.settings[i].values.length - 1));
    lay();
  }

  function lay() {
    if (!data || !width) return;
    const now = data;
    sliders = now.settings.map(({ values }, i) => {
      const input = /** @type {HTMLInputElement} */ (element("input"));
      Object.assign(input, { type: "range", min: "0", max: String(values.length - 1), step: "1", id: `sw-${i}`, value: String(at[i]) });
      input.oninput = () => move(i, input.valueAsNumber);
      return input;
    });
    part("sliders").replaceChildren(...now.settings.map(({ name, values }, i) => {
      const label = Object.assign(element("label", "", name), { htmlFor: `sw-${i}` }), line = element("div", "sw-line", label, element("output"));
      const box = element("div", "sw-slider", line, sliders[i]);
      box.hidden = values.length < 2;
      return box;
    }));
    const tile = wholeWidth(now.shape[2], Math.min(TILE, width));
    /** @type {[string, string][]} */
    const shown = [["clean", "clean"], ...(now.corrupted ? /** @type {[string, string][]} */ ([["inputs", "input"]]) : []), ["outputs", "output"]];
    lanes = {};
    part("lanes").replaceChildren(...shown.flatMap(([key, name]) => {
      lanes[key] = Array.from({ length: now.count }, () => Object.assign(element("canvas"), { style: `width:${tile}px` }));
      const lane = element("div", "sw-lane", ...lanes[key]);
      lane.style.maxWidth = `${now.count * (tile + GAP)}px`;
      lane.dataset.of = key === "clean" ? "all" : "run";
      lane.setAttribute("role", "img");
      lane.setAttribute("aria-label", `${name} images`);
      return [element("span", "", name), lane];
    }));
    paint("clean", 0);
    show();
  }

  /**
   * @param {"clean" | "inputs" | "outputs"} key
   * @param {number} row
   */
  function paint(key, row) {
    if (!data || !images || !lanes[key]) return;
    const size = sizeOf(data.shape), all = images[key], count = data.count, image = new Float32Array(size);
    lanes[key].forEach((canvas, k) => {
      const from = (row * count + k) * size;
      for (let i = 0; i < size; i += 1) image[i] = all[from + i] / 255;
      paintImage(canvas, image, /** @type {SweeperData} */ (data).shape);
    });
  }

  /**
   * @param {number} which
   * @param {number} value
   */
  function move(which, value) {
    at[which] = value;
    place.moved(at.join());
    show();
  }

  function show() {
    if (!data) return;
    const now = data, found = now.rows[at.join()];
    sliders.forEach((input, i) => {
      const text = now.settings[i].values[at[i]];
      input.value = String(at[i]);
      input.setAttribute("aria-valuetext", text);
      const output = input.parentElement?.querySelector("output");
      if (output) output.textContent = text;
    });
    root.toggleAttribute("data-missing", found === undefined);
    part("words").textContent = found === undefined ? "No finished run has this combination; the images are those of the last one that had." : found.words;
    if (found !== undefined) {
      paint("inputs", found.row);
      paint("outputs", found.row);
    }
    root.dataset.ready = at.join();
  }

  const stopWatching = watchWidth(root, (now) => {
    width = now;
    lay();
  });
  return {
    update,
    destroy() {
      stopWatching();
      place.release();
    },
  };
}
