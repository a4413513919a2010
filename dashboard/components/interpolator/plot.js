// Below the strip: how far each point of the way is from the nearest real code, and what the classifier reads there.

const SAMPLES = 61;
const PLOT = { height: 96, top: 18, bottom: 70, band: 76, bandHeight: 18 };

function createPlot(svg) {
  // `seen` holds { distance, digit } by sample, null where none was found yet.
  function draw({ seen, usual, width, pad, colors, classes, label }) {
    const nodes = [], inner = width - 2 * pad, x = (i) => pad + (i / (SAMPLES - 1)) * inner;
    svg.setAttribute("viewBox", `0 0 ${width} ${PLOT.height}`);
    svg.style.marginLeft = `${-pad}px`;
    svg.style.width = `${width}px`;
    const known = seen.map((sample, i) => [i, sample]).filter(([, sample]) => sample);
    if (usual !== undefined) {
      const most = Math.max(usual, ...known.map(([, { distance }]) => distance)) * 1.08 || 1;
      const y = (value) => PLOT.bottom - (value / most) * (PLOT.bottom - PLOT.top);
      nodes.push(svgElement("line", { class: "axis", x1: pad, x2: width - pad, y1: PLOT.bottom, y2: PLOT.bottom }));
      nodes.push(svgElement("line", { class: "usual", x1: pad, x2: width - pad, y1: y(usual), y2: y(usual) }));
      const points = known.map(([i, { distance }]) => `${x(i).toFixed(1)},${y(distance).toFixed(1)}`);
      nodes.push(svgElement("polyline", { class: "curve", points: points.join(" ") }));
      nodes.push(text(pad, 11, "Distance to the nearest real code (dashed: usual)"));
    }
    for (const { from, to, digit } of runsOf(known.filter(([, { digit }]) => digit !== null))) {
      const left = Math.max(x(from - 0.5), pad), right = Math.min(x(to + 0.5), width - pad);
      const band = { x: left, y: PLOT.band, width: Math.max(right - left - 1, 1), height: PLOT.bandHeight, rx: 3 };
      nodes.push(svgElement("rect", { ...band, fill: colors[digit % colors.length] }));
      if (right - left > 14) nodes.push(text((left + right) / 2, PLOT.band + 13, classes[digit] ?? digit, "digit"));
    }
    svg.replaceChildren(...nodes);
    svg.setAttribute("aria-label", label);
  }

  function text(x, y, words, className = "") {
    const node = svgElement("text", { x, y, class: className });
    node.textContent = words;
    return node;
  }

  // Neighbouring samples that are read as the same digit, as stretches.
  function runsOf(known) {
    const runs = [];
    for (const [i, { digit }] of known) {
      const last = runs[runs.length - 1];
      if (last && last.digit === digit && last.to === i - 1) last.to = i;
      else runs.push({ from: i, to: i, digit });
    }
    return runs;
  }

  return { draw };
}
