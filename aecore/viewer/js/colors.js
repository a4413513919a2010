// Colours by label, by reconstruction error or by a unit of the code, from the theme.

const RAMPS = {
  light: { error: ["#9fb3d1", "#e8702c", "#7a1020"], unit: ["#2257b0", "#c3c7ce", "#d9541e"], ground: "#ffffff" },
  dark: { error: ["#3d4f70", "#ee7733", "#ffeccb"], unit: ["#77aaff", "#4a505c", "#ff9a57"], ground: "#101318" },
};
const FALLBACK = "#4477AA,#EE7733,#228833,#CC3377,#7755BB,#AA7744,#33AACC,#999933,#BB5566,#777777";

// Any CSS colour as [r, g, b].
function toRgb(color) {
  const context = (toRgb.context ??= document.createElement("canvas").getContext("2d"));
  context.fillStyle = "#808080";
  context.fillStyle = color.trim();
  const text = context.fillStyle;
  if (text.startsWith("#")) return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
  return text.match(/[\d.]+/g).slice(0, 3).map(Number);
}

const toCss = (rgb) => `rgb(${rgb.map(Math.round).join(" ")})`;

function themeOf(root) {
  const style = getComputedStyle(root), read = (name) => style.getPropertyValue(name).trim();
  const ground = toRgb(read("--st-background-color") || RAMPS.light.ground);
  const dark = ground[0] * 0.3 + ground[1] * 0.59 + ground[2] * 0.11 < 128;
  return {
    dark,
    ground,
    text: toRgb(read("--st-text-color") || (dark ? "#e6e9ee" : "#1b2028")),
    accent: toRgb(read("--st-primary-color") || "#2f5da8"),
    classes: (read("--st-chart-categorical-colors") || FALLBACK).split(/,(?![^(]*\))/).map(toRgb),
    ramps: RAMPS[dark ? "dark" : "light"],
  };
}

const classColor = (theme, label) => theme.classes[label % theme.classes.length];

// The colour at `share`, 0 to 1, of a ramp of three.
function onRamp(ramp, share) {
  const place = clamp(share, 0, 1) * 2, low = Math.min(Math.floor(place), 1), part = place - low;
  return ramp[low].map((value, k) => value + (ramp[low + 1][k] - value) * part);
}

// What the colours mean and the colour of each point: { kind, colors (N × 3 bytes), low, high, ramp, values }.
function colorPoints(points, mode, theme) {
  const { count, codes, codeRow } = points, colors = new Uint8Array(count * 3);
  const asked = mode === "error" || mode.startsWith("unit");
  const unit = mode.startsWith("unit") ? Number(mode.slice(4)) : null;
  if (!asked || !codes || (unit !== null && unit >= codes.width)) {
    for (let i = 0; i < count; i += 1) colors.set(classColor(theme, points.labels[i]), i * 3);
    return { kind: "label", colors };
  }
  const values = new Float32Array(count).fill(NaN);
  for (let i = 0; i < count; i += 1) {
    if (codeRow[i] < 0) continue;
    values[i] = unit === null ? codes.errors[codeRow[i]] : codes.values[codeRow[i] * codes.width + unit];
  }
  const sorted = values.filter(Number.isFinite).sort();
  const quantile = (share) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  let [low, high] = [quantile(0.02), quantile(0.98)];
  let toShare, ramp;
  if (unit === null) {
    [low, high] = [Math.max(low, 1e-6), Math.max(high, 2e-6)];
    ramp = theme.ramps.error.map(toRgb);
    toShare = (value) => Math.log(Math.max(value, 1e-6) / low) / Math.log(high / low);
  } else {
    const signs = low < 0 && high > 0;
    if (signs) [low, high] = [-Math.max(-low, high), Math.max(-low, high)];
    if (high <= low) high = low + 1e-6; // a dead unit
    ramp = (signs ? theme.ramps.unit : theme.ramps.error).map(toRgb);
    toShare = (value) => (value - low) / (high - low);
  }
  for (let i = 0; i < count; i += 1) {
    colors.set(Number.isNaN(values[i]) ? [128, 128, 128] : onRamp(ramp, toShare(values[i])), i * 3);
  }
  return { kind: unit === null ? "error" : "unit", unit, colors, low, high, ramp, values };
}

// Three figures: 0.0123, 1.25, 1.3e-5.
function figure(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && size < 1e-3) return value.toExponential(1);
  return size >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

const plural = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
