// Sheets of many codes: random ones, and every unit swept across its range.

const AS_NUMBERS = 8; // longer vectors are drawn as bars
const SWEEP = 9;

const asText = (vector) => Array.from(vector, (value) => Number(value.toPrecision(4))).join(",");
const signed = (value) => `${value < 0 ? "−" : ""}${Math.abs(value).toFixed(2)}`;

// A card an image, the vector that it was decoded from above it, as in report 002.
function drawRandom(host, { vectors, decode, shape, say, pick }) {
  host.replaceChildren();
  return inSlices(vectors.length, (i) => {
    const vector = vectors[i], button = element("button", "ge-card"), canvas = document.createElement("canvas");
    button.type = "button";
    const image = decode(vector);
    paint(canvas, image, shape);
    const numbers = Array.from(vector, signed).join("  ");
    const above = vector.length > AS_NUMBERS ? barsOf(vector) : element("span", "ge-vector", numbers);
    button.append(above, canvas);
    button.title = vector.length > AS_NUMBERS ? numbers : "";
    button.setAttribute("aria-label", `Random code ${i + 1}, ${say(image)}: open its sliders`);
    button.onclick = () => pick(asText(vector));
    host.append(button);
  }, () => (host.dataset.done = vectors.length));
}

function barsOf(vector) {
  const most = Math.max(...Array.from(vector, Math.abs)) || 1, wide = 100 / vector.length;
  const svg = svgElement("svg", { viewBox: "0 0 100 24", preserveAspectRatio: "none", "aria-hidden": "true" });
  vector.forEach((value, i) => {
    const height = (Math.abs(value) / most) * 12;
    const y = value >= 0 ? 12 - height : 12;
    svg.append(svgElement("rect", { x: i * wide, y, width: wide * 0.8, height: Math.max(height, 0.4) }));
  });
  return svg;
}

// A row a unit: the base code with this unit alone set from its lowest to its highest real value.
function drawTraversal(host, { base, units, decode, shape, pick, noun }) {
  host.replaceChildren();
  host.style.setProperty("--steps", SWEEP);
  const alive = units.filter((unit) => !unit.dead).sort((a, b) => b.spread - a.spread);
  return inSlices(alive.length, (i) => {
    const unit = alive[i], row = element("div", "ge-row"), name = element("div", "ge-name", `${noun} ${unit.index}`);
    const range = `${shortNumber(unit.low)} … ${shortNumber(unit.high)}`;
    name.append(element("small", "", unit.inactive ? "inactive" : range));
    name.title = range;
    row.append(name);
    for (let step = 0; step < SWEEP; step += 1) {
      const vector = Float32Array.from(base), value = unit.low + (step / (SWEEP - 1)) * (unit.high - unit.low);
      vector[unit.index] = value;
      const button = element("button", "ge-step"), canvas = document.createElement("canvas");
      button.type = "button";
      button.setAttribute("aria-label", `${noun} ${unit.index} at ${shortNumber(value)}: open its sliders`);
      paint(canvas, decode(vector), shape);
      button.append(canvas);
      button.onclick = () => pick(asText(vector));
      row.append(button);
    }
    host.append(row);
  }, () => {
    host.append(element("p", "ge-note", idleWords(units, noun)));
    host.dataset.done = alive.length;
  });
}

// Which units say nothing, in words.
function idleWords(units, noun) {
  const dead = units.filter((unit) => unit.dead), inactive = units.filter((unit) => unit.inactive);
  const named = (some) => `${noun}${some.length === 1 ? "" : "s"} ${some.map((unit) => unit.index).join(", ")}`;
  const said = [];
  if (dead.length) said.push(`Dead, the same for every image: ${named(dead)}.`);
  if (inactive.length) said.push(`Inactive, hardly moved by the image: ${named(inactive)}.`);
  return said.join(" ");
}
