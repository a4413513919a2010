// The interpolator with a choice of its two images.

/** @import { InterpolationData, Choices } from "../types.js" */

import { found } from "../../js/dom.js";
import { createPlace } from "../address/place.js";
import { createInterpolator } from "../interpolator/interpolator.js";
import { sizeOf } from "../networks.js";
import { chosen, createChoice, imagesOf, toBase64 } from "./choice.js";

const ENDS = /** @type {const} */ ([["a", "From"], ["b", "To"]]);

/**
 * @param {ShadowRoot} root
 * @param {InterpolationData & { choices: Choices, first: [number, number] }} data
 * @param {URLSearchParams} given
 */
export function showInterpolator(root, { choices, first, ...data }, given) {
  const interpolator = createInterpolator(found(root, ".ip")), host = found(root, ".pg-choices");
  const images = imagesOf(choices, sizeOf(data.shape)), at = parseFloat(given.get("at") ?? "");
  const places = ENDS.map(([name]) => createPlace(name)), ends = ENDS.map(([name], i) => chosen(given.get(name), images.length, first[i]));
  const lines = ENDS.map(([, label], i) => createChoice(host, label, choices, images, (index) => {
    ends[i] = index;
    places[i].moved(String(index));
    show();
  }));
  ENDS.forEach(([name], i) => places[i].arrive(data.visit, given.has(name) ? String(ends[i]) : null));

  function show() {
    lines.forEach((line, i) => line.show(ends[i]));
    interpolator.update({
      ...data,
      ends: toBase64(ends.map((end) => images[end])),
      names: ends.map((end) => choices.names[end]),
      labels: ends.map((end) => choices.labels[end]),
      place: at >= 0 && at <= 1 ? [at] : null,
    });
  }
  show();
  return show;
}
