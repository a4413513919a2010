// The path between two images, or from one along a direction: its ends, the strips, and the plot below.

/** @import { Sample, Interpolation } from "../types.js" */

import { element, found, partsOf } from "../../js/dom.js";
import { paintImage } from "../../js/images.js";
import { readScores } from "../../js/scores.js";
import { classColors } from "../../js/theme.js";
import { inSlices } from "../pace.js";
import { amountAt, imageWords } from "./amounts.js";
import { captioned } from "./caption.js";
import { alongDirection, alongPath } from "./path.js";
import { SAMPLES, createPlot } from "./plot.js";

/**
 * The image decoded at a position on the path; `shown.code` is then its code.
 * @param {Interpolation} shown
 * @param {number} share
 */
export function decodeAt({ decode, codes, data, code, vector }, share) {
  const [first, last] = data.labels;
  if (data.direction && vector) return decode(alongDirection(codes[0], vector, amountAt(data.direction, share), code), first);
  return decode(alongPath(codes[0], codes[1], share, data.path, code), share < 0.5 ? first : last);
}

/**
 * The pixel cross-fade of the two images.
 * @param {Interpolation} shown
 * @param {number} share
 */
export function mixAt({ images: [a, b], mixed }, share) {
  for (let i = 0; i < a.length; i += 1) mixed[i] = a[i] + share * (b[i] - a[i]);
  return mixed;
}

/**
 * @param {HTMLElement} root
 * @param {() => void} known called when the typical distance between real codes is known
 */
export function createTwoImages(root, known) {
  const part = partsOf(root, "ip"), track = part("track"), plot = createPlot(part("plot"));
  const ends = /** @type {HTMLElement[]} */ (Array.from(root.querySelectorAll(".ip-end")));
  const padding = () => parseFloat(getComputedStyle(track).paddingLeft);

  /**
   * Draws everything but the position, the plot in slices; returns a function that stops it.
   * @param {Interpolation} shown
   * @param {number} width
   */
  function draw(shown, width) {
    const { data, images } = shown, { shape, shares } = data;
    ends.forEach((figure, i) => {
      figure.hidden = i >= images.length;
      if (figure.hidden) return;
      paintImage(found(figure, "canvas"), images[i], shape);
      captioned(figure, data.names[i], data.direction ? imageWords(shown, images[i]) : i ? "end" : "start");
    });
    const pad = padding(), inner = width - 2 * pad;
    const apart = shares.length > 1 ? (shares[1] - shares[0]) * inner : inner;
    const tile = Math.max(12, Math.min(2 * pad, apart - 3));
    track.style.setProperty("--tile", `${tile}px`);
    track.style.setProperty("--pad", `${pad}px`);
    drawStrip(shown, "decoded", decodeAt, `decoded along the ${data.direction ? "direction" : "path"}`, tile);
    part("strip-pixels").hidden = images.length < 2;
    if (images.length > 1) drawStrip(shown, "pixels", mixAt, "of the pixel cross-fade", tile);
    return look(shown, width, pad);
  }

  /**
   * @param {Interpolation} shown
   * @param {string} name
   * @param {typeof decodeAt} imageAt
   * @param {string} words
   * @param {number} tile
   */
  function drawStrip(shown, name, imageAt, words, tile) {
    const { shape, shares } = shown.data, strip = part(`strip-${name}`);
    strip.style.height = `${(tile * shape[1]) / shape[2] + 4}px`;
    strip.setAttribute("aria-label", `${shares.length} images ${words}`);
    strip.replaceChildren(
      ...shares.map((share) => {
        const canvas = element("canvas");
        canvas.style.left = `${share * 100}%`;
        canvas.dataset.share = share.toFixed(3);
        paintImage(canvas, imageAt(shown, share), shape);
        return canvas;
      }),
    );
    strip.style.marginLeft = strip.style.marginRight = "0";
  }

  /**
   * Follows the path in small steps, recording the nearest real code and the digit; returns a function that stops it.
   * @param {Interpolation} shown
   * @param {number} width
   * @param {number} pad
   */
  function look(shown, width, pad) {
    const { real, read, data } = shown;
    part("plot").style.display = real || read ? "" : "none";
    if (!real && !read) return () => {};
    /** @type {(Sample | null)[]} */
    const seen = new Array(SAMPLES).fill(null);
    const colors = classColors(root);
    const show = () => {
      const digits = new Set(seen.map((sample) => sample?.digit ?? null).filter((digit) => digit !== null));
      const label = `Along the ${data.direction ? "direction" : "path"}${digits.size ? `, the classifier reads ${[...digits].join(", ")}` : ""}`;
      plot.draw({ seen, usual: shown.usual, width, pad, colors, classes: data.classes, label });
      root.dataset.looked = String(seen.every(Boolean));
    };
    show();
    return inSlices(SAMPLES + 1, (i) => {
      if (i === 0) {
        if (real) shown.usual ??= real.usual();
        return;
      }
      const image = decodeAt(shown, (i - 1) / (SAMPLES - 1));
      const digit = read ? readScores(read(image)).digit : null;
      seen[i - 1] = { digit, distance: real ? real.nearest(shown.code).distance : 0 };
      if (i % 6 === 0) show();
    }, () => {
      show();
      known();
    });
  }

  /**
   * Moves the marker over strips and plot.
   * @param {number} share
   * @param {number} width
   */
  function mark(share, width) {
    const pad = padding();
    part("head").style.left = `${pad + share * (width - 2 * pad)}px`;
  }

  /** @param {PointerEvent} event */
  function shareAt(event) {
    const box = track.getBoundingClientRect(), pad = padding();
    return (event.clientX - box.left - pad) / (box.width - 2 * pad);
  }

  return { draw, mark, shareAt };
}
