// A pad to draw on: the reconstruction follows every stroke.

/** @import { ImageShape, Network, Numbers } from "../../js/types.js" */

import { button, partsOf } from "../../js/dom.js";
import { paintImage } from "../../js/images.js";
import { clamp } from "../../js/numbers.js";
import { perFrame } from "../pace.js";
import { barsOf } from "./bars.js";
import { asText } from "./words.js";

const BRUSH = 0.055; // radius, as a fraction of the image's width

/**
 * @param {HTMLElement} host
 * @param {object} what
 * @param {Network} what.encode
 * @param {Network} what.decode
 * @param {ImageShape} what.shape
 * @param {number[][]} what.colors
 * @param {(image: Numbers) => string} what.say
 * @param {(code: Float32Array) => string} what.near
 * @param {(vector: string) => void} what.pick
 */
export function createPad(host, { encode, decode, shape, colors, say, near, pick }) {
  const [channels, height, width] = shape, values = new Float32Array(channels * height * width);
  const part = partsOf(host, "ge"), bars = part("code");
  /** @type {HTMLCanvasElement} */
  const pad = part("pad");
  /** @type {HTMLCanvasElement} */
  const made = part("made");
  /** @type {HTMLButtonElement} */
  const clear = part("clear");
  /** @type {HTMLButtonElement} */
  const use = part("use");
  let color = colors[0] ?? [1], code = new Float32Array(0);
  /** @type {[number, number] | null} */
  let last = null;

  /**
   * A soft round dab; where two overlap, the brighter one counts.
   * @param {number} x
   * @param {number} y
   */
  function dab(x, y) {
    const radius = Math.max(BRUSH * width, 0.6), reach = Math.ceil(radius * 2);
    for (let r = Math.max(0, Math.floor(y) - reach); r <= Math.min(height - 1, Math.floor(y) + reach); r += 1) {
      for (let c = Math.max(0, Math.floor(x) - reach); c <= Math.min(width - 1, Math.floor(x) + reach); c += 1) {
        const away = Math.hypot(c + 0.5 - x, r + 0.5 - y) / radius, ink = clamp(1.6 - away, 0, 1);
        for (let k = 0; k < channels; k += 1) {
          const at = (r * width + c) * channels + k;
          if (ink > 0) values[at] = Math.max(values[at], ink * color[k % color.length]);
        }
      }
    }
  }

  /** @param {PointerEvent} event */
  function stroke(event) {
    const box = pad.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * width, y = ((event.clientY - box.top) / box.height) * height;
    const [fromX, fromY] = last ?? [x, y], steps = Math.ceil(Math.hypot(x - fromX, y - fromY) * 2) || 1;
    for (let i = 1; i <= steps; i += 1) dab(fromX + ((x - fromX) * i) / steps, fromY + ((y - fromY) * i) / steps);
    last = [x, y];
    renderSoon();
  }

  function render() {
    paintImage(pad, values, shape);
    code = encode(values).slice();
    const image = decode(code), drawn = values.some((value) => value > 0);
    paintImage(made, image, shape);
    part("drawn-says").textContent = drawn ? say(values) : "Draw here";
    part("made-says").textContent = drawn ? say(image) : "";
    part("made-near").textContent = drawn ? near(code) : "";
    use.disabled = clear.disabled = !drawn;
    bars.replaceChildren(barsOf(code));
    made.setAttribute("aria-label", `Reconstruction of your drawing${drawn ? `, ${say(image)}` : ""}`);
    host.dataset.ink = values.reduce((sum, value) => sum + value, 0).toFixed(1);
  }

  const renderSoon = perFrame(render);

  pad.onpointerdown = (event) => {
    if (event.button > 0) return;
    pad.setPointerCapture(event.pointerId);
    last = null;
    stroke(event);
  };
  pad.onpointermove = (event) => {
    if (!pad.hasPointerCapture(event.pointerId)) return;
    for (const one of event.getCoalescedEvents?.() ?? [event]) stroke(one);
  };
  clear.onclick = () => {
    values.fill(0);
    render();
  };
  use.onclick = () => pick(asText(code));
  part("inks").replaceChildren(
    ...colors.map((ink, i) => {
      const one = button("ge-ink", "", () => {
        color = ink;
        for (const other of part("inks").children) other.setAttribute("aria-pressed", String(other === one));
      }, `Colour of ${i}`);
      one.style.background = `rgb(${ink.map((value) => Math.round(255 * value)).join(" ")})`;
      one.setAttribute("aria-pressed", String(i === 0));
      return one;
    }),
  );
  part("inks").hidden = colors.length < 2;
  render();
}
