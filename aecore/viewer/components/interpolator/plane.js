// The plane between four images: a sheet of images decoded all over it, and the current position.

/** @import { Numbers } from "../../js/types.js" */
/** @import { Interpolation } from "../types.js" */

import { context2d, element, found, partsOf } from "../../js/dom.js";
import { paintImage, rendering, toPixels } from "../../js/images.js";
import { percent } from "../../js/numbers.js";
import { reading } from "../networks.js";
import { inSlices } from "../pace.js";
import { captioned } from "./caption.js";
import { nearestLabel, onPlane } from "./path.js";

/** @param {HTMLElement} root */
export function createPlane(root) {
  const part = partsOf(root, "ip"), here = part("here");
  /** @type {HTMLCanvasElement} */
  const map = part("map");

  /**
   * Draws the sheet in slices; returns a function that stops it.
   * @param {Interpolation} shown
   */
  function draw({ data, decode, images, codes }) {
    const { shape, side } = data, [channels, height, width] = shape;
    [map.width, map.height] = [side * width, side * height];
    map.style.imageRendering = rendering(width, height);
    const context = context2d(map), image = context.createImageData(width, height);
    part("corners").replaceChildren(
      ...images.map((values, i) => {
        const canvas = element("canvas");
        paintImage(canvas, values, shape);
        canvas.setAttribute("role", "img");
        canvas.setAttribute("aria-label", data.names[i]);
        return element("figure", "", canvas, element("figcaption", "", data.names[i]));
      }),
    );
    map.setAttribute("aria-label", `${side} by ${side} images decoded between ${data.names.join(", ")}`);
    const code = new Float32Array(codes[0].length);
    return inSlices(side * side, (i) => {
      const column = i % side, row = Math.floor(i / side);
      const across = column / (side - 1), down = row / (side - 1);
      toPixels(decode(onPlane(codes, across, down, code), nearestLabel(data.labels, across, down)), channels, image.data);
      context.putImageData(image, column * width, row * height);
    }, () => (root.dataset.looked = "true"));
  }

  /**
   * Shows the current position on the plane, and the image decoded there.
   * @param {Interpolation} shown
   * @param {[number, number]} at
   * @param {Numbers} image
   */
  function mark({ data, read }, [share, down], image) {
    paintImage(found(here, "canvas"), image, data.shape);
    captioned(here, `${percent(share)} across, ${percent(down)} down`, reading(read, image, data.classes));
    const { side } = data;
    /** @param {number} value */
    const centre = (value) => `${(100 * (value * (side - 1) + 0.5)) / side}%`;
    [part("mark").style.left, part("mark").style.top] = [centre(share), centre(down)];
  }

  /**
   * @param {PointerEvent} event
   * @param {number} side
   * @returns {[number, number]}
   */
  function sharesAt(event, side) {
    const box = map.getBoundingClientRect();
    /** @type {(value: number, size: number) => number} */
    const share = (value, size) => ((value / size) * side - 0.5) / (side - 1);
    return [share(event.clientX - box.left, box.width), share(event.clientY - box.top, box.height)];
  }

  return { draw, mark, sharesAt };
}
