// What the pages that walk through codes share: painting images, colours, distances to real codes.

function element(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

const svgElement = (tag, attributes) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
};

// Bytes as they arrive, at any offset, to numbers.
const floats = (bytes) => new Float32Array(bytes.slice().buffer);
const unpacked = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

// An image (H, W, C) on the [0, 1] scale into a canvas of its own size; CSS enlarges it.
function paint(canvas, values, [channels, height, width]) {
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d"), image = context.createImageData(width, height);
  toPixels(values, channels, image.data);
  context.putImageData(image, 0, 0);
}

// The theme's class colours.
function classColors(root) {
  const listed = getComputedStyle(root).getPropertyValue("--st-chart-categorical-colors");
  const colors = listed.match(/#[0-9a-f]{3,8}|rgba?\([^)]*\)/gi);
  return colors?.length ? colors : ["#4477AA", "#EE7733", "#228833", "#CC3377", "#7755BB"];
}

// What a classifier's scores say: the class and how sure it is of it (softmax).
function readScores(scores) {
  let best = 0;
  for (let i = 1; i < scores.length; i += 1) if (scores[i] > scores[best]) best = i;
  let sum = 0;
  for (const score of scores) sum += Math.exp(score - scores[best]);
  return { digit: best, sure: 1 / sum };
}

// Real codes (N, n) to look for neighbours in.
function createNeighbours(codes, size) {
  const count = codes.length / size;
  const distance2 = (code, row) => {
    let sum = 0;
    for (let i = 0, at = row * size; i < size; i += 1, at += 1) {
      const d = code[i] - codes[at];
      sum += d * d;
    }
    return sum;
  };

  // The nearest row to a code and its Euclidean distance; `but` is left out.
  function nearest(code, but = -1) {
    let best = -1, least = Infinity;
    for (let row = 0; row < count; row += 1) {
      if (row === but) continue;
      const d = distance2(code, row);
      if (d < least) [least, best] = [d, row];
    }
    return { row: best, distance: Math.sqrt(least) };
  }

  // The median distance from a real code to its nearest, over at most 100 of them.
  function usual() {
    const step = Math.max(1, Math.floor(count / 100)), found = [];
    for (let row = 0; row < count; row += step) found.push(nearest(codes.subarray(row * size, (row + 1) * size), row).distance);
    return found.sort((a, b) => a - b)[Math.floor(found.length / 2)];
  }

  return { nearest, usual, count };
}

// Work in slices of a few milliseconds, so that a hand on a slider never waits. Returns a function that stops it.
function inSlices(count, work, done = () => {}) {
  let next = 0, timer = 0, stopped = false;
  const slice = () => {
    if (stopped) return;
    const begun = performance.now();
    while (next < count && performance.now() - begun < 8) work(next++);
    if (next < count) timer = setTimeout(slice, 0);
    else done();
  };
  timer = setTimeout(slice, 0);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

const shortNumber = (value) => (Math.abs(value) >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(3));
