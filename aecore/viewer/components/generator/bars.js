// A code as bars, up and down from a baseline.

import { svgElement } from "../../js/dom.js";

/** @param {Float32Array} vector */
export function barsOf(vector) {
  const most = Math.max(...Array.from(vector, Math.abs)) || 1, wide = 100 / vector.length;
  const svg = svgElement("svg", { viewBox: "0 0 100 24", preserveAspectRatio: "none", "aria-hidden": "true" });
  vector.forEach((value, i) => {
    const height = (Math.abs(value) / most) * 12;
    const y = value >= 0 ? 12 - height : 12;
    svg.append(svgElement("rect", { x: i * wide, y, width: wide * 0.8, height: Math.max(height, 0.4) }));
  });
  return svg;
}
