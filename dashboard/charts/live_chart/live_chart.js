// Stacked curves over one x axis, drawn as SVG. New data never resets the zoom, the cursor or the
// hidden series: they live on the mounted element, and Streamlit calls this function again for every change.

const SVG = "http://www.w3.org/2000/svg";
const LEFT = 56, RIGHT = 14, GAP = 30, TOP = 22, BOTTOM = 26;

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".lc");
  const chart = (parentElement.__chart ||= createChart(root));
  chart.update(data);
  return () => {
    chart.destroy();
    delete parentElement.__chart;
  };
}

function createChart(root) {
  const svg = root.querySelector(".lc-plot");
  const reset = root.querySelector(".lc-reset");
  const legend = root.querySelector(".lc-legend");
  const state = { data: null, zoom: null, cursor: null, drag: null, hidden: new Set(), width: 0 };

  function update(data) {
    if (state.data && state.data.xName !== data.xName) state.zoom = null; // another axis: the same numbers mean other things
    state.data = data;
    svg.setAttribute("aria-label", data.alt);
    buildLegend();
    draw();
  }

  // ---- scales -------------------------------------------------------------------------------

  const full = () => state.data.domain;
  const domain = () => state.zoom ?? full();
  const plotWidth = () => Math.max(state.width - LEFT - RIGHT, 40);
  const toPixel = (x) => LEFT + ((x - domain()[0]) / (domain()[1] - domain()[0])) * plotWidth();
  const toX = (pixel) => domain()[0] + ((pixel - LEFT) / plotWidth()) * (domain()[1] - domain()[0]);

  // The points from the last one left of the view to the first one right of it.
  function visible() {
    const xs = state.data.x, [low, high] = domain();
    let from = 0, to = xs.length;
    while (from + 1 < xs.length && xs[from + 1] < low) from += 1;
    while (to > from + 1 && xs[to - 2] > high) to -= 1;
    return [from, to];
  }

  function range(panel) {
    const [from, to] = visible();
    const values = panel.series
      .filter((series) => !state.hidden.has(series.name))
      .flatMap((series) => series.values.slice(from, to))
      .filter((value) => value != null && (!panel.log || value > 0));
    let low = Math.min(...values), high = Math.max(...values);
    if (!values.length) [low, high] = [panel.log ? 0.1 : 0, 1];
    if (panel.log) {
      [low, high] = [Math.log10(low), Math.log10(high)];
      const margin = Math.max((high - low) * 0.06, low === high ? 0.3 : 0.01);
      return [low - margin, high + margin];
    }
    return [Math.min(low, 0), Math.max(high, panel.least ?? 1) * 1.08];
  }

  // ---- drawing ------------------------------------------------------------------------------

  function draw() {
    if (!state.data || !state.width) return;
    const { data } = state;
    let top = TOP;
    svg.replaceChildren();
    const colors = palette(root);
    data.panels.forEach((panel, index) => {
      const last = index === data.panels.length - 1;
      drawPanel(panel, top, colors, last);
      top += panel.height + (last ? 0 : GAP);
    });
    const height = top + BOTTOM;
    svg.setAttribute("height", height);
    svg.setAttribute("viewBox", `0 0 ${state.width} ${height}`);
    svg.dataset.domain = domain().join(" ");
    reset.hidden = state.zoom === null;
    state.bottom = top;
    drawCursor();
  }

  function drawPanel(panel, top, colors, last) {
    const [low, high] = range(panel);
    const toY = (value) => {
      const at = panel.log ? Math.log10(value) : value;
      return top + panel.height - ((at - low) / (high - low)) * panel.height;
    };
    add("text", { x: LEFT, y: top - 7, class: "title" }, panel.title);
    const ticks = panel.log ? logTicks(low, high, panel.height) : linearTicks(low, high, panel.height / 32, true);
    for (const tick of ticks) {
      const y = toY(tick);
      add("line", { x1: LEFT, x2: state.width - RIGHT, y1: y, y2: y, class: "grid" });
      add("text", { x: LEFT - 8, y: y + 4, "text-anchor": "end" }, short(tick));
    }
    for (const tick of linearTicks(...domain(), plotWidth() / 90, true)) {
      const x = toPixel(tick);
      add("line", { x1: x, x2: x, y1: top, y2: top + panel.height, class: "grid" });
      if (last) add("text", { x, y: top + panel.height + 18, "text-anchor": "middle" }, short(tick));
    }
    const clip = `lc-clip-${Math.round(top)}`;
    const clipPath = add("clipPath", { id: clip });
    clipPath.append(make("rect", { x: LEFT - 1, y: top - 4, width: plotWidth() + 2, height: panel.height + 8 }));
    for (const series of panel.series) {
      if (state.hidden.has(series.name)) continue;
      const color = colors[series.color % colors.length];
      const path = linePath(series, toY, panel.log);
      add("path", { d: path, class: "line", stroke: color, "clip-path": `url(#${clip})` });
      if (state.data.x.length === 1 && series.values[0] != null) {
        add("circle", { cx: toPixel(state.data.x[0]), cy: toY(series.values[0]), r: 3.5, fill: color });
      }
    }
  }

  function linePath(series, toY, log) {
    const [from, to] = visible();
    let path = "", pen = "M", before = 0;
    for (let i = from; i < to; i += 1) {
      const value = series.values[i];
      if (value == null || (log && value <= 0)) {
        pen = "M";
        continue;
      }
      const x = toPixel(state.data.x[i]).toFixed(1), y = toY(value).toFixed(1);
      path += pen === "L" && series.step ? `L${x} ${before}L${x} ${y}` : `${pen}${x} ${y}`;
      [pen, before] = ["L", y];
    }
    return path;
  }

  function drawCursor() {
    svg.querySelectorAll(".cursor, .select").forEach((node) => node.remove());
    const xs = state.data.x;
    if (state.drag && Math.abs(state.drag.now - state.drag.start) > 3) {
      const [a, b] = [state.drag.start, state.drag.now].sort((p, q) => p - q);
      add("rect", { x: a, y: TOP, width: b - a, height: state.bottom - TOP, class: "select" });
    }
    const at = state.cursor === null ? xs.length - 1 : nearest(xs, state.cursor);
    if (state.cursor !== null && xs.length) {
      const x = toPixel(xs[at]);
      add("line", { x1: x, x2: x, y1: TOP, y2: state.bottom, class: "cursor" });
    }
    root.querySelector(".lc-x").textContent = xs.length ? `${state.data.xName} ${xs[at]}` : "";
    for (const key of legend.children) {
      const series = allSeries().find((entry) => entry.name === key.dataset.name);
      const value = series?.values[at];
      key.lastChild.textContent = `${series?.name} ${value == null ? "" : precise(value)}`;
    }
  }

  // ---- legend -------------------------------------------------------------------------------

  const allSeries = () => state.data.panels.flatMap((panel) => panel.series);

  function buildLegend() {
    const names = allSeries().map((series) => series.name).join("|");
    const colors = palette(root);
    if (legend.dataset.names !== names) {
      legend.dataset.names = names;
      legend.replaceChildren(...allSeries().map(legendKey));
    }
    allSeries().forEach((series, i) => {
      legend.children[i].firstChild.style.background = colors[series.color % colors.length];
    });
  }

  function legendKey(series) {
    const key = document.createElement("button");
    key.type = "button";
    key.className = "lc-key";
    key.dataset.name = series.name;
    key.title = "Show or hide";
    key.append(document.createElement("i"), document.createElement("span"));
    const mark = () => key.setAttribute("aria-pressed", String(!state.hidden.has(series.name)));
    key.onclick = () => {
      if (!state.hidden.delete(series.name)) state.hidden.add(series.name);
      mark();
      draw();
    };
    mark();
    return key;
  }

  // ---- touch, mouse, keyboard ---------------------------------------------------------------

  const inside = (event) => {
    const pixel = event.clientX - svg.getBoundingClientRect().left;
    return Math.min(Math.max(pixel, LEFT), state.width - RIGHT);
  };

  function zoomTo(low, high) {
    const [first, last] = full();
    [low, high] = [Math.max(low, first), Math.min(high, last)];
    state.zoom = high - low < 1e-9 || (low <= first && high >= last) ? null : [low, high];
    draw();
  }

  svg.onpointerdown = (event) => {
    if (event.button !== 0) return;
    svg.setPointerCapture(event.pointerId);
    state.drag = { start: inside(event), now: inside(event) };
  };
  svg.onpointermove = (event) => {
    state.cursor = toX(inside(event));
    if (state.drag) state.drag.now = inside(event);
    drawCursor();
  };
  svg.onpointerup = () => {
    const { drag } = state;
    state.drag = null;
    if (drag && Math.abs(drag.now - drag.start) > 6) {
      const [a, b] = [drag.start, drag.now].sort((p, q) => p - q);
      zoomTo(toX(a), toX(b));
    } else {
      drawCursor();
    }
  };
  svg.onpointercancel = svg.onpointerleave = () => {
    state.cursor = null;
    state.drag = null;
    drawCursor();
  };
  svg.ondblclick = reset.onclick = () => zoomTo(...full());
  root.querySelector(".lc-save").onclick = () => {
    const colors = palette(root), shown = allSeries().filter((series) => !state.hidden.has(series.name));
    const legend = shown.map(({ name, color }) => ({ name, color: colors[color % colors.length] }));
    const title = state.data.panels.map((panel) => panel.title).join("-").toLowerCase().replace(/[^a-z0-9]+/g, "-");
    saveAs(`${title.slice(0, 60)}.svg`, standalone(svg, root, legend), "image/svg+xml");
  };
  svg.onkeydown = (event) => {
    const xs = state.data.x, at = state.cursor === null ? xs.length - 1 : nearest(xs, state.cursor);
    const [low, high] = domain(), middle = xs[at] ?? (low + high) / 2;
    const scaled = (factor) => zoomTo(middle - (middle - low) * factor, middle + (high - middle) * factor);
    const keys = {
      ArrowLeft: () => (state.cursor = xs[Math.max(at - 1, 0)]),
      ArrowRight: () => (state.cursor = xs[Math.min(at + 1, xs.length - 1)]),
      "+": () => scaled(0.5),
      "=": () => scaled(0.5),
      "-": () => scaled(2),
      Escape: () => zoomTo(...full()),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
    drawCursor();
  };

  const observer = new ResizeObserver(([entry]) => {
    state.width = Math.round(entry.contentRect.width);
    draw();
  });
  observer.observe(svg);

  function add(name, attributes, text) {
    const node = make(name, attributes, text);
    svg.append(node);
    return node;
  }

  return { update, destroy: () => observer.disconnect() };
}

function make(name, attributes, text) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

function palette(root) {
  const listed = getComputedStyle(root).getPropertyValue("--st-chart-categorical-colors");
  const colors = listed.match(/#[0-9a-f]{3,8}|rgba?\([^)]*\)/gi);
  return colors?.length ? colors : ["#4477AA", "#EE7733", "#228833", "#CC3377"];
}

function nearest(xs, x) {
  let best = 0;
  for (let i = 1; i < xs.length; i += 1) if (Math.abs(xs[i] - x) < Math.abs(xs[best] - x)) best = i;
  return best;
}

// 1, 2 and 5 of each decade, or every digit where the view is narrow, thinned to what fits the height.
function logTicks(low, high, height) {
  const all = (digits) => {
    const ticks = [];
    for (let power = Math.floor(low); power <= Math.ceil(high); power += 1) {
      for (const digit of digits) {
        const tick = Number(`${digit}e${power}`);
        if (Math.log10(tick) >= low && Math.log10(tick) <= high) ticks.push(tick);
      }
    }
    return ticks;
  };
  const most = Math.max(2, height / 26);
  const wholeDecades = all([1]);
  const choices = [all([1, 1.5, 2, 2.5, 3, 4, 5, 6, 8]), all([1, 2, 3, 5]), all([1, 2, 5]), wholeDecades];
  const fitting = choices.find((ticks) => ticks.length <= most);
  const every = Math.ceil(wholeDecades.length / most);
  return fitting ?? wholeDecades.filter((_, i) => i % every === 0);
}

function linearTicks(low, high, most, whole) {
  const rough = (high - low) / Math.max(most, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  let step = [1, 2, 5, 10].map((digit) => digit * power).find((size) => size >= rough);
  if (whole) step = Math.max(1, Math.round(step));
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + 1e-9; tick += step) ticks.push(tick);
  return ticks;
}

function short(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) return value.toExponential().replace("e+", "e");
  return String(Number(value.toPrecision(6)));
}

function precise(value) {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) < 1e-3 ? value.toExponential(2) : value.toPrecision(4);
}
