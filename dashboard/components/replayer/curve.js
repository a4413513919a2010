// The loss curves of all runs over one axis of epochs, on which the slider above moves too.

const SVG = "http://www.w3.org/2000/svg";
const LEFT = 52, RIGHT = 14, TOP = 20, BOTTOM = 24, HEIGHT = 150;

// From epochs to the share of the width, 0 to 1. Linear, except that rows taken within the first epoch, which would
// fall on a handful of pixels, get room of their own on the left.
function createAxis(stops) {
  const early = stops.filter((epoch) => epoch < 1), last = stops.at(-1);
  const knots = [];
  if (stops.length === 1) {
    knots.push([last, 0.5]);
  } else if (last < 1) {
    early.forEach((epoch, i) => knots.push([epoch, i / (early.length - 1)]));
  } else {
    const lead = last === 1 ? 1 : Math.min(early.length / (stops.length - 1), 0.25);
    early.forEach((epoch, i) => knots.push([epoch, (i / early.length) * lead]));
    const first = early.length ? 1 : stops[0];
    if (first < last) knots.push([first, early.length ? lead : 0]);
    knots.push([last, 1]);
  }

  function toShare(epoch) {
    const after = knots.findIndex(([at]) => at >= epoch);
    if (after <= 0) return knots.at(after)[1];
    const [[from, low], [to, high]] = [knots[after - 1], knots[after]];
    return low + ((epoch - from) / (to - from)) * (high - low);
  }

  const shares = stops.map(toShare);
  function nearestStop(share) {
    let best = 0;
    for (let i = 1; i < shares.length; i += 1) {
      if (Math.abs(shares[i] - share) < Math.abs(shares[best] - share)) best = i;
    }
    return best;
  }

  return { first: stops[0], last, early, shares, toShare, nearestStop };
}

function createCurve(svg, scrubTo) {
  let width = 0, axis = null, lines = [], marker = null, dots = [], toY = null;
  const plotWidth = () => Math.max(width - LEFT - RIGHT, 40);
  const toX = (share) => LEFT + share * plotWidth();

  function add(name, attributes, text) {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    return svg.appendChild(node);
  }

  // Draw all that stays while scrubbing. A line has a color, `dashed`, epochs and values.
  function draw(newAxis, newLines, newWidth) {
    [axis, lines, width] = [newAxis, newLines, newWidth];
    svg.replaceChildren();
    svg.setAttribute("viewBox", `0 0 ${width} ${TOP + HEIGHT + BOTTOM}`);
    svg.setAttribute("height", TOP + HEIGHT + BOTTOM);
    add("text", { x: LEFT, y: TOP - 8, class: "title" }, "Loss");
    drawGrid();
    for (const line of lines) {
      const attributes = { d: path(line), class: "line", stroke: line.color };
      if (line.dashed) attributes["stroke-dasharray"] = "3 3";
      add("path", attributes);
    }
    marker = add("line", { y1: TOP - 4, y2: TOP + HEIGHT, class: "marker" });
    dots = lines.map((line) => add("circle", { r: 4.5, class: "dot", fill: line.color }));
  }

  function drawGrid() {
    const shown = lines.flatMap((line) => line.values.filter((value, i) => isShown(line, i)));
    let [low, high] = shown.length ? [Math.min(...shown), Math.max(...shown)].map(Math.log10) : [-2, 0];
    const margin = Math.max((high - low) * 0.06, low === high ? 0.3 : 0.01);
    [low, high] = [low - margin, high + margin];
    toY = (value) => TOP + HEIGHT * (1 - (Math.log10(value) - low) / (high - low));
    for (const value of logTicks(low, high, 6)) {
      const y = toY(value);
      add("line", { x1: LEFT, x2: width - RIGHT, y1: y, y2: y, class: "grid" });
      add("text", { x: LEFT - 8, y: y + 4, "text-anchor": "end" }, value < 1e-3 ? value.toExponential() : value);
    }
    add("text", { x: 0, y: TOP + HEIGHT + 17 }, "epoch");
    for (const epoch of epochTicks()) {
      const x = toX(axis.toShare(epoch));
      add("line", { x1: x, x2: x, y1: TOP, y2: TOP + HEIGHT, class: "grid" });
      add("text", { x, y: TOP + HEIGHT + 17, "text-anchor": "middle" }, String(epoch));
    }
  }

  const isShown = (line, i) =>
    line.values[i] > 0 && line.epochs[i] >= axis.first - 1e-3 && line.epochs[i] <= axis.last + 1e-3;

  function path(line) {
    let text = "", pen = "M";
    line.values.forEach((value, i) => {
      if (!isShown(line, i)) {
        pen = "M";
        return;
      }
      text += `${pen}${toX(axis.toShare(line.epochs[i])).toFixed(1)} ${toY(value).toFixed(1)}`;
      pen = "L";
    });
    return text;
  }

  // Round epochs with room for their numbers, the first and the last among them.
  function epochTicks() {
    const whole = axis.early.length && axis.last >= 1 ? 1 : axis.first;
    const rough = (axis.last - whole) / Math.max(1, plotWidth() / 80);
    const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1)));
    const step = [1, 2, 5, 10].map((digit) => digit * power).find((size) => size >= rough);
    const round = [];
    for (let epoch = Math.ceil(whole / step) * step; epoch < axis.last; epoch += step) round.push(epoch);
    const kept = [];
    for (const epoch of [axis.first, axis.last, whole, ...axis.early, ...round]) {
      const x = toX(axis.toShare(epoch));
      if (kept.every((other) => Math.abs(toX(axis.toShare(other)) - x) > 34)) kept.push(epoch);
    }
    return kept;
  }

  // Move the marker to a share of the width and the dots to one point each, null where there is none.
  function mark(share, points, alt) {
    if (!axis) return;
    const x = toX(share);
    marker.setAttribute("x1", x);
    marker.setAttribute("x2", x);
    dots.forEach((dot, i) => {
      const point = points[i], visible = point?.value > 0 && point.epoch >= axis.first - 1e-3;
      dot.style.display = visible ? "" : "none";
      if (!visible) return;
      dot.setAttribute("cx", toX(axis.toShare(point.epoch)));
      dot.setAttribute("cy", toY(point.value));
    });
    svg.setAttribute("aria-label", alt);
  }

  const scrub = (event) => {
    scrubTo((event.clientX - svg.getBoundingClientRect().left - LEFT) / plotWidth());
  };
  svg.onpointerdown = (event) => {
    if (event.button !== 0 || !axis) return;
    svg.setPointerCapture(event.pointerId);
    scrub(event);
  };
  svg.onmousedown = (event) => event.preventDefault(); // would take the focus from the slider
  svg.onpointermove = (event) => {
    if (svg.hasPointerCapture(event.pointerId)) scrub(event);
  };

  return { draw, mark };
}

// 1, 2 and 5 of every decade, or fewer or more digits, so that about `most` ticks stand between 10^low and 10^high.
function logTicks(low, high, most) {
  const choices = [[1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 5], [1, 2, 5], [1, 3], [1]].map((digits) => {
    const ticks = [];
    for (let power = Math.floor(low); power <= high; power += 1) {
      for (const digit of digits) ticks.push(Number(`${digit}e${power}`));
    }
    return ticks.filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high);
  });
  const decades = choices.at(-1), every = Math.ceil(decades.length / most);
  return choices.find((ticks) => ticks.length <= most) ?? decades.filter((_, i) => i % every === 0);
}

function palette(root) {
  const listed = getComputedStyle(root).getPropertyValue("--st-chart-categorical-colors");
  return listed.match(/#[0-9a-f]{3,8}|rgba?\([^)]*\)/gi) ?? ["#4477AA", "#EE7733"];
}
