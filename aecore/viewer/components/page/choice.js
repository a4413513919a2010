// A line of thumbnails of which one is chosen.

/** @import { Choices } from "../types.js" */

import { fromBase64 } from "../../js/bytes.js";
import { button, element } from "../../js/dom.js";
import { paintImage } from "../../js/images.js";

/**
 * The images (H, W, C) on the [0, 1] scale.
 * @param {Choices} choices
 * @param {number} size of an image
 */
export function imagesOf({ images }, size) {
  const bytes = fromBase64(images);
  return Array.from({ length: bytes.length / size }, (_, i) =>
    Float32Array.from(bytes.subarray(i * size, (i + 1) * size), (value) => value / 255));
}

/**
 * Images as the components take them: base64 of float32.
 * @param {Float32Array[]} images
 */
export function toBase64(images) {
  let text = "";
  for (const image of images) for (const byte of new Uint8Array(image.slice().buffer)) text += String.fromCharCode(byte);
  return btoa(text);
}

/**
 * @param {HTMLElement} host
 * @param {string} label
 * @param {Choices} choices
 * @param {Float32Array[]} images
 * @param {(index: number) => void} choose
 */
export function createChoice(host, label, choices, images, choose) {
  const line = element("div", "pg-line"), buttons = images.map((image, i) => {
    const canvas = element("canvas");
    paintImage(canvas, image, choices.shape);
    return button("pg-thumb", canvas, () => choose(i), choices.names[i]);
  });
  line.setAttribute("role", "group");
  line.setAttribute("aria-label", label);
  line.append(...buttons);
  host.append(element("div", "pg-choice", element("span", "pg-label", label), line));
  return {
    /** @param {number} index */
    show(index) {
      buttons.forEach((one, i) => one.setAttribute("aria-pressed", String(i === index)));
    },
  };
}

/**
 * A choice in the address: the index, or `usual` where it has none of them.
 * @param {string | null} text
 * @param {number} count
 * @param {number} usual
 */
export function chosen(text, count, usual) {
  const index = text === null || text === "" ? NaN : Number(text);
  return Number.isInteger(index) && index >= 0 && index < count ? index : usual;
}

