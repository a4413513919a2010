// A plotly figure that stays mounted: zoom, camera, hidden series and the DOM node survive new data.
// `st.plotly_chart` remounts whenever its figure changes; `Plotly.react` with a constant `uirevision` does not.

import { address } from "../../../aecore/viewer/components/address/address.js";
import { drawLegend, showValues, valueText } from "./legend.js";
import { listenToKeys, turnedEye } from "./keyboard.js";
import { loadPlotly } from "./library.js";
import { rescaled, shownLayout } from "./layout.js";
import { fromAddress, toAddress } from "./linked.js";
import { listed, placesOf, shortValue } from "./rows.js";
import { readTheme, recolor } from "./theme.js";
import { buildTools, fillTable } from "./tools.js";

/**
 * What Python sends: the figure as plotly's JSON, the script's URL, a revision that changes when the axes take on
 * another meaning, so that a zoom does not carry over, under which name the view stands in the address, if at all, and
 * the class of what holds the button for a PDF.
 * @typedef {{ figure: { data: any[], layout: any }, script: string, revision: string, name: string, pdf: string }} ChartData
 */

/** @param {{ data: ChartData, key: string, parentElement: HTMLElement & { chart?: ReturnType<typeof createChart> } }} arguments */
export default function ({ data, key, parentElement }) {
  const chart = (parentElement.chart ??= createChart(/** @type {HTMLElement} */ (parentElement.querySelector(".pc"))));
  chart.update(data, key);
  return () => {
    chart.destroy();
    delete parentElement.chart;
  };
}

/** The largest number of series with a line each in the box under the pointer. */
const MOST_IN_BOX = 12;

/** @param {HTMLElement} root */
function createChart(root) {
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (root.querySelector(`.pc-${name}`));
  const plot = /** @type {any} */ (part("plot")), legend = part("legend"), status = part("status"), spoken = part("spoken");
  /** @type {Set<string>} */
  const hidden = new Set();
  const state = {
    /** @type {ChartData | null} */ data: null,
    /** @type {any} */ Plotly: null,
    /** @type {boolean | null} */ log: null,
    pan: false,
    resets: 0,
    /** @type {{ ranges: Record<string, any[]>, camera: any }} the current view */ view: { ranges: {}, camera: null },
    /** @type {number | null} */ at: null,
    width: 0,
    gone: false,
    drawing: Promise.resolve(),
  };
  const tools = buildTools(part("tools"), {
    figure: savable,
    Plotly: () => state.Plotly,
    script: () => state.data?.script ?? "",
    pdf: () => state.data?.pdf ?? "",
    width: () => Math.max(state.width, 640),
    say: (text) => (status.textContent = text),
    log: switchLog,
    pan: () => choose({ pan: !state.pan }),
    reset,
    table: () => fillTable(part("table"), state.data?.figure ?? { data: [], layout: {} }),
  });

  /**
   * @param {ChartData} data
   * @param {string} key
   */
  function update(data, key) {
    const before = state.data, found = data.name ? address.claim(data.name, `${key} ${data.revision}`) : "same";
    if (before && before.revision !== data.revision) state.view = { ranges: {}, camera: null };
    state.data = data;
    if (found === "address" || (found === "same" && !before)) fromLink();
    const { layout } = data.figure;
    plot.setAttribute("aria-label", `${layout.meta.alt} Arrow keys read values or rotate, plus and minus zoom, Escape resets.`);
    plot.style.height = `${shownLayout(layout).height}px`;
    tools.refresh({ log: canSwitch(layout), table: true });
    loadPlotly(data.script).then(
      (Plotly) => {
        state.Plotly = Plotly;
        status.textContent = "";
        draw();
      },
      (error) => {
        status.textContent = `No chart: ${error.message}. Reload the page to try again; the values are in the table.`;
        tools.openTable();
      },
    );
  }

  // ---- the view in the address --------------------------------------------------------------

  function fromLink() {
    const { name, figure } = /** @type {ChartData} */ (state.data);
    if (!name) return;
    const linked = fromAddress(name, figure.layout, address.read(name));
    [state.view, state.log] = [{ ranges: linked.ranges, camera: null }, linked.log];
    hidden.clear();
    for (const one of linked.hidden) hidden.add(one);
  }

  function intoAddress() {
    const { name, figure } = /** @type {ChartData} */ (state.data);
    if (name) address.write(name, toAddress(name, figure.layout, { ranges: state.view.ranges, hidden: [...hidden], log: state.log }));
  }

  const stopListening = address.onBack(() => {
    if (!state.data?.name || !state.Plotly) return;
    fromLink();
    draw();
  });

  // One update at a time: plotly draws asynchronously, and two concurrent updates would mix.
  function draw() {
    state.drawing = state.drawing.then(drawNow).catch((error) => {
      status.textContent = `This chart could not be drawn: ${error.message}`;
    });
  }

  async function drawNow() {
    if (state.gone || !state.data) return;
    const { data, layout } = themed(), first = !plot.on;
    drawLegend(legend, layout.showlegend ? data : [], choices, data[0]?.type === "scatter" && layout.hovermode === "x unified");
    await state.Plotly.react(plot, data, { ...layout, showlegend: false }, CONFIG);
    if (first) listen();
    hideCrowdedTexts();
    root.dataset.drawn = String(Number(root.dataset.drawn ?? 0) + 1);
    tools.refresh({ log: canSwitch(layout), isLog: isLog(), pan: state.pan, canPan: Boolean(layout.xaxis), table: true });
  }

  /** The texts in a heat map's cells are shown where they fit into them: on a phone, pointing at one tells its value. */
  function hideCrowdedTexts() {
    const texts = [...plot.querySelectorAll(".heatmap-label text")];
    if (!texts.length) return;
    root.classList.remove("pc-crowded");
    const cell = plot._fullLayout.xaxis._length / plot.data[0].x.length;
    root.classList.toggle("pc-crowded", texts.some((text) => text.getBoundingClientRect().width > cell - 4));
  }

  // ---- the displayed figure -----------------------------------------------------------------

  function themed() {
    const { figure, revision } = /** @type {ChartData} */ (state.data), theme = readTheme(root);
    const data = recolor(figure.data, theme).map((trace) => ({
      ...trace,
      visible: hidden.has(trace.legendgroup ?? trace.name) ? "legendonly" : trace.visible ?? true,
      // A box with a line for each of many runs would cover the chart; the legend has their values.
      ...(figure.data.length > MOST_IN_BOX && figure.layout.hovermode === "x unified" ? { hoverinfo: "none", hovertemplate: null } : {}),
    }));
    const layout = shownLayout(recolor(figure.layout, theme));
    layout.font = { ...layout.font, family: theme.font };
    layout.hoverlabel = { bgcolor: theme.panel, bordercolor: theme.grid, font: { color: theme.ink, size: 12, family: theme.font } };
    layout.uirevision = `${revision} ${state.resets}`;
    layout.dragmode = layout.scene ? "orbit" : state.pan ? "pan" : "zoom";
    if (state.log !== null) for (const name of layout.meta.log) layout[name] = rescaled(layout[name], state.log);
    for (const [name, range] of Object.entries(state.view.ranges)) if (layout[name]) layout[name] = { ...layout[name], range, autorange: false };
    if (layout.scene && state.view.camera) layout.scene = { ...layout.scene, camera: state.view.camera };
    return { data, layout };
  }

  /** The same with title and legend, for a file: in the current view, without hidden series. */
  function savable() {
    const { data, layout } = themed(), now = plot.layout ?? layout, made = /** @type {ChartData} */ (state.data).figure.layout;
    const saved = { ...now, title: { ...made.title, font: { ...made.title?.font, color: layout.font.color } }, uirevision: undefined };
    saved.height = made.height;
    saved.margin = made.margin;
    saved.showlegend = layout.showlegend;
    saved.legend = layout.legend;
    return { data: data.filter((trace) => trace.visible === true), layout: saved };
  }

  /** @param {any} layout */
  function canSwitch(layout) {
    return layout.meta.log.length > 0;
  }

  function isLog() {
    const { layout } = /** @type {ChartData} */ (state.data).figure;
    return state.log ?? layout[layout.meta.log[0]]?.type === "log";
  }

  function switchLog() {
    const log = !isLog();
    for (const name of /** @type {ChartData} */ (state.data).figure.layout.meta.log) delete state.view.ranges[name];
    choose({ log });
  }

  function reset() {
    choose({ resets: state.resets + 1, view: { ranges: {}, camera: null } });
  }

  /** @param {Partial<typeof state>} change */
  function choose(change) {
    Object.assign(state, change);
    intoAddress();
    draw();
  }

  const choices = {
    hidden,
    /** @param {string} name */
    toggle(name) {
      if (!hidden.delete(name)) hidden.add(name);
      choose({});
    },
    /** @param {string} name */
    isolate(name) {
      const names = /** @type {ChartData} */ (state.data).figure.data.map((trace) => trace.legendgroup ?? trace.name);
      const alone = names.every((other) => other === name || hidden.has(other));
      hidden.clear();
      if (!alone) for (const other of names) if (other !== name) hidden.add(other);
      choose({});
    },
  };

  // ---- pointer, keys, size ------------------------------------------------------------------

  function listen() {
    plot.on("plotly_hover", (/** @type {any} */ event) => {
      if (plot.layout.hovermode === "x unified") showValues(legend, plot.data, event.points[0].x);
    });
    plot.on("plotly_unhover", () => {
      if (plot.layout.hovermode === "x unified") showValues(legend, plot.data, null);
    });
    plot.on("plotly_doubleclick", reset);
    // Plotly keeps a zoom only if the new figure has the same range as the one before, and forgets programmatic changes.
    // So the view is kept here and applied to every figure.
    plot.on("plotly_relayout", (/** @type {Record<string, any>} */ change) => {
      const { scene, ...full } = plot._fullLayout, zoomed = Object.keys(change).map((key) => key.split(".")[0]).filter((name) => /^[xy]axis\d*$/.test(name));
      for (const name of zoomed) state.view.ranges[name] = full[name].range.slice();
      if (zoomed.length) intoAddress();
      if (scene && Object.keys(change).some((key) => key.startsWith("scene.camera"))) state.view.camera = plot.layout.scene.camera;
    });
  }

  // A wheel over a chart scrolls the page unless the chart was clicked or Ctrl is held.
  plot.addEventListener("wheel", (/** @type {WheelEvent} */ event) => {
    if (!event.ctrlKey && !event.metaKey && !plot.matches(":focus, :focus-within")) event.stopPropagation();
  }, { capture: true, passive: true });
  plot.addEventListener("pointerdown", () => plot.focus({ preventScroll: true }), { capture: true });

  listenToKeys(plot, {
    deep: () => Boolean(plot.layout?.scene),
    reset,
    move(step) {
      const shown = (plot.data ?? []).filter((/** @type {any} */ trace) => trace.visible !== "legendonly" && trace.hoverinfo !== "skip");
      const xs = placesOf(shown);
      if (!xs.length || plot.layout.hovermode === false) return;
      state.at = Math.min(Math.max(state.at === null ? xs.length - 1 : state.at + step, 0), xs.length - 1);
      const x = xs[state.at];
      const marks = plot.data.flatMap((/** @type {any} */ trace, /** @type {number} */ curveNumber) => {
        const pointNumber = shown.includes(trace) ? listed(trace.x).indexOf(x) : -1;
        return pointNumber < 0 ? [] : [{ curveNumber, pointNumber }];
      });
      state.Plotly.Fx.hover(plot, marks, ["xy"]);
      const values = shown.map((/** @type {any} */ trace) => `${trace.name} ${valueText(trace, x)}`);
      spoken.textContent = `${shortValue(x)}: ${values.join(", ")}`;
    },
    turn(right, up) {
      const eye = plot._fullLayout.scene.camera.eye;
      state.Plotly.relayout(plot, { "scene.camera.eye": turnedEye(eye, right, up) });
    },
    zoom(factor) {
      if (plot.layout.scene) {
        const { x, y, z } = plot._fullLayout.scene.camera.eye;
        state.Plotly.relayout(plot, { "scene.camera.eye": { x: x * factor, y: y * factor, z: z * factor } });
      } else if (plot.layout.xaxis) {
        const [low, high] = plot._fullLayout.xaxis.range.map(Number), middle = (low + high) / 2, half = ((high - low) / 2) * factor;
        state.Plotly.relayout(plot, { "xaxis.range": [middle - half, middle + half] });
      }
    },
  });

  const observer = new ResizeObserver(([entry]) => {
    const width = Math.round(entry.contentRect.width);
    if (!width || width === state.width) return;
    const first = state.width === 0;
    state.width = width;
    if (!first && plot.on) state.drawing = state.drawing.then(() => state.gone || state.Plotly.Plots.resize(plot).then(hideCrowdedTexts));
  });
  observer.observe(plot);

  function destroy() {
    state.gone = true;
    stopListening();
    if (state.data?.name) address.release(state.data.name);
    observer.disconnect();
    tools.destroy();
    if (plot.on) state.Plotly.purge(plot);
  }

  return { update, destroy };
}

const CONFIG = { displayModeBar: false, scrollZoom: true, doubleClick: false, responsive: false, showTips: false };
