// What the three kinds share: text that fits, ticks, colours of the theme.

const clamp = (value, low, high) => Math.max(low, Math.min(value, high));

function make(name, attributes, text) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

// A combination in words: numbers are named, words speak for themselves.
function nameOf(axes, mark) {
  const lower = (title) => title[0].toLowerCase() + title.slice(1);
  const label = (axis, i) => axis.labels[mark.at[i]];
  return axes.map((axis, i) => (axis.numbers ? `${lower(axis.title)} ${label(axis, i)}` : label(axis, i))).join(", ");
}

// ---- text ---------------------------------------------------------------------------------------

const ruler = document.createElement("canvas").getContext("2d");

function widthOf(text, font = "12px sans-serif") {
  ruler.font = font;
  return ruler.measureText(text).width * 1.04;
}

// The text in at most `most` lines of that width; what is left over is cut.
function wrapped(text, width, most) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
    if (widthOf(longer) <= width || !lines.at(-1)) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  const kept = lines.slice(0, most).map((line) => {
    if (widthOf(line) <= width) return line;
    let cut = line;
    while (cut.length > 1 && widthOf(`${cut}…`) > width) cut = cut.slice(0, -1);
    return `${cut}…`;
  });
  if (lines.length > most) kept[most - 1] = `${kept[most - 1].replace(/…$/, "").slice(0, -1)}…`;
  return kept;
}

// ---- numbers ------------------------------------------------------------------------------------

// From figures to a share between 0 and 1, 1 the largest; in the logarithm where the chart says so.
function scaleOf(values, log, margin = 0.06) {
  const to = log ? Math.log10 : (value) => value;
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (log && value <= 0) continue;
    low = Math.min(low, to(value));
    high = Math.max(high, to(value));
  }
  const pad = (high - low || Math.abs(high) || 1) * (high === low ? 0.1 : margin);
  [low, high] = [low - pad, high + pad];
  return { low, high, share: (value) => (to(Math.max(value, log ? 1e-300 : -Infinity)) - low) / (high - low) };
}

function ticksOf({ low, high }, log, most) {
  if (log) {
    const all = (digits) => {
      const found = [];
      for (let power = Math.floor(low); power <= Math.ceil(high); power += 1) {
        for (const digit of digits) {
          const tick = Number(`${digit}e${power}`);
          if (Math.log10(tick) >= low && Math.log10(tick) <= high) found.push(tick);
        }
      }
      return found;
    };
    return [[1, 2, 3, 5], [1, 2, 5], [1, 3], [1]].map(all).find((ticks) => ticks.length <= most) ?? all([1]).filter((_, i) => i % 2 === 0);
  }
  const rough = (high - low) / Math.max(most, 1), power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((size) => size >= rough);
  const ticks = [];
  for (let place = Math.ceil(low / step - 1e-9); place * step <= high + step * 1e-9; place += 1) ticks.push(place * step);
  return ticks;
}

// All ticks of an axis with as many decimals as the one that needs most.
function labelled(ticks, log) {
  const own = ticks.map(short);
  if (log || own.some((text) => text.includes("e"))) return own;
  const places = Math.max(...own.map((text) => (text.split(".")[1] ?? "").length), 0);
  return ticks.map((tick) => tick.toFixed(places));
}

function short(value) {
  if (Math.abs(value) < 1e-12) return "0";
  if (Math.abs(value) >= 1e6 || Math.abs(value) < 1e-4) return Number(value.toPrecision(3)).toExponential().replace("e+", "e");
  return String(Number(value.toPrecision(6)));
}

// ---- colours ------------------------------------------------------------------------------------

function themeOf(root) {
  const style = getComputedStyle(root), get = (name) => style.getPropertyValue(name).trim();
  const listed = get("--st-chart-categorical-colors").match(/#[0-9a-f]{3,8}|rgba?\([^)]*\)/gi);
  return {
    colors: listed?.length ? listed : ["#4477AA", "#EE7733", "#228833", "#CC3377"],
    text: channels(get("--st-text-color") || "#111111"),
    paper: channels(get("--st-background-color") || "#ffffff"),
    primary: channels(get("--st-primary-color") || "#2f5da8"),
  };
}

function channels(color) {
  ruler.fillStyle = "#000000";
  ruler.fillStyle = color;
  const hex = ruler.fillStyle; // a canvas writes any colour as #rrggbb
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

const mixed = (from, to, share) => from.map((value, i) => Math.round(value + (to[i] - value) * share));
const written = (color) => `rgb(${color.join(", ")})`;

function luminance(color) {
  const [r, g, b] = color.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

// Of the theme's two inks the one that is easier to read on a colour.
function inkOn(color, theme) {
  const contrast = (ink) => {
    const [a, b] = [luminance(ink), luminance(color)].sort((p, q) => q - p);
    return (a + 0.05) / (b + 0.05);
  };
  return contrast(theme.text) >= contrast(theme.paper) ? theme.text : theme.paper;
}
