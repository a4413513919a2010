// Walking between images: the networks are here, so nothing is asked of the server while a hand moves. Only the place at
// which it comes to rest is told, for the address. Streamlit calls the function below again at every change of data or
// theme, so all state lives on the mounted element.

const REST_MS = 400;
const PLAY_S = 4;
const ICONS = { play: "M8 5v14l11-7z", pause: "M7 5h4v14H7zM13 5h4v14h-4z" };

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".ip");
  const walker = (parentElement.__walker ||= createWalker(root));
  walker.tell = (place) => setStateValue("place", place);
  walker.update(data);
  return () => {
    walker.destroy();
    delete parentElement.__walker;
  };
}

function createWalker(root) {
  const part = (name) => root.querySelector(`.ip-${name}`);
  const slider = part("slider"), play = part("play"), track = part("track"), map = part("map");
  const [first, last] = root.querySelectorAll(".ip-end");
  const plot = createPlot(part("plot"));
  const walker = { update, destroy, tell: () => {} };
  const state = {
    data: null, next: null, networks: null, // what is shown, what was asked for last, encoder, decoder, reader, neighbours
    images: [], codes: [], // of the two or four ends
    code: null, // of the place
    at: [0.5, 0.5], // share across, and down on a plane
    seen: [], usual: undefined,
    width: 0, frame: 0, timer: 0, playing: false, told: "",
    stop: () => {},
  };
  const now = { decoded: part("decoded"), pixels: part("pixels"), here: part("here") };

  // ---- data ---------------------------------------------------------------------------------

  async function update(data) {
    const print = JSON.stringify(data);
    if (print === state.print) return layOut(); // the theme changed, or nothing did
    [state.print, state.next] = [print, data];
    const names = [data.encoder, data.decoder, data.reader, data.codes];
    const parts = await Promise.all(names.map((name) => (name ? assets.get(name) : null)));
    if (state.next !== data) return;
    const network = (asset) => asset && createNetwork(asset.header.ops, floats(asset.weights));
    if (JSON.stringify(names) !== state.names) {
      state.names = JSON.stringify(names);
      const [encode, decode, read] = parts.slice(0, 3).map(network), real = parts[3];
      state.networks = { encode, decode, read, real: real && createNeighbours(floats(real.codes), real.size) };
      state.real = real && { indices: new Int32Array(real.indices.slice().buffer), labels: real.labels };
      state.usual = undefined;
    }
    adopt(data);
  }

  function adopt(data) {
    const asked = state.data === null || data.visit !== state.data.visit;
    state.data = data;
    const all = floats(unpacked(data.ends)), size = all.length / data.names.length;
    state.images = data.names.map((_, i) => all.subarray(i * size, (i + 1) * size));
    state.codes = state.images.map((image) => state.networks.encode(image).slice());
    state.code = new Float32Array(state.codes[0].length);
    state.mixed = new Float32Array(size);
    if (asked) state.at = data.place ? [...data.place] : [0.5, 0.5];
    state.told = resting();
    part("stage").hidden = part("scrub").hidden = track.hidden = data.plane;
    part("plane").hidden = !data.plane;
    part("help").textContent = data.plane
      ? "Move over the plane, or use the arrow keys. The corners are the reconstructions of the four images."
      : "Drag anywhere along the way. ← → step, Home and End jump, space plays.";
    layOut();
    root.dataset.ready = "true";
  }

  const resting = () => state.at.slice(0, state.data.plane ? 2 : 1).map((share) => share.toFixed(3)).join(",");

  // ---- drawing ------------------------------------------------------------------------------

  // All that depends on the width, the data or the theme; then the place.
  function layOut() {
    if (!state.data || !state.width) return;
    state.stop();
    if (state.data.plane) drawPlane();
    else drawWay();
    render();
  }

  function decodeAt(share) {
    return state.networks.decode(alongPath(state.codes[0], state.codes[1], share, state.data.path, state.code));
  }

  function mixAt(share) {
    const [a, b] = state.images;
    for (let i = 0; i < a.length; i += 1) state.mixed[i] = a[i] + share * (b[i] - a[i]);
    return state.mixed;
  }

  function drawWay() {
    const { data, images, width } = state, { shape } = data;
    [[first, 0], [last, 1]].forEach(([figure, i]) => {
      paint(figure.querySelector("canvas"), images[i], shape);
      caption(figure, data.names[i], i ? "end" : "start");
    });
    const pad = parseFloat(getComputedStyle(track).paddingLeft), inner = width - 2 * pad, { shares } = data;
    const apart = shares.length > 1 ? (shares[1] - shares[0]) * inner : inner;
    const tile = Math.max(12, Math.min(2 * pad, apart - 3));
    track.style.setProperty("--tile", `${tile}px`);
    track.style.setProperty("--pad", `${pad}px`);
    for (const [name, draw, words] of [["decoded", decodeAt, "decoded on the way"], ["pixels", mixAt, "plain cross-fade"]]) {
      const strip = part(`strip-${name}`);
      strip.style.height = `${(tile * shape[1]) / shape[2] + 4}px`;
      strip.setAttribute("aria-label", `${shares.length} images ${words}`);
      strip.replaceChildren(
        ...shares.map((share) => {
          const canvas = document.createElement("canvas");
          canvas.style.left = `${share * 100}%`;
          canvas.dataset.share = share.toFixed(3);
          paint(canvas, draw(share), shape);
          return canvas;
        }),
      );
      strip.style.marginLeft = strip.style.marginRight = "0";
    }
    look(pad);
  }

  // Walk the way in small steps and note the nearest real code and the digit.
  function look(pad) {
    const { networks, data, width } = state, { real, read } = networks;
    part("plot").style.display = real || read ? "" : "none";
    if (!real && !read) return;
    state.seen = new Array(SAMPLES).fill(null);
    const colors = classColors(root);
    const show = () => {
      const digits = [...new Set(state.seen.filter((s) => s && s.digit !== null).map((s) => s.digit))];
      const label = `On the way${digits.length ? `, read as ${digits.join(", ")}` : ""}`;
      plot.draw({ ...state, width, pad, colors, classes: data.classes, label });
      root.dataset.looked = state.seen.every(Boolean);
    };
    show();
    state.stop = inSlices(SAMPLES + 1, (i) => {
      if (i === 0) {
        if (real) state.usual ??= real.usual();
        return;
      }
      const image = decodeAt((i - 1) / (SAMPLES - 1));
      const digit = read ? readScores(read(image)).digit : null;
      state.seen[i - 1] = { digit, distance: real ? real.nearest(state.code).distance : 0 };
      if (i % 6 === 0) show();
    }, () => {
      show();
      render(); // with the usual distance, now that it is known
    });
  }

  function drawPlane() {
    const { data, networks } = state, { shape, side } = data, [channels, height, width] = shape;
    [map.width, map.height] = [side * width, side * height];
    const context = map.getContext("2d"), image = context.createImageData(width, height);
    part("corners").replaceChildren(
      ...state.images.map((values, i) => {
        const figure = element("figure", ""), canvas = document.createElement("canvas");
        paint(canvas, values, shape);
        canvas.setAttribute("role", "img");
        canvas.setAttribute("aria-label", data.names[i]);
        figure.append(canvas, element("figcaption", "", data.names[i]));
        return figure;
      }),
    );
    map.setAttribute("aria-label", `${side} by ${side} images decoded between ${data.names.join(", ")}`);
    state.stop = inSlices(side * side, (i) => {
      const column = i % side, row = Math.floor(i / side);
      const code = onPlane(state.codes, column / (side - 1), row / (side - 1), new Float32Array(state.code.length));
      toPixels(networks.decode(code), channels, image.data);
      context.putImageData(image, column * width, row * height);
    }, () => (root.dataset.looked = "true"));
  }

  function caption(figure, title, words) {
    const line = figure.querySelector("figcaption");
    line.replaceChildren(element("b", "", title), element("span", "", words));
    figure.querySelector("canvas").setAttribute("aria-label", `${title}, ${words}`);
  }

  const reading = (image) => {
    if (!state.networks.read) return "";
    const { digit, sure } = readScores(state.networks.read(image));
    return `reads ${state.data.classes[digit] ?? digit}, ${(100 * sure).toFixed(0)} %`;
  };

  function render() {
    const { data, at } = state, [share, down] = at;
    if (data.plane) {
      const image = state.networks.decode(onPlane(state.codes, share, down, state.code));
      paint(now.here.querySelector("canvas"), image, data.shape);
      caption(now.here, `${percent(share)} across, ${percent(down)} down`, reading(image));
      const { side } = data, centre = (value) => `${(100 * (value * (side - 1) + 0.5)) / side}%`;
      [part("mark").style.left, part("mark").style.top] = [centre(share), centre(down)];
    } else {
      const decoded = decodeAt(share);
      paint(now.decoded.querySelector("canvas"), decoded, data.shape);
      caption(now.decoded, "through the code", reading(decoded));
      const near = state.code.slice(); // decodeAt left the place's code there
      const mixed = mixAt(share);
      paint(now.pixels.querySelector("canvas"), mixed, data.shape);
      caption(now.pixels, "pixels cross-faded", reading(mixed));
      slider.value = share;
      slider.setAttribute("aria-valuetext", `${percent(share)} of the way`);
      const pad = parseFloat(getComputedStyle(track).paddingLeft);
      part("head").style.left = `${pad + share * (state.width - 2 * pad)}px`;
      readOut(near, `${percent(share)} of the way`);
    }
    if (data.plane) readOut(state.code, "");
    root.dataset.at = resting();
    root.dataset.frames = Number(root.dataset.frames ?? 0) + 1;
  }

  function readOut(code, where) {
    const parts = where ? [where] : [];
    if (state.networks.real) {
      const { row, distance } = state.networks.real.nearest(code), { indices, labels } = state.real;
      const label = state.data.classes[labels[row]] ?? labels[row];
      parts.push(`nearest real code: test image ${indices[row]} · ${label}, ${shortNumber(distance)} away`);
      if (state.usual !== undefined) parts.push(`usual between real codes ${shortNumber(state.usual)}`);
    }
    part("readout").textContent = parts.join(" — ").replace(/ — (?=usual)/, "; ");
  }

  const percent = (share) => `${(100 * share).toFixed(0)} %`;

  // ---- moving -------------------------------------------------------------------------------

  function go(share, down = state.at[1]) {
    const cut = (value) => Math.min(Math.max(value, 0), 1);
    state.at = [cut(share), cut(down)];
    state.frame ||= requestAnimationFrame(() => {
      state.frame = 0;
      render();
    });
    rest();
  }

  function rest() {
    clearTimeout(state.timer);
    state.timer = setTimeout(() => {
      if (state.playing || resting() === state.told) return;
      state.told = resting();
      walker.tell(state.told);
    }, REST_MS);
  }

  function start() {
    state.playing = true;
    let since = performance.now(), share = state.at[0] >= 1 ? 0 : state.at[0], direction = 1;
    const tick = (time) => {
      if (!state.playing) return;
      share += (direction * Math.min(time - since, 100)) / (1000 * PLAY_S);
      since = time;
      if (share >= 1 || share <= 0) direction = share >= 1 ? -1 : 1;
      go(share);
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
    showPlay();
  }

  function halt() {
    if (!state.playing) return;
    state.playing = false;
    showPlay();
    rest();
  }

  function showPlay() {
    play.setAttribute("aria-label", state.playing ? "Pause" : "Play");
    play.querySelector("path").setAttribute("d", state.playing ? ICONS.pause : ICONS.play);
  }

  // ---- touch, mouse, keyboard ---------------------------------------------------------------

  slider.oninput = () => {
    halt();
    go(Number(slider.value));
  };
  play.onclick = () => (state.playing ? halt() : start());

  function dragged(node, move) {
    node.onpointerdown = (event) => {
      if (!state.data || event.button > 0) return;
      halt();
      node.setPointerCapture(event.pointerId);
      move(event);
    };
    node.onpointermove = (event) => node.hasPointerCapture(event.pointerId) && move(event);
  }

  dragged(track, (event) => {
    const box = track.getBoundingClientRect(), pad = parseFloat(getComputedStyle(track).paddingLeft);
    go((event.clientX - box.left - pad) / (box.width - 2 * pad));
    slider.focus({ preventScroll: true }); // the arrow keys go on from here
  });
  const onMap = (event) => {
    const box = map.getBoundingClientRect(), { side } = state.data;
    const share = (value, size) => ((value / size) * side - 0.5) / (side - 1);
    go(share(event.clientX - box.left, box.width), share(event.clientY - box.top, box.height));
  };
  dragged(part("field"), onMap);

  root.onkeydown = (event) => {
    if (!state.data || event.altKey || event.ctrlKey || event.metaKey) return;
    const { plane, shares, side } = state.data, [share, down] = state.at;
    const step = plane ? 1 / (side - 1) : 1 / Math.max(shares.length - 1, 1), fine = event.shiftKey ? 0.2 : 1;
    const keys = {
      ArrowLeft: () => go(share - step * fine),
      ArrowRight: () => go(share + step * fine),
      ArrowUp: () => (plane ? go(share, down - step * fine) : go(share + step * fine)),
      ArrowDown: () => (plane ? go(share, down + step * fine) : go(share - step * fine)),
      Home: () => go(0, 0),
      End: () => go(1, 1),
    };
    if (!plane && !event.target.matches("button")) keys[" "] = () => play.click();
    if (!keys[event.key]) return;
    event.preventDefault();
    if (event.key !== " ") halt();
    keys[event.key]();
  };

  const observer = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (width === state.width) return;
    state.width = width;
    layOut();
  });
  observer.observe(root);
  showPlay();

  function destroy() {
    observer.disconnect();
    clearTimeout(state.timer);
    state.stop();
    state.playing = false;
  }

  return walker;
}
