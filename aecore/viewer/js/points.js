// What a cloud is made of: coordinates, labels, codes, small pictures, and a decoder; and the arithmetic on them.

const bytesOf = (part) => (part instanceof Uint8Array ? part : new Uint8Array(part));

// A typed array over a copy of the bytes: what arrives may start anywhere.
function typed(kind, part) {
  const bytes = bytesOf(part);
  return new kind(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

// IEEE half precision to single.
function fromHalves(part) {
  const halves = typed(Uint16Array, part), out = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i += 1) {
    const bits = halves[i], sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
    if (exponent === 0) out[i] = sign * fraction * 2 ** -24;
    else if (exponent === 31) out[i] = fraction ? NaN : sign * Infinity;
    else out[i] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return out;
}

// Coordinates sent as 16 bits a number, with the lowest value and the step of every axis.
function fromSteps(part, dims, low, step) {
  const steps = typed(Uint16Array, part), out = new Float32Array(steps.length);
  for (let i = 0; i < steps.length; i += 1) out[i] = low[i % dims] + steps[i] * step[i % dims];
  return out;
}

// Points as they are drawn: in the middle, the outermost about 1 away, a flat drawing at depth 0. `place` takes other
// points along into the same frame.
function framed(coordinates, dims) {
  const count = coordinates.length / dims, middle = [0, 0, 0], xyz = new Float32Array(count * 3);
  for (let k = 0; k < dims; k += 1) {
    let low = Infinity, high = -Infinity;
    for (let i = k; i < coordinates.length; i += dims) {
      low = Math.min(low, coordinates[i]);
      high = Math.max(high, coordinates[i]);
    }
    middle[k] = (low + high) / 2;
  }
  const radii = new Float32Array(count);
  for (let i = 0; i < count; i += 1) {
    let square = 0;
    for (let k = 0; k < dims; k += 1) square += (coordinates[i * dims + k] - middle[k]) ** 2;
    radii[i] = Math.sqrt(square);
  }
  const reach = radii.sort()[Math.floor(count * 0.995)] || 1; // a single stray point must not shrink all others
  const place = (values) => [0, 1, 2].map((k) => (k < dims ? (values[k] - middle[k]) / reach : 0));
  for (let i = 0; i < count; i += 1) xyz.set(place(coordinates.subarray(i * dims, (i + 1) * dims)), i * 3);
  return { xyz, place };
}

const rowsByIndex = (indices) => new Map(Array.from(indices, (index, row) => [index, row]));

// A cloud from its parts. `points` { coordinates, indices, labels }, and where there are any `codes`, `atlas`, `decoder`.
async function createPoints(view, parts) {
  const { points, codes, atlas, decoder } = parts;
  const indices = typed(Int32Array, points.indices), labels = typed(Uint8Array, points.labels);
  const coordinates = points.low
    ? fromSteps(points.coordinates, view.dims, points.low, points.step)
    : typed(Float32Array, points.coordinates);
  const made = { count: indices.length, indices, labels, rowOf: rowsByIndex(indices), ...framed(coordinates, view.dims) };
  made.codes = codes ? await kept(codes, () => createCodes(codes)) : null;
  made.atlas = atlas ? await kept(atlas, () => createAtlas(atlas)) : null;
  made.decoder = decoder ? await kept(decoder, () => createDecoder(decoder)) : null;
  made.codeRow = made.codes ? Int32Array.from(indices, (index) => made.codes.rowOf.get(index) ?? -1) : null;
  made.tile = made.atlas ? Int32Array.from(indices, (index) => made.atlas.rowOf.get(index) ?? -1) : null;
  return made;
}

// Unpacked once, however many views show it.
const unpacked = new WeakMap();
function kept(part, make) {
  if (!unpacked.has(part)) unpacked.set(part, make());
  return unpacked.get(part);
}

// Codes (N, width) and reconstruction errors of test images. Without codes `width` is 0.
function createCodes(part) {
  const indices = typed(Int32Array, part.indices), errors = typed(Float32Array, part.errors), width = part.width;
  const values = width ? (part.half ? fromHalves(part.codes) : typed(Float32Array, part.codes)) : new Float32Array(0);
  return { width, values, indices, errors, rowOf: rowsByIndex(indices), of: (row) => values.subarray(row * width, (row + 1) * width) };
}

async function createAtlas({ image, mime, indices, across, width, height, channels }) {
  const blob = new Blob([bytesOf(image)], { type: mime });
  const bitmap = await createImageBitmap(blob, { premultiplyAlpha: "none", colorSpaceConversion: "none" });
  const numbers = typed(Int32Array, indices);
  const draw = (canvas, tile) => {
    [canvas.width, canvas.height] = [width, height];
    const x = (tile % across) * width, y = Math.floor(tile / across) * height;
    canvas.getContext("2d").drawImage(bitmap, x, y, width, height, 0, 0, width, height);
  };
  return { bitmap, across, width, height, channels, rowOf: rowsByIndex(numbers), draw };
}

// Draws the image decoded from a code onto a canvas. Where codes are too wide to be kept, `again(canvas)` sends a picture
// through the encoder and the decoder instead.
function createDecoder({ header, weights, before, before_weights }) {
  const run = createNetwork(header.ops, typed(Float32Array, weights)), [channels, height, width] = header.image_shape;
  const paint = (code, canvas) => {
    const pixels = new ImageData(width, height);
    toPixels(run(code), channels, pixels.data);
    [canvas.width, canvas.height] = [width, height];
    canvas.getContext("2d").putImageData(pixels, 0, 0);
  };
  if (!before) return { from: (code, canvas) => paint(Float32Array.from(code), canvas) };
  const encode = createNetwork(before.ops, typed(Float32Array, before_weights));
  const again = (canvas) => {
    if (canvas.width !== width || canvas.height !== height) return false;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height), image = new Float32Array(width * height * channels);
    for (let i = 0; i < width * height; i += 1) for (let c = 0; c < channels; c += 1) image[i * channels + c] = data[i * 4 + Math.min(c, 2)] / 255;
    paint(encode(image), canvas);
    return true;
  };
  return { again };
}

// The `many` rows whose codes are nearest to `code` among `rows`, with their distances; `but` is left out.
function nearestCodes(codes, code, rows, many, but) {
  const best = [];
  for (const row of rows) {
    if (row < 0 || row === but) continue;
    const from = row * codes.width, limit = best.length < many ? Infinity : best[many - 1].square;
    let square = 0;
    for (let k = 0; k < codes.width && square < limit; k += 1) square += (codes.values[from + k] - code[k]) ** 2;
    if (square >= limit) continue;
    let at = best.length;
    while (at > 0 && best[at - 1].square > square) at -= 1;
    best.splice(at, 0, { row, square });
    if (best.length > many) best.pop();
  }
  return best.map(({ row, square }) => ({ row, distance: Math.sqrt(square) }));
}

function meanCode(codes, rows) {
  const mean = new Float64Array(codes.width);
  for (const row of rows) for (let k = 0; k < codes.width; k += 1) mean[k] += codes.values[row * codes.width + k] / rows.length;
  return mean;
}

// Whether (x, y) lies within a polygon [[x, y], …], by the even-odd rule.
function within(polygon, x, y) {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i, i += 1) {
    const [ax, ay] = polygon[i], [bx, by] = polygon[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}
