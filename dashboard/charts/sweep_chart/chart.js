// One chart that lives on: Streamlit calls this function again for every change of data or theme, and what is held
// under the pointer stays. How each kind is drawn stands in lines.js, heat.js and parallel.js.

const SVG = "http://www.w3.org/2000/svg";
const LEFT = 8;

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".sw");
  const chart = (parentElement.__chart ||= createChart(root));
  chart.update(data);
  return () => {
    chart.destroy();
    delete parentElement.__chart;
  };
}

function createChart(root) {
  const draws = { lines: drawLines, heat: drawHeat, parallel: drawParallel };
  const svg = root.querySelector(".sw-plot"), tip = root.querySelector(".sw-tip");
  const canvas = root.querySelector(".sw-canvas"), room = root.querySelector(".sw-scroll");
  const state = { data: null, width: 0, scene: null, held: -1 };

  function update(data) {
    // The combination that is held, not its number: another one may have come before it.
    const held = state.held < 0 ? null : String(state.data.marks[state.held].at);
    const same = state.data?.kind === data.kind;
    state.held = held === null || !same ? -1 : data.marks.findIndex((mark) => String(mark.at) === held);
    state.data = data;
    svg.setAttribute("aria-label", data.alt);
    draw();
  }

  function draw() {
    const { data } = state;
    if (!data || !state.width) return;
    const least = data.kind === "parallel" ? 96 * data.axes.length + 170 : 0;
    const width = Math.max(state.width, least);
    canvas.style.width = width > state.width ? `${width}px` : "";
    svg.replaceChildren();
    const theme = themeOf(root);
    const add = (name, attributes, text, parent = svg) => {
      const node = make(name, attributes, text);
      parent.append(node);
      return node;
    };
    state.scene = draws[data.kind]({ width, narrow: state.width < 600, add, theme }, data);
    svg.setAttribute("height", state.scene.height);
    svg.setAttribute("viewBox", `0 0 ${width} ${state.scene.height}`);
    writeHead();
    hold(state.held);
  }

  function writeHead() {
    const { goal, marks, axes } = state.data, title = root.querySelector(".sw-title"), note = document.createElement("small");
    note.textContent = `${goal.better} is better${goal.log ? ", log axis" : ""}`;
    title.replaceChildren(goal.title, note);
    const best = marks.find((mark) => mark.rank === 0);
    const entries = state.scene.legend.map(({ name, color }) => legendEntry(name, color));
    if (best && marks.length > 1) entries.push(legendEntry(`Best: ${best.text} with ${nameOf(axes, best)}`, null));
    root.querySelector(".sw-legend").replaceChildren(...entries);
  }

  // ---- what is held under the pointer ---------------------------------------------------------

  // `pointer` is where it is; the arrow keys have none.
  function hold(index, pointer) {
    const { scene, data } = state;
    state.held = index;
    svg.querySelectorAll(".held").forEach((node) => node.remove());
    tip.hidden = index < 0;
    if (index < 0) return;
    const layer = svg.insertBefore(make("g", { class: "held" }), scene.above ?? null);
    const [x, y] = scene.hold(index, layer, pointer), mark = data.marks[index];
    const line = (tag, text, name = "") => Object.assign(document.createElement(tag), { textContent: text, className: name });
    const rank = data.marks.length > 1 ? `, ${mark.rank ? `number ${mark.rank + 1}` : "the best"} of ${data.marks.length}` : "";
    tip.replaceChildren(line("b", mark.text), line("span", nameOf(data.axes, mark)), line("span", mark.n + rank, "muted"));
    const from = room.scrollLeft, to = from + room.clientWidth, { height } = state.scene;
    const beside = x + 16 + tip.offsetWidth < to ? x + 16 : x - 16 - tip.offsetWidth;
    const at = [clamp(beside, from, to - tip.offsetWidth), clamp(y - tip.offsetHeight - 10, 0, height - tip.offsetHeight)];
    tip.style.transform = `translate(${Math.round(at[0])}px, ${Math.round(at[1])}px)`;
  }

  svg.onpointermove = svg.onpointerdown = (event) => {
    const box = svg.getBoundingClientRect();
    const pointer = [event.clientX - box.left, event.clientY - box.top];
    const index = state.scene ? state.scene.find(...pointer) : -1;
    if (index !== state.held || state.scene?.above) hold(index, pointer);
  };
  svg.onpointerleave = (event) => event.pointerType === "mouse" && hold(-1); // a finger that has gone leaves what it found
  svg.onblur = () => hold(-1);
  svg.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key], number = state.data.marks.length;
    if (event.key === "Escape") hold(-1);
    if (!step) return;
    event.preventDefault();
    hold(state.held < 0 ? (step > 0 ? 0 : number - 1) : (state.held + step + number) % number);
  };
  root.querySelector(".sw-save").onclick = () => {
    hold(-1);
    // In the file the title stands in the line of the legend, at its other end.
    const { title } = state.data.goal, { width } = svg.viewBox.baseVal;
    const head = svg.appendChild(make("text", { x: width - 8, y: -7, "text-anchor": "end", class: "name" }, title));
    const text = standalone(svg, root, state.scene.legend), name = title.toLowerCase().replace(/[^a-z0-9]+/g, "-");
    head.remove();
    saveAs(`${name.slice(0, 60)}.svg`, text, "image/svg+xml");
  };

  const observer = new ResizeObserver(([entry]) => {
    state.width = Math.round(entry.contentRect.width);
    draw();
  });
  observer.observe(room);

  return { update, destroy: () => observer.disconnect() };
}

function legendEntry(name, color) {
  const entry = document.createElement("span");
  if (color) entry.append(Object.assign(document.createElement("i"), { style: `background: ${color}` }));
  else entry.className = "muted";
  entry.append(name);
  return entry;
}
