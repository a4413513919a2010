// One code decoded for every class, side by side: the same style ten times. A click chooses the class.

/** @import { ImageShape, Numbers } from "../../js/types.js" */

import { button, element } from "../../js/dom.js";
import { paintImage } from "../../js/images.js";

/**
 * @param {HTMLElement} host
 * @param {(label: number) => void} ask
 */
export function createClasses(host, ask) {
  /** @type {HTMLCanvasElement[]} */
  let canvases = [];

  /**
   * @param {string[]} names
   * @param {number} asked
   */
  function build(names, asked) {
    host.hidden = !names.length;
    canvases = names.map(() => element("canvas"));
    host.replaceChildren(
      ...names.map((name, label) => {
        const one = button("ge-class", canvases[label], () => ask(label), `Decode as ${name}`);
        one.append(element("span", "", name));
        one.setAttribute("aria-pressed", String(label === asked));
        return one;
      }),
    );
  }

  /**
   * @param {(label: number) => Numbers} decode
   * @param {ImageShape} shape
   */
  function show(decode, shape) {
    canvases.forEach((canvas, label) => paintImage(canvas, decode(label), shape));
  }

  return { build, show };
}
