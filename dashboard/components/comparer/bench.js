// The same images, and the same way between two, through several runs at once; all networks are here. Streamlit calls the
// function below again at every change of data or theme, so all state lives on the mounted element.

const REST_MS = 400;
const LETTERS = "ABCDEF";

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".cb");
  const bench = (parentElement.__bench ||= createBench(root));
  bench.tell = (place) => setStateValue("place", place);
  bench.update(data);
  return () => {
    bench.destroy();
    delete parentElement.__bench;
  };
}

function createBench(root) {
  const part = (name) => root.querySelector(`.cb-${name}`);
  const slider = part("slider");
  const bench = { update, destroy, tell: () => {} };
  const state = { data: null, print: "", networks: new Map(), images: [], noisy: [], lanes: [], at: 0.5, told: "", frame: 0, timer: 0, width: 0 };
  let stop = () => {};

  async function network(name) {
    const { header, weights } = await assets.get(name);
    const made = createNetwork(header.ops, floats(weights));
    state.networks.set(name, made);
    return made;
  }

  async function update(data) {
    const print = JSON.stringify(data);
    if (print === state.print) return arrange(); // the theme changed, or nothing did
    state.print = print;
    const names = data.runs.flatMap((run) => [run.encoder, run.decoder]).concat(data.reader ?? []);
    await Promise.all(names.map((name) => state.networks.get(name) ?? network(name)));
    if (state.print !== print) return;
    for (const name of state.networks.keys()) if (!names.includes(name)) state.networks.delete(name);
    const asked = !state.data || state.data.visit !== data.visit;
    state.data = data;
    const rows = (packed) => {
      const all = floats(unpacked(packed)), size = all.length / data.names.length;
      return data.names.map((_, i) => all.subarray(i * size, (i + 1) * size));
    };
    [state.images, state.shown] = [rows(data.clean), rows(data.shown)];
    if (asked) state.at = data.place ?? 0.5;
    state.told = state.at.toFixed(3);
    part("images").hidden = data.view !== "images";
    part("way").hidden = data.view !== "way";
    arrange();
    root.dataset.ready = "true";
  }

  function arrange() {
    if (!state.data || !state.width) return;
    stop();
    if (state.data.view === "images") drawSheet();
    else drawLanes();
  }

  const through = (run, image) => state.networks.get(run.decoder)(state.networks.get(run.encoder)(image));
  const reads = (image) => {
    const read = state.data.reader && state.networks.get(state.data.reader);
    if (!read) return "";
    const { digit } = readScores(read(image));
    return `reads ${state.data.classes[digit] ?? digit}`;
  };

  function tile(values, label) {
    const canvas = document.createElement("canvas");
    paint(canvas, values, state.data.shape);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", label);
    return canvas;
  }

  function runName(run, i, below = "") {
    const name = element("div", "cb-name"), chip = element("b", "cb-chip", LETTERS[i]), colors = classColors(root);
    chip.style.setProperty("--chip", colors[i % colors.length]);
    name.append(chip, element("span", "", run.title), element("small", "", below));
    return name;
  }

  // ---- the same images ------------------------------------------------------------------------

  function drawSheet() {
    const { data, images, shown } = state, sheet = element("div", "cb-sheet"), host = part("images");
    sheet.style.setProperty("--count", images.length);
    const row = (name, cells, group = false) => {
      const line = [element("div", "cb-name", ""), ...cells];
      line[0] = typeof name === "string" ? element("div", "cb-name", name) : name;
      if (group) line.forEach((cell) => cell.classList.add("cb-group"));
      sheet.append(...line);
      return line;
    };
    const cell = (...nodes) => {
      const node = element("div", "");
      node.append(...nodes);
      return node;
    };
    row("clean", images.map((image, i) => cell(tile(image, data.names[i]))));
    if (data.noisy) row("noisy", shown.map((image, i) => cell(tile(image, `${data.names[i]}, noisy`))));
    const lines = data.runs.map((run, i) => {
      const name = runName(run, i);
      const outputs = images.map(() => cell()), errors = images.map(() => cell()), scores = images.map(() => element("div", "cb-score"));
      row(name, outputs, true);
      if (data.errors) {
        errors.forEach((node) => node.classList.add("cb-error"));
        row("error", errors);
      }
      row("", scores);
      return { run, name, outputs, errors, scores, mse: [] };
    });
    host.replaceChildren(sheet);
    stop = inSlices(images.length * lines.length, (step) => {
      const image = Math.floor(step / lines.length), line = lines[step % lines.length];
      const output = through(line.run, shown[image]), clean = images[image];
      let sum = 0;
      for (let k = 0; k < clean.length; k += 1) sum += (output[k] - clean[k]) ** 2;
      line.mse[image] = sum / clean.length;
      line.outputs[image].append(tile(output, `${data.names[image]} through ${line.run.title}`));
      if (data.errors) line.errors[image].append(errorTile(clean, output));
      if (line.run === data.runs[data.runs.length - 1]) score(lines, image, reads);
    }, () => {
      const means = lines.map(({ mse }) => mse.reduce((a, b) => a + b, 0) / mse.length), least = Math.min(...means);
      lines.forEach(({ name }, i) => {
        name.lastChild.textContent = `mean MSE ${means[i].toFixed(4)}${means.length > 1 && means[i] === least ? ", best" : ""}`;
      });
      root.dataset.done = JSON.stringify(means);
    });
  }

  // The errors of one image under each other's runs, the smallest bold.
  function score(lines, image) {
    const least = Math.min(...lines.map(({ mse }) => mse[image]));
    for (const { mse, scores } of lines) {
      scores[image].textContent = mse[image].toFixed(4);
      scores[image].classList.toggle("cb-best", lines.length > 1 && mse[image] === least);
    }
  }

  // Where an output errs: ink of the theme, full at the scale that the page chose.
  function errorTile(clean, output) {
    const [channels, height, width] = state.data.shape, canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d"), image = context.createImageData(width, height);
    for (let i = 0; i < width * height; i += 1) {
      let sum = 0;
      for (let k = 0; k < channels; k += 1) sum += Math.abs(output[i * channels + k] - clean[i * channels + k]);
      image.data.set([226, 84, 40, (255 * sum) / channels / state.data.errors], 4 * i);
    }
    context.putImageData(image, 0, 0);
    canvas.setAttribute("aria-hidden", "true");
    return canvas;
  }

  // ---- the same way -----------------------------------------------------------------------------

  function drawLanes() {
    const { data, shown } = state, { shares, path, shape } = data;
    part("ends").replaceChildren(
      ...[0, 1].map((i) => {
        const figure = element("figure", "");
        figure.append(tile(shown[i], data.names[i]), element("figcaption", "", data.names[i]));
        return figure;
      }),
    );
    state.lanes = data.runs.map((run, i) => {
      const encode = state.networks.get(run.encoder), decode = state.networks.get(run.decoder);
      const [start, end] = [encode(shown[0]).slice(), encode(shown[1]).slice()], code = new Float32Array(start.length);
      const lane = element("div", "cb-lane"), name = runName(run, i), now = tile(shown[0], ""), strip = element("div", "cb-strip");
      const mark = element("div", "cb-mark");
      lane.append(name, now, strip);
      return { lane, name, now, strip, mark, at: (share) => decode(alongPath(start, end, share, path, code)) };
    });
    part("lanes").replaceChildren(...state.lanes.map(({ lane }) => lane));
    for (const { strip, mark, at } of state.lanes) {
      const apart = shares.length > 1 ? (shares[1] - shares[0]) * strip.clientWidth : 60;
      const wide = Math.max(10, Math.min(60, apart - 2)), tall = (wide * shape[1]) / shape[2];
      strip.style.height = `${tall}px`;
      for (const share of shares) {
        const canvas = tile(at(share), "");
        canvas.setAttribute("aria-hidden", "true");
        Object.assign(canvas.style, { left: `${100 * share}%`, width: `${wide}px` });
        strip.append(canvas);
      }
      strip.append(mark);
      strip.onpointerdown = (event) => {
        strip.setPointerCapture(event.pointerId);
        follow(strip, event);
      };
      strip.onpointermove = (event) => strip.hasPointerCapture(event.pointerId) && follow(strip, event);
    }
    render();
  }

  function follow(strip, event) {
    const box = strip.getBoundingClientRect();
    go((event.clientX - box.left) / box.width);
  }

  function render() {
    for (const { name, now, mark, at } of state.lanes) {
      const image = at(state.at);
      paint(now, image, state.data.shape);
      name.lastChild.textContent = reads(image);
      mark.style.left = `${100 * state.at}%`;
    }
    slider.value = state.at;
    slider.setAttribute("aria-valuetext", `${(100 * state.at).toFixed(0)} % of the way`);
    root.dataset.at = state.at.toFixed(3);
  }

  function go(share) {
    state.at = Math.min(Math.max(share, 0), 1);
    state.frame ||= requestAnimationFrame(() => {
      state.frame = 0;
      render();
    });
    clearTimeout(state.timer);
    state.timer = setTimeout(() => {
      if (state.at.toFixed(3) === state.told) return;
      state.told = state.at.toFixed(3);
      bench.tell(state.told);
    }, REST_MS);
  }

  slider.oninput = () => go(Number(slider.value));
  slider.onkeydown = (event) => {
    const step = 1 / Math.max(state.data.shares.length - 1, 1);
    const moves = { ArrowLeft: state.at - step, ArrowRight: state.at + step, ArrowDown: state.at - step, ArrowUp: state.at + step, Home: 0, End: 1 };
    if (!(event.key in moves)) return;
    event.preventDefault();
    go(moves[event.key]);
  };

  const observer = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (width === state.width) return;
    state.width = width;
    arrange();
  });
  observer.observe(root);

  function destroy() {
    observer.disconnect();
    clearTimeout(state.timer);
    stop();
  }

  return bench;
}
