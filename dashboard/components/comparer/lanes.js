// The same interpolation between two images through all runs: one lane per run, and one slider for all of them.

/** @import { Comparison } from "./comparison.js" */

import { element, partsOf } from "../../../aecore/viewer/js/dom.js";
import { paintImage } from "../../../aecore/viewer/js/images.js";
import { clamp, percent } from "../../../aecore/viewer/js/numbers.js";
import { alongPath } from "../../../aecore/viewer/components/interpolator/path.js";
import { createPlace } from "../../../aecore/viewer/components/address/place.js";
import { perFrame } from "../../../aecore/viewer/components/pace.js";

/**
 * @typedef {object} Lane
 * @property {HTMLElement} lane
 * @property {HTMLElement} below the run's name
 * @property {HTMLCanvasElement} now
 * @property {HTMLElement} strip
 * @property {HTMLElement} mark
 * @property {(share: number) => Float32Array} imageAt
 */

/** @param {HTMLElement} root */
export function createLanes(root) {
  const part = partsOf(root, "cb");
  /** @type {HTMLInputElement} */
  const slider = part("slider");
  /** @type {Comparison | null} */
  let comparison = null;
  /** @type {Lane[]} */
  let lanes = [];
  let at = 0.5;
  const place = createPlace("at");

  /** @param {Comparison} shown */
  function draw(shown) {
    comparison = shown;
    const { data } = comparison, { shares, shape } = data;
    part("ends").replaceChildren(
      ...[0, 1].map((i) => element("figure", "", shown.tile(shown.shown[i], data.names[i]), element("figcaption", "", data.names[i]))),
    );
    lanes = data.runs.map((_, i) => laneOf(shown, i));
    part("lanes").replaceChildren(...lanes.map(({ lane }) => lane));
    for (const { strip, mark, imageAt } of lanes) {
      const apart = shares.length > 1 ? (shares[1] - shares[0]) * strip.clientWidth : 60;
      const wide = Math.max(10, Math.min(60, apart - 2)), tall = (wide * shape[1]) / shape[2];
      strip.style.height = `${tall}px`;
      for (const share of shares) {
        const canvas = shown.tile(imageAt(share), "");
        canvas.setAttribute("aria-hidden", "true");
        Object.assign(canvas.style, { left: `${100 * share}%`, width: `${wide}px` });
        strip.append(canvas);
      }
      strip.append(mark);
      strip.onpointerdown = (event) => {
        strip.setPointerCapture(event.pointerId);
        follow(strip, event);
      };
      strip.onpointermove = (event) => {
        if (strip.hasPointerCapture(event.pointerId)) follow(strip, event);
      };
    }
    render();
  }

  /**
   * @param {Comparison} shown
   * @param {number} i
   * @returns {Lane}
   */
  function laneOf({ data, shown: images, networksOf, runName, tile }, i) {
    const run = data.runs[i], { encode, decode } = networksOf(run);
    const [first, last] = data.labels, start = encode(images[0], first).slice(), end = encode(images[1], last).slice(), code = new Float32Array(start.length);
    const { name, below } = runName(run), now = tile(images[0], ""), strip = element("div", "cb-strip");
    return {
      lane: element("div", "cb-lane", name, now, strip),
      below,
      now,
      strip,
      mark: element("div", "cb-mark"),
      imageAt: (share) => decode(alongPath(start, end, share, data.path, code), share < 0.5 ? first : last),
    };
  }

  /**
   * @param {HTMLElement} strip
   * @param {PointerEvent} event
   */
  function follow(strip, event) {
    const box = strip.getBoundingClientRect();
    go((event.clientX - box.left) / box.width);
  }

  function render() {
    if (!comparison) return;
    for (const { below, now, mark, imageAt } of lanes) {
      const image = imageAt(at);
      paintImage(now, image, comparison.data.shape);
      below.textContent = comparison.reads(image);
      mark.style.left = `${100 * at}%`;
    }
    slider.value = String(at);
    slider.setAttribute("aria-valuetext", `${percent(at)} of the way`);
    root.dataset.at = at.toFixed(3);
  }

  const renderSoon = perFrame(render);

  /** @param {number} share */
  function go(share) {
    at = clamp(share, 0, 1);
    renderSoon();
    place.moved(at.toFixed(3));
  }

  slider.oninput = () => go(Number(slider.value));
  slider.onkeydown = (event) => {
    const step = 1 / Math.max((comparison?.data.shares.length ?? 0) - 1, 1);
    /** @type {Record<string, number>} */
    const moves = { ArrowLeft: at - step, ArrowRight: at + step, ArrowDown: at - step, ArrowUp: at + step, Home: 0, End: 1 };
    if (!(event.key in moves)) return;
    event.preventDefault();
    go(moves[event.key]);
  };

  return {
    draw,
    /**
     * @param {number} visit
     * @param {number | null} given
     */
    arrive(visit, given) {
      at = Number(place.arrive(visit, given?.toFixed(3) ?? null) ?? 0.5);
    },
    destroy: place.release,
  };
}
