// A code under one's hands: sliders, random codes and sweeps, all decoded here. Only what one comes to rest at is told to
// the server, for the address. Streamlit calls the function below again at every change of data or theme.

const REST_MS = 400;
const BEYOND = 0.25; // sliders reach so far past the real codes, in parts of their range

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".ge");
  const maker = (parentElement.__maker ||= createMaker(root));
  maker.tell = (vector) => setStateValue("vector", vector);
  maker.pick = (vector) => setTriggerValue("picked", vector);
  maker.update(data);
  return () => {
    maker.destroy();
    delete parentElement.__maker;
  };
}

function createMaker(root) {
  const part = (name) => root.querySelector(`.ge-${name}`);
  const state = { data: null, print: "", names: "", networks: null, start: null, vector: null, told: "", timer: 0, frame: 0 };
  const maker = { update, destroy, tell: () => {}, pick: () => {} };
  let stop = () => {}, sliders = [];

  async function update(data) {
    const print = JSON.stringify(data);
    if (print === state.print) return;
    state.print = print;
    const names = [data.encoder, data.decoder, data.reader, data.codes];
    const [encoder, decoder, reader, real] = await Promise.all(names.map((name) => (name ? assets.get(name) : null)));
    if (state.print !== print) return;
    if (JSON.stringify(names) !== state.names) {
      state.names = JSON.stringify(names);
      const network = (asset) => asset && createNetwork(asset.header.ops, floats(asset.weights));
      state.networks = { encode: network(encoder), decode: network(decoder), read: network(reader) };
      state.real = real && {
        near: createNeighbours(floats(real.codes), real.size),
        indices: new Int32Array(real.indices.slice().buffer),
        labels: real.labels,
      };
    }
    const asked = !state.data || data.visit !== state.data.visit || data.image !== state.data.image;
    state.data = data;
    state.code = state.networks.encode(floats(unpacked(data.image))).slice();
    // Of a map as code every channel has a gain; else a code is its own vector.
    state.start = data.map ? new Float32Array(data.map[0]).fill(1) : state.code.slice();
    if (asked) {
      const given = data.vector && Float32Array.from(data.vector);
      state.vector = given && given.length === state.start.length ? given : state.start.slice();
      state.told = asText(state.vector);
    }
    for (const view of ["units", "random", "traversal", "draw"]) part(view).hidden = view !== data.view;
    arrange();
    root.dataset.ready = "true";
  }

  const noun = () => (state.data.map ? "channel" : "unit");

  // The code that a vector stands for.
  function codeOf(vector) {
    const { map } = state.data;
    if (!map) return vector;
    const [channels, height, width] = map, area = height * width, code = new Float32Array(state.code.length);
    for (let c = 0; c < channels; c += 1) {
      for (let i = c * area; i < (c + 1) * area; i += 1) code[i] = state.code[i] * vector[c];
    }
    return code;
  }

  const decode = (vector) => state.networks.decode(codeOf(vector));

  function say(image) {
    if (!state.networks.read) return "";
    const { digit, sure } = readScores(state.networks.read(image));
    return `reads ${state.data.classes[digit] ?? digit}, ${(100 * sure).toFixed(0)} %`;
  }

  function arrange() {
    stop();
    const { data } = state, { units, shape, view } = data, pick = (vector) => maker.pick(vector);
    delete part(view).dataset.done;
    if (view === "random") {
      const all = floats(unpacked(data.random)), size = state.start.length;
      const vectors = Array.from({ length: all.length / size }, (_, i) => all.subarray(i * size, (i + 1) * size));
      stop = drawRandom(part("random"), { vectors, decode, shape, say, pick });
    } else if (view === "draw") {
      const { encode, decode } = state.networks;
      createPad(part("draw"), { encode, decode, shape, colors: data.inks, say, near: nearWords, pick });
    } else if (view === "traversal") {
      stop = drawTraversal(part("traversal"), { base: state.vector, units, decode, shape, pick, noun: noun() });
    } else {
      buildSliders(units);
      render();
    }
  }

  // ---- sliders ------------------------------------------------------------------------------

  function buildSliders(units) {
    const alive = units.filter((unit) => !unit.dead);
    sliders = alive.map((unit) => {
      const low = unit.low - BEYOND * (unit.high - unit.low), high = unit.high + BEYOND * (unit.high - unit.low);
      const label = element("label", "ge-unit"), head = element("span", ""), input = document.createElement("input");
      const value = document.createElement("output");
      head.append(element("span", "", `${noun()} ${unit.index}`), value);
      const at = state.vector[unit.index];
      Object.assign(input, { type: "range", min: Math.min(low, at), max: Math.max(high, at), step: "any" });
      input.value = at;
      input.dataset.unit = unit.index;
      input.setAttribute("aria-label", `${noun()} ${unit.index}, real codes from ${shortNumber(unit.low)} to ${shortNumber(unit.high)}`);
      input.oninput = () => {
        state.vector[unit.index] = Number(input.value);
        changed();
      };
      input.ondblclick = () => {
        state.vector[unit.index] = state.start[unit.index];
        changed();
      };
      label.append(head, ...(unit.histogram.length ? [histogram(unit, low, high)] : []), input);
      label.classList.toggle("ge-inactive", unit.inactive);
      return { unit, input, value, label };
    });
    part("sliders").replaceChildren(...sliders.map(({ label }) => label));
    part("dead").textContent = idleWords(units, noun());
  }

  // How often real codes have which value, over the slider's whole reach.
  function histogram({ low, high, histogram: bins }, from, to) {
    const svg = svgElement("svg", { viewBox: "0 0 100 26", preserveAspectRatio: "none", "aria-hidden": "true" });
    const most = Math.max(...bins, 1), left = ((low - from) / (to - from)) * 100;
    const wide = (((high - low) / (to - from)) * 100) / bins.length;
    bins.forEach((count, i) => {
      const height = (count / most) * 25;
      svg.append(svgElement("rect", { x: left + i * wide, y: 26 - height, width: wide * 0.86, height }));
    });
    svg.append(svgElement("line", { x1: 0, x2: 100, y1: 26, y2: 26, "vector-effect": "non-scaling-stroke" }));
    return svg;
  }

  function changed() {
    state.frame ||= requestAnimationFrame(() => {
      state.frame = 0;
      render();
    });
    clearTimeout(state.timer);
    state.timer = setTimeout(() => {
      const now = asText(state.vector);
      if (now === state.told) return;
      state.told = now;
      maker.tell(now === asText(state.start) ? "" : now);
    }, REST_MS);
  }

  function render() {
    const { data } = state, code = codeOf(state.vector), image = state.networks.decode(code), canvas = root.querySelector(".ge-result canvas");
    paint(canvas, image, data.shape);
    const said = say(image);
    part("says").textContent = said;
    canvas.setAttribute("aria-label", `Decoded image${said ? `, ${said}` : ""}`);
    for (const { unit, input, value } of sliders) {
      const at = state.vector[unit.index];
      if (Number(input.value) !== at) input.value = at;
      value.textContent = signed(at);
    }
    part("near").textContent = nearWords(code);
    part("reset").disabled = asText(state.vector) === asText(state.start);
    root.dataset.vector = asText(state.vector);
  }

  function nearWords(code) {
    if (!state.real) return "";
    const { row, distance } = state.real.near.nearest(code), label = state.real.labels[row];
    return `Nearest real code: test image ${state.real.indices[row]} · ${state.data.classes[label] ?? label}, ${shortNumber(distance)} away`;
  }

  part("reset").onclick = () => {
    state.vector = state.start.slice();
    changed();
  };

  function destroy() {
    stop();
    clearTimeout(state.timer);
  }

  return maker;
}
