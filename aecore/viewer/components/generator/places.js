// A quantised code as a small picture: each place of its map has the number of a vector, which a slider changes.

/** @import { Places } from "../types.js" */

import { floats, fromBase64 } from "../../js/bytes.js";
import { button, element } from "../../js/dom.js";

/**
 * @param {HTMLElement} host
 * @param {() => void} changed
 */
export function createPlaces(host, changed) {
  const grid = element("div", "ge-grid"), label = element("label", "ge-unit"), said = element("span"), input = element("input");
  input.type = "range";
  input.min = "0";
  label.append(said, input);
  host.append(grid, label);
  /** @type {Float32Array} */
  let vectors = new Float32Array(0);
  let [channels, height, width] = [1, 1, 1], chosen = 0;
  /** @type {Float32Array} */
  let code = new Float32Array(0);

  /**
   * The place's numbers lie a map apart from one another: a code is channels first.
   * @param {number} place
   * @param {number} channel
   */
  const at = (place, channel) => channel * height * width + place;

  /**
   * The number of the nearest vector.
   * @param {number} place
   */
  function indexOf(place) {
    let best = Infinity, found = 0;
    for (let row = 0; row < vectors.length / channels; row += 1) {
      let apart = 0;
      for (let c = 0; c < channels; c += 1) apart += (code[at(place, c)] - vectors[row * channels + c]) ** 2;
      if (apart < best) [best, found] = [apart, row];
    }
    return found;
  }

  /**
   * @param {Places} places
   * @param {Float32Array} vector
   */
  function build(places, vector) {
    [channels, height, width] = places.map;
    vectors = floats(fromBase64(places.vectors));
    code = vector;
    chosen = Math.min(chosen, height * width - 1);
    input.max = String(vectors.length / channels - 1);
    grid.style.setProperty("--across", String(width));
    grid.replaceChildren(
      ...Array.from({ length: height * width }, (_, place) => {
        const cell = button("ge-cell", "", () => {
          chosen = place;
          show(code);
        }, "");
        return cell;
      }),
    );
    show(code);
  }

  /** @param {Float32Array} vector */
  function show(vector) {
    code = vector;
    const most = vectors.length / channels - 1;
    Array.from(grid.children).forEach((cell, place) => {
      const index = indexOf(place), where = `row ${Math.floor(place / width) + 1}, column ${(place % width) + 1}`;
      cell.textContent = String(index);
      cell.setAttribute("aria-label", `${where}: vector ${index}`);
      cell.setAttribute("aria-pressed", String(place === chosen));
      /** @type {HTMLElement} */ (cell).style.setProperty("--share", String(most ? index / most : 0));
    });
    const index = indexOf(chosen);
    input.value = String(index);
    said.textContent = `Row ${Math.floor(chosen / width) + 1}, column ${(chosen % width) + 1}: vector ${index} of ${most + 1}`;
  }

  input.oninput = () => {
    for (let c = 0; c < channels; c += 1) code[at(chosen, c)] = vectors[Number(input.value) * channels + c];
    changed();
  };

  return { build, show };
}
