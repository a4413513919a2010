// The path through two images or more, or from one along a direction: its stops, the strips, and the plot below.

/** @import { Sample, Interpolation } from "../types.js" */

import { element, found, partsOf } from "../../js/dom.js";
import { paintImage } from "../../js/images.js";
import { percent } from "../../js/numbers.js";
import { readScores } from "../../js/scores.js";
import { classColors } from "../../js/theme.js";
import { inSlices } from "../pace.js";
import { amountAt, imageWords } from "./amounts.js";
import { captioned } from "./caption.js";
import { alongDirection, alongPath, legAt } from "./path.js";
import { SAMPLES, createPlot } from "./plot.js";

/**
 * The image decoded at a position on the path; `shown.code` is then its code.
 * @param {Interpolation} shown
 * @param {number} share
 */
export function decodeAt({ decode, codes, data, code, vector }, share) {
  if (data.direction && vector) return decode(alongDirection(codes[0], vector, amountAt(data.direction, share), code), data.labels[0]);
  const [leg, rest] = legAt(share, codes.length);
  return decode(alongPath(codes[leg], codes[leg + 1], rest, data.path, code), data.labels[rest < 0.5 ? leg : leg + 1]);
}

/**
 * The pixel cross-fade of the images on both sides.
 * @param {Interpolation} shown
 * @param {number} share
 */
export function mixAt({ images, mixed }, share) {
  const [leg, rest] = legAt(share, images.length), a = images[leg], b = images[leg + 1];
  for (let i = 0; i < a.length; i += 1) mixed[i] = a[i] + rest * (b[i] - a[i]);
  return mixed;
}

/**
 * Where on the way, in words.
 * @param {Interpolation} shown
 * @param {number} share
 */
export function whereOn({ images }, share) {
  if (images.length === 2) return `${percent(share)} of the way`;
  const [leg, rest] = legAt(share, images.length);
  if (rest === 0 || rest === 1) return `at image ${leg + rest + 1}`;
  return `${percent(rest)} of the way from image ${leg + 1} to ${leg + 2}`;
}

/**
 * @param {HTMLElement} root
 * @param {(share: number) => void} go called where an image of the way is chosen
 * @param {() => void} known called when the typical distance between real codes is known
 */
export function createImages(root, go, known) {
  const part = partsOf(root, "ip"), track = part("track"), plot = createPlot(part("plot"));
  const ends = /** @type {HTMLElement[]} */ (Array.from(root.querySelectorAll(".ip-end")));
  const padding = () => parseFloat(getComputedStyle(track).paddingLeft);

  /**
   * Draws everything but the position, the plot in slices; returns a function that stops it.
   * @param {Interpolation} shown
   * @param {number} width
   */
  function draw(shown, width) {
    const { data, images } = shown, { shape, shares } = data, several = images.length > 2;
    ends.forEach((figure, i) => {
      figure.hidden = several || i >= images.length;
      if (figure.hidden) return;
      paintImage(found(figure, "canvas"), images[i], shape);
      captioned(figure, data.names[i], data.direction ? imageWords(shown, images[i]) : i ? "end" : "start");
    });
    const pad = padding(), inner = width - 2 * pad;
    const apart = shares.length > 1 ? (shares[1] - shares[0]) * inner : inner;
    const tile = Math.max(12, Math.min(2 * pad, apart - 3));
    track.style.setProperty("--tile", `${tile}px`);
    track.style.setProperty("--pad", `${pad}px`);
    part("stops").hidden = !several;
    if (several) drawStops(shown, Math.max(12, Math.min(2 * pad, inner / (images.length - 1) - 6)));
    drawStrip(shown, "decoded", decodeAt, `decoded along the ${data.direction ? "direction" : "path"}`, tile);
    part("strip-pixels").hidden = images.length < 2;
    if (images.length > 1) drawStrip(shown, "pixels", mixAt, "of the pixel cross-fade", tile);
    return look(shown, width, pad);
  }

  /**
   * The images of the way over their places on it; one that is chosen is gone to.
   * @param {Interpolation} shown
   * @param {number} tile
   */
  function drawStops({ data, images }, tile) {
    const row = part("stops"), { shape } = data;
    row.style.height = `${(tile * shape[1]) / shape[2] + 20}px`;
    row.replaceChildren(
      ...images.map((image, i) => {
        const share = i / (images.length - 1), button = element("button"), canvas = element("canvas");
        button.type = "button";
        button.style.left = `${share * 100}%`;
        button.style.width = `${tile}px`;
        button.title = `Image ${i + 1}: ${data.names[i]}`;
        button.setAttribute("aria-label", `Go to image ${i + 1}, ${data.names[i]}`);
        button.onpointerdown = (event) => event.stopPropagation(); // nothing is dragged from here
        button.onclick = () => go(share);
        paintImage(canvas, image, shape);
        button.append(canvas, element("span", "", `Image ${i + 1}`));
        return button;
      }),
    );
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
