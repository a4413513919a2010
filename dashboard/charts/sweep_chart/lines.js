// Means along one setting: lines with a band of one standard deviation where it is a number, dots with whiskers where it
// is words; every seed a faint dot. A second setting is the colour, named at the end of its line.

function drawLines({ width, narrow, add, theme }, { goal, axes, marks }) {
  const [along, told] = axes, joined = along.numbers;
  const series = seriesOf(marks, along, told, theme);
  const direct = joined && told && !narrow;
  const names = direct ? series.map((one) => wrapped(one.name, 150, 2)) : [];
  const right = direct ? Math.max(...names.flat().map((line) => widthOf(line, "600 12px sans-serif"))) + 26 : 14;
  const height = narrow ? 300 : 360, top = 16;
  const scale = scaleOf(marks.flatMap(reach), goal.log);
  const ticks = ticksOf(scale, goal.log, height / 40), tickTexts = labelled(ticks, goal.log);
  const left = Math.max(...tickTexts.map((text) => widthOf(text)), 20) + 14;
  const span = width - left - right, cell = span / along.labels.length, inset = joined ? 14 : cell / 2;
  const toX = (place) => left + inset + place * (span - 2 * inset);
  const toY = (value) => top + (1 - scale.share(value)) * height;

  ticks.forEach((tick, i) => {
    add("line", { x1: left, x2: width - right, y1: toY(tick), y2: toY(tick), class: "grid" });
    add("text", { x: left - 8, y: toY(tick) + 4, "text-anchor": "end", class: "tick" }, tickTexts[i]);
  });
  add("line", { x1: left, x2: width - right, y1: top + height, y2: top + height, class: "axis" });
  const below = drawPlaces(add, along, toX, top + height, joined ? 0 : cell - 10);
  add("text", { x: left + span / 2, y: below + 20, "text-anchor": "middle", class: "name" }, along.title);

  const step = Math.min(36, cell / (series.length + 1));
  const spots = [];
  for (const [number, one] of series.entries()) {
    const aside = joined ? 0 : (number - (series.length - 1) / 2) * step;
    const points = one.marks.map((mark) => ({ ...mark, x: toX(along.places[mark.at[0]]) + aside, y: toY(mark.mean) }));
    points.forEach((point) => (spots[point.index] = { x: point.x, y: point.y, color: one.color }));
    drawSpread(add, points, one.color, toY, joined);
    if (joined) add("path", { d: `M${points.map((point) => `${point.x.toFixed(1)} ${point.y.toFixed(1)}`).join("L")}`, class: "line", stroke: one.color });
    one.end = points.at(-1);
  }
  for (const { x, y, color } of spots) add("circle", { cx: x, cy: y, r: marks.length > 200 ? 2 : joined ? 4 : 5, fill: color });
  const best = spots[marks.findIndex((mark) => mark.rank === 0)];
  if (marks.length > 1) add("circle", { cx: best.x, cy: best.y, r: 9, class: "ring" });
  if (direct) nameLines(add, series, names, width - right, top, top + height, told.title);

  return {
    height: below + 32,
    legend: told && !direct ? series.map(({ name, color }) => ({ name, color })) : [],
    find: (x, y) => nearestSpot(spots, x, y),
    hold: (index, layer) => {
      const { x, y, color } = spots[index];
      add("line", { x1: x, x2: x, y1: top, y2: top + height, class: "guide" }, undefined, layer);
      add("circle", { cx: x, cy: y, r: 6, fill: color, stroke: written(theme.paper), "stroke-width": 2 }, undefined, layer);
      return [x, y];
    },
  };
}

function seriesOf(marks, along, told, theme) {
  const numbered = marks.map((mark, index) => ({ ...mark, index }));
  const places = told ? told.labels.map((_, place) => place) : [0];
  return places
    .map((place) => ({
      name: told ? (told.numbers ? `${told.title} ${told.labels[place]}` : told.labels[place]) : "",
      color: theme.colors[place % theme.colors.length],
      marks: numbered.filter((mark) => !told || mark.at[1] === place).sort((a, b) => along.places[a.at[0]] - along.places[b.at[0]]),
    }))
    .filter((one) => one.marks.length);
}

// Everything that is drawn of a mark, as figures.
function reach(mark) {
  return [mark.mean, ...mark.figures, ...(mark.std === null ? [] : [mark.mean - mark.std, mark.mean + mark.std])];
}

function drawSpread(add, points, color, toY, joined) {
  const known = points.filter((point) => point.std !== null);
  const whole = joined && known.length > 1 && known.length === points.length;
  if (whole) {
    const side = (sign) => known.map((point) => `${point.x.toFixed(1)} ${toY(point.mean + sign * point.std).toFixed(1)}`);
    add("path", { d: `M${[...side(1), ...side(-1).reverse()].join("L")}Z`, class: "band", fill: color });
  } else {
    const bars = known.map(({ x, mean, std }) => {
      const [low, high] = [toY(mean - std).toFixed(1), toY(mean + std).toFixed(1)];
      return `M${x} ${low}V${high}M${x - 5} ${low}h10M${x - 5} ${high}h10`;
    });
    if (bars.length) add("path", { d: bars.join(""), class: "whisker", stroke: color });
  }
  const seeds = points.flatMap(({ x, figures }) => (figures.length > 1 ? figures.map((value) => `M${x.toFixed(1)} ${toY(value).toFixed(1)}h0`) : []));
  if (seeds.length) add("path", { d: seeds.join(""), class: "seeds", stroke: color, "stroke-linecap": "round" });
}

// The axis' labels, as many as fit; returns where the lowest ends. Words are wrapped to `room` pixels.
function drawPlaces(add, axis, toX, bottom, room) {
  let end = -Infinity, lowest = bottom + 18;
  for (const [place, label] of axis.ticks) {
    const x = toX(place), lines = room ? wrapped(label, Math.max(room, 24), 3) : [label];
    const half = Math.max(...lines.map((line) => widthOf(line))) / 2;
    if (x - half < end) continue;
    end = x + half + 8;
    lines.forEach((line, i) => add("text", { x, y: bottom + 18 + 14 * i, "text-anchor": "middle", class: "tick" }, line));
    lowest = Math.max(lowest, bottom + 18 + 14 * (lines.length - 1));
  }
  return lowest;
}

// Each line's name beside its end, pushed apart where they would cover each other.
function nameLines(add, series, names, x, top, bottom, title) {
  // The first leaves room for the setting's own name above.
  const order = series.map((one, i) => ({ y: one.end.y, lines: names[i], color: one.color })).sort((a, b) => a.y - b.y);
  let free = top + 12;
  for (const label of order) {
    label.at = Math.max(label.y - 7 * (label.lines.length - 1), free);
    free = label.at + 14 * label.lines.length + 4;
  }
  let last = bottom;
  for (const label of [...order].reverse()) {
    label.at = Math.min(label.at, last - 14 * (label.lines.length - 1));
    last = label.at - 18;
  }
  for (const { lines, at, color } of order) {
    lines.forEach((line, i) => add("text", { x: x + 10, y: at + 4 + 14 * i, class: "strong", style: `fill: ${color}` }, line));
  }
  add("text", { x: x + 10, y: Math.max(order[0].at - 16, 10), class: "tick" }, title);
}

function nearestSpot(spots, x, y) {
  let best = -1, least = Infinity;
  spots.forEach((spot, index) => {
    const apart = (spot.x - x) ** 2 + (spot.y - y) ** 2;
    if (apart < least) [best, least] = [index, apart];
  });
  return best;
}
