// Matrix products as WebAssembly with four numbers an instruction, put together here byte by byte: a compiler would have
// to come with the project, and these two functions are short. `products.js` uses them and has the plain way beside them.

/**
 * @typedef {number | number[]} Code bytes of WebAssembly, nested as they are written
 */

/** @param {number} n an integer, as WebAssembly writes signed ones (LEB128) */
function signed(n) {
  const bytes = [];
  for (;;) {
    const low = n & 0x7f;
    n >>= 7;
    if ((n === 0 && !(low & 0x40)) || (n === -1 && low & 0x40)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

/** @param {number} n a whole number from 0 on */
function unsigned(n) {
  const bytes = [];
  for (; n > 0x7f; n >>>= 7) bytes.push((n & 0x7f) | 0x80);
  return [...bytes, n];
}

const I32 = 0x7f, F32 = 0x7d, V128 = 0x7b, NOTHING = 0x40;
/** @param {number} name */
const get = (name) => [0x20, ...unsigned(name)];
/** @param {number} name @param {...Code} value */
const set = (name, ...value) => [...value.flat(), 0x21, ...unsigned(name)];
/** @param {number} n */
const number = (n) => [0x41, ...signed(n)];
/** @param {Code} a @param {Code} b */
const add = (a, b) => [a, b, 0x6a].flat();
/** @param {Code} a @param {Code} b */
const times = (a, b) => [a, b, 0x6c].flat();
/** @param {Code} address @param {number} [offset] */
const load = (address, offset = 0) => [address, 0x2a, 2, unsigned(offset)].flat();
/** @param {Code} address @param {number} [offset] */
const loadFour = (address, offset = 0) => [address, 0xfd, 0, 2, unsigned(offset)].flat();
/** @param {Code} address */
const loadSame = (address) => [address, 0xfd, 9, 2, 0].flat();
/** @param {Code} address @param {Code} value @param {number} [offset] */
const store = (address, value, offset = 0) => [address, value, 0x38, 2, unsigned(offset)].flat();
/** @param {Code} address @param {Code} value @param {number} [offset] */
const storeFour = (address, value, offset = 0) => [address, value, 0xfd, 11, 2, unsigned(offset)].flat();
/** @param {Code} sum @param {Code} a @param {Code} b */
const plusProduct = (sum, a, b) => [sum, a, b, 0x94, 0x92].flat();
/** @param {Code} sum @param {Code} a @param {Code} b */
const plusProducts = (sum, a, b) => [sum, a, b, 0xfd, 0xe6, 1, 0xfd, 0xe4, 1].flat();
/** @param {number} name @param {Code} by */
const step = (name, by) => set(name, add(get(name), by));

/**
 * Repeats `body` while `left` numbers or more of `count` remain; the body takes them off.
 * @param {number} count
 * @param {number} left
 * @param {...Code} body
 */
function whileLeft(count, left, ...body) {
  const enough = [...get(count), ...number(left), 0x48];
  return [0x02, NOTHING, 0x03, NOTHING, ...enough, 0x0d, 1, ...body.flat(), 0x0c, 0, 0x0b, 0x0b];
}

/**
 * A function's body, with so many locals of each type behind its parameters.
 * @param {[number, number][]} locals count and type
 * @param {...Code} code
 */
function body(locals, ...code) {
  const declared = [unsigned(locals.length), ...locals.map(([count, type]) => [...unsigned(count), type])].flat();
  const bytes = [...declared, ...code.flat(), 0x0b];
  return [...unsigned(bytes.length), ...bytes];
}

/** @param {number} id @param {number[][]} entries */
function section(id, entries) {
  const bytes = [...unsigned(entries.length), ...entries.flat()];
  return [id, ...unsigned(bytes.length), ...bytes];
}

/**
 * `product(x, xStep, m, w, k, n, y, yStep)`: y[m, n] += x[m, k] · w[k, n]. Addresses and steps from row to row in bytes,
 * w without gaps. Tiles of 4 × 8 numbers of y stay in the processor's registers while k is passed once.
 */
function product() {
  const [x, xStep, m, w, k, n, y, yStep] = [0, 1, 2, 3, 4, 5, 6, 7];
  const [wStep, rows, xRow, yRow, wAt, left] = [8, 9, 10, 11, 12, 13];
  const xs = [14, 15, 16, 17], sums = [18, 19, 20, 21, 22, 23, 24, 25], same = 26, four = [27, 28], singles = [29, 30, 31, 32];

  /** @param {number} height @param {number} width in fours, 0 for one number */
  const tile = (height, width) => {
    const each = [...Array(height).keys()], across = [...Array(width).keys()];
    /** @param {number} row */
    const yOf = (row) => add(get(yRow), row ? times(get(yStep), number(row)) : number(0));
    const begin = each.flatMap((row) => [
      set(xs[row], add(get(xRow), row ? times(get(xStep), number(row)) : number(0))),
      ...(width ? across.map((part) => set(sums[row * width + part], loadFour(yOf(row), 16 * part))) : [set(singles[row], load(yOf(row)))]),
    ]);
    const inner = width
      ? [
          ...across.map((part) => set(four[part], loadFour(get(wAt), 16 * part))),
          ...each.flatMap((row) => [
            set(same, loadSame(get(xs[row]))),
            ...across.map((part) => set(sums[row * width + part], plusProducts(get(sums[row * width + part]), get(same), get(four[part])))),
          ]),
        ]
      : each.map((row) => set(singles[row], plusProduct(get(singles[row]), load(get(xs[row])), load(get(wAt)))));
    const end = each.flatMap((row) =>
      width ? across.map((part) => storeFour(yOf(row), get(sums[row * width + part]), 16 * part)) : [store(yOf(row), get(singles[row]))],
    );
    return [
      ...begin,
      set(wAt, get(w)),
      set(left, get(k)),
      whileLeft(left, 1, ...inner, ...each.map((row) => step(xs[row], number(4))), step(wAt, get(wStep)), step(left, number(-1))),
      ...end,
      step(xRow, times(get(xStep), number(height))),
      step(yRow, times(get(yStep), number(height))),
      step(rows, number(-height)),
    ].flat();
  };

  /** @param {number} width in fours, 0 for one number */
  const columns = (width) => [
    set(rows, get(m)), set(xRow, get(x)), set(yRow, get(y)),
    whileLeft(rows, 4, tile(4, width)), whileLeft(rows, 1, tile(1, width)),
    step(w, number(width ? 16 * width : 4)), step(y, number(width ? 16 * width : 4)), step(n, number(width ? -4 * width : -1)),
  ].flat();

  return body(
    [[10, I32], [11, V128], [4, F32]],
    set(wStep, times(get(n), number(4))),
    whileLeft(n, 8, columns(2)), whileLeft(n, 4, columns(1)), whileLeft(n, 1, columns(0)),
  );
}

/**
 * `dots(x, w, bias, y, inputs, outputs)`: y[o] = bias[o] + Σ x[i] · w[o, i], four rows of w at a time.
 */
function dots() {
  const [x, w, bias, y, inputs, outputs] = [0, 1, 2, 3, 4, 5];
  const [xAt, left, wStep] = [6, 7, 8], rowsAt = [9, 10, 11, 12], sums = [13, 14, 15, 16], four = 17, single = [18, 19, 20, 21];

  /** @param {number} count of rows */
  const rows = (count) => {
    const each = [...Array(count).keys()];
    const moved = (/** @type {number} */ by) => [step(xAt, number(by)), ...each.map((row) => step(rowsAt[row], number(by)))];
    const lane = (/** @type {number} */ row, /** @type {number} */ at) => [...get(sums[row]), 0xfd, 31, at];
    return [
      set(xAt, get(x)), set(left, get(inputs)),
      ...each.map((row) => set(rowsAt[row], add(get(w), times(get(wStep), number(row))))),
      ...each.map((row) => set(sums[row], [0x43, 0, 0, 0, 0, 0xfd, 19])), // four zeros
      whileLeft(
        left, 4,
        set(four, loadFour(get(xAt))),
        ...each.map((row) => set(sums[row], plusProducts(get(sums[row]), get(four), loadFour(get(rowsAt[row]))))),
        ...moved(16), step(left, number(-4)),
      ),
      ...each.map((row) => {
        const halves = [[...lane(row, 0), ...lane(row, 1), 0x92], [...lane(row, 2), ...lane(row, 3), 0x92]].flat();
        return set(single[row], [...halves, 0x92, ...load(get(bias), 4 * row), 0x92]);
      }),
      whileLeft(
        left, 1,
        ...each.map((row) => set(single[row], plusProduct(get(single[row]), load(get(xAt)), load(get(rowsAt[row]))))),
        ...moved(4), step(left, number(-1)),
      ),
      ...each.map((row) => store(get(y), get(single[row]), 4 * row)),
      step(w, times(get(wStep), number(count))),
      step(bias, number(4 * count)), step(y, number(4 * count)), step(outputs, number(-count)),
    ].flat();
  };

  return body(
    [[7, I32], [5, V128], [4, F32]],
    set(wStep, times(get(inputs), number(4))),
    whileLeft(outputs, 4, rows(4)), whileLeft(outputs, 1, rows(1)),
  );
}

/** The whole module: it imports its memory, and exports the two functions. */
export function moduleBytes() {
  const text = (/** @type {string} */ word) => [word.length, ...[...word].map((letter) => letter.charCodeAt(0))];
  const takes = (/** @type {number} */ count) => [0x60, count, ...Array(count).fill(I32), 0];
  return new Uint8Array([
    0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [takes(8), takes(6)]),
    ...section(2, [[...text("js"), ...text("memory"), 2, 0, 1]]),
    ...section(3, [[0], [1]]),
    ...section(7, [[...text("product"), 0, 0], [...text("dots"), 0, 1]]),
    ...section(10, [product(), dots()]),
  ]);
}
