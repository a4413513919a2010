// The values of a figure as a table, for reading, for screen readers and for CSV.

import { fromBase64 } from "../../../aecore/viewer/js/bytes.js";

/** @typedef {{ columns: string[], rows: (string | number | null)[][] }} Table */

/**
 * The values of a figure as rows. Curves over one x axis share their rows; points, boxes and cells have one each.
 * @param {{ data: any[], layout: any }} figure
 * @returns {Table}
 */
export function tableOf(figure) {
  const traces = figure.data.filter((trace) => trace.hoverinfo !== "skip");
  const type = traces[0]?.type ?? "scatter";
  if (type === "heatmap") return cells(figure, traces[0]);
  if (type === "parcoords") return dimensions(traces[0]);
  if (type === "bar") return bins(traces);
  if (type === "scatter") return curves(figure, traces);
  return points(figure, traces);
}

/** @param {{ layout: any }} figure @param {any[]} traces @returns {Table} */
function curves(figure, traces) {
  /** @type {Map<any, (string | number | null)[]>} */
  const rows = new Map();
  traces.forEach((trace, i) => {
    const ys = listed(trace.y);
    listed(trace.x).forEach((x, at) => {
      const row = rows.get(x) ?? [x, ...traces.map(() => null)];
      row[i + 1] = ys[at];
      rows.set(x, row);
    });
  });
  const sorted = [...rows.values()];
  if (sorted.every((row) => typeof row[0] === "number")) sorted.sort((a, b) => Number(a[0]) - Number(b[0]));
  return { columns: [titleOf(figure.layout.xaxis, "x"), ...traces.map((trace) => trace.name ?? "y")], rows: sorted };
}

/** @param {{ layout: any }} figure @param {any[]} traces @returns {Table} */
function points(figure, traces) {
  const space = figure.layout.scene ?? figure.layout, deep = traces.some((trace) => trace.z);
  const columns = ["class", "test image", titleOf(space.xaxis, "x"), titleOf(space.yaxis, "y")];
  if (deep) columns.push(titleOf(space.zaxis, "z"));
  const rows = traces.flatMap((trace) => {
    const [xs, ys, zs, ids] = [trace.x, trace.y, trace.z, trace.customdata].map(listed);
    return xs.map((x, i) => [trace.name, ids[i] ?? null, x, ys[i], ...(deep ? [zs[i]] : [])]);
  });
  if (traces[0]?.type === "box") return { columns: ["class", "test image", columns[3]], rows: rows.map((row) => [row[0], row[1], row[3]]) };
  return { columns, rows };
}

/** @param {any[]} traces @returns {Table} */
function bins(traces) {
  const rows = traces.flatMap((trace) => {
    const counts = listed(trace.y);
    return listed(trace.x).map((x, i) => [trace.name, x, counts[i]]);
  });
  return { columns: ["series", "middle", "count"], rows };
}

/** @param {{ layout: any }} figure @param {any} trace @returns {Table} */
function cells(figure, trace) {
  const rows = trace.y.flatMap((/** @type {any} */ y, /** @type {number} */ i) =>
    trace.x.map((/** @type {any} */ x, /** @type {number} */ j) => [x, y, trace.text?.[i]?.[j] ?? trace.z[i][j]]));
  return { columns: [titleOf(figure.layout.xaxis, "x"), titleOf(figure.layout.yaxis, "y"), titleOf(trace.colorbar, "value")], rows };
}

/** @param {any} trace @returns {Table} */
function dimensions(trace) {
  const columns = trace.dimensions.map((/** @type {any} */ one) => one.label);
  const read = trace.dimensions.map((/** @type {any} */ one) => {
    const names = new Map(listed(one.tickvals).map((value, i) => [value, listed(one.ticktext)[i]]));
    return listed(one.values).map((value) => names.get(value) ?? value);
  });
  return { columns, rows: read[0].map((/** @type {any} */ _, /** @type {number} */ i) => read.map((/** @type {any[]} */ column) => column[i])) };
}

/** @param {any} axis @param {string} otherwise @returns {string} */
function titleOf(axis, otherwise) {
  const title = axis?.title?.text ?? axis?.title;
  return typeof title === "string" && title ? title : otherwise;
}

const WIDTHS = /** @type {Record<string, any>} */ ({
  f8: Float64Array, f4: Float32Array, i4: Int32Array, u4: Uint32Array, i2: Int16Array, u2: Uint16Array, i1: Int8Array, u1: Uint8Array,
});

/**
 * An array of a figure as a list; numbers may be base64-encoded, as plotly's Python package writes them.
 * @param {any} value
 * @returns {any[]}
 */
export function listed(value) {
  if (value == null) return [];
  if (typeof value.bdata === "string") {
    return Array.from(new WIDTHS[value.dtype](fromBase64(value.bdata).buffer));
  }
  return Array.from(value);
}

/**
 * Every x at which one of the curves has a point, in order; those of the first where they are not numbers.
 * @param {any[]} traces
 * @returns {any[]}
 */
export function placesOf(traces) {
  const all = traces.map((trace) => listed(trace.x));
  if (!all.every((xs) => xs.every((x) => typeof x === "number"))) return all[0] ?? [];
  return [...new Set(all.flat())].sort((a, b) => a - b);
}

/**
 * CSV after RFC 4180; numbers in full precision, empty for missing values.
 * @param {Table} table
 */
export function toCsv({ columns, rows }) {
  const cell = (/** @type {any} */ value) => {
    // A text that a spreadsheet would compute is kept from it by an apostrophe, as `csv_cell` of aecore.format does.
    const text = value == null ? "" : typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

/**
 * A value for display: four significant digits.
 * @param {string | number | null | undefined} value
 */
export function shortValue(value) {
  if (value == null) return "–";
  if (typeof value !== "number") return value;
  if (!Number.isFinite(value)) return "–";
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  return Math.abs(value) < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}
