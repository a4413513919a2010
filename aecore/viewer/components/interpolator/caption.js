// The caption of an image, also for screen readers.

import { element, found } from "../../js/dom.js";

/**
 * @param {HTMLElement} figure with a canvas and a figcaption
 * @param {string} title
 * @param {string} words
 */
export function captioned(figure, title, words) {
  found(figure, "figcaption").replaceChildren(element("b", "", title), element("span", "", words));
  found(figure, "canvas").setAttribute("aria-label", `${title}, ${words}`);
}
