// Every setting an axis, every combination a line through its values to the figure at the right, the better end up.
// The better its rank, the more ink a line has.

const INKS = 12;

function drawParallel({ width, add, theme }, { goal, axes, marks }) {
  const top = 44, height = 340, bottom = top + height;
  const scale = scaleOf(marks.map((mark) => mark.mean), goal.log, 0.03);
  const up = (value) => (goal.better === "lower" ? 1 - scale.share(value) : scale.share(value));
  const toY = (share) => bottom - 10 - share * (height - 20);
  const ticks = ticksOf(scale, goal.log, height / 60), tickTexts = labelled(ticks, goal.log);
  const left = clamp(Math.max(...axes[0].labels.slice(0, 40).map((label) => widthOf(label))) + 14, 40, 110);
  const right = Math.max(...tickTexts.map((text) => widthOf(text)), 20) + 20;
  const xs = [...axes, goal].map((_, i) => left + (i * (width - left - right)) / axes.length);
  const gap = xs[1] - xs[0];
  // For each mark its height on every axis.
  const heights = marks.map((mark) => [...axes.map((axis, i) => toY(axis.places[mark.at[i]])), toY(up(mark.mean))]);

  // Of thousands only the best few are in full ink.
  const power = clamp(marks.length / 200, 2, 12);
  const inks = Array.from({ length: INKS }, () => []);
  marks.forEach((mark, index) => {
    const share = marks.length > 1 ? 1 - mark.rank / (marks.length - 1) : 1;
    inks[Math.min(INKS - 1, Math.floor(share ** power * INKS))].push(pathOf(xs, heights[index]));
  });
  const faint = mixed(theme.paper, theme.text, 0.16);
  inks.forEach((paths, i) => {
    const share = i / (INKS - 1);
    if (paths.length) add("path", { d: paths.join(""), class: "line", stroke: written(mixed(faint, theme.primary, share)), style: `stroke-width: ${1 + 0.6 * share}` });
  });
  // Where many share a stretch, the best of them is told.
  const order = marks.map((_, index) => index).sort((a, b) => marks[a].rank - marks[b].rank), best = order[0];
  add("path", { d: pathOf(xs, heights[best]), class: "line", stroke: theme.colors[1], style: "stroke-width: 3" });

  // What is held comes below the axes, or it would cover their labels.
  const above = add("g", {});
  axes.forEach((axis, i) => {
    drawAxis(add, xs[i], top, bottom, axis.title, i ? gap - 14 : Math.min(gap, 2 * left), i ? "middle" : "start", left);
    let free = Infinity;
    for (const [place, label] of [...axis.ticks].sort((a, b) => a[0] - b[0])) {
      if (toY(place) + 13 > free) continue;
      free = toY(place);
      const line = wrapped(label, i ? gap - 24 : left - 10, 1)[0];
      const room = widthOf(line) + 8;
      add("rect", { x: xs[i] - 4 - room, y: toY(place) - 9, width: room, height: 18, rx: 4, class: "plate" });
      add("text", { x: xs[i] - 8, y: toY(place) + 4, "text-anchor": "end" }, line);
    }
  });
  drawAxis(add, xs.at(-1), top, bottom, goal.name, gap, "end", right);
  ticks.forEach((tick, i) => add("text", { x: xs.at(-1) + 8, y: toY(up(tick)) + 4, class: "tick" }, tickTexts[i]));
  add("circle", { cx: xs.at(-1), cy: heights[best].at(-1), r: 5, fill: theme.colors[1] });

  return {
    height: bottom + 12,
    legend: [],
    above,
    find: (x, y) => nearestPath(xs, heights, order, x, y),
    hold: (index, layer, pointer) => {
      add("path", { d: pathOf(xs, heights[index]), class: "line", stroke: written(theme.paper), style: "stroke-width: 6" }, undefined, layer);
      add("path", { d: pathOf(xs, heights[index]), class: "line", stroke: written(theme.text), style: "stroke-width: 3" }, undefined, layer);
      return pointer ?? [xs.at(-2) + gap / 2, (heights[index].at(-2) + heights[index].at(-1)) / 2];
    },
  };
}

function drawAxis(add, x, top, bottom, title, room, anchor, aside) {
  add("line", { x1: x, x2: x, y1: top, y2: bottom, class: "axis" });
  const lines = wrapped(title, room, 2), at = anchor === "start" ? x - aside : anchor === "end" ? x + aside : x;
  lines.forEach((line, i) => add("text", { x: at, y: top - 10 - 14 * (lines.length - 1 - i), "text-anchor": anchor, class: "name" }, line));
}

function pathOf(xs, heights) {
  let path = `M${xs[0].toFixed(1)} ${heights[0].toFixed(1)}`;
  for (let i = 1; i < xs.length; i += 1) {
    const middle = ((xs[i - 1] + xs[i]) / 2).toFixed(1);
    path += `C${middle} ${heights[i - 1].toFixed(1)} ${middle} ${heights[i].toFixed(1)} ${xs[i].toFixed(1)} ${heights[i].toFixed(1)}`;
  }
  return path;
}

// Between two axes a path is a cubic Bézier curve: x = 1.5 t − 1.5 t² + t³ of the gap, y = 3 t² − 2 t³ of the way.
function nearestPath(xs, heights, order, x, y) {
  const gap = xs[1] - xs[0], part = clamp(Math.floor((x - xs[0]) / gap), 0, xs.length - 2);
  const share = clamp((x - xs[part]) / gap, 0, 1);
  let [low, high] = [0, 1];
  for (let i = 0; i < 20; i += 1) {
    const t = (low + high) / 2;
    if (1.5 * t - 1.5 * t * t + t ** 3 < share) low = t;
    else high = t;
  }
  const way = 3 * low ** 2 - 2 * low ** 3;
  let best = -1, least = Infinity;
  for (const index of order) {
    const own = heights[index], apart = Math.abs(own[part] + (own[part + 1] - own[part]) * way - y);
    if (apart < least - 0.5) [best, least] = [index, apart];
  }
  return best;
}
