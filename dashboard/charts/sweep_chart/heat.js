// Two settings as columns and rows, a cell a combination; the better the mean, the more ink.

function drawHeat({ width, narrow, add, theme }, { goal, axes, marks }) {
  const [across, down] = axes, top = 8;
  const room = narrow ? width * 0.3 : 190;
  const names = down.labels.map((label) => wrapped(label, room, 3));
  const left = Math.max(...names.flat().map((line) => widthOf(line)), widthOf(down.title, "600 12px sans-serif")) + 16;
  const cell = Math.min((width - left - 2) / across.labels.length, 200);
  const rows = down.labels.length, tall = rows <= 14 ? clamp(cell * 0.6, 34, 62) : clamp(600 / rows, 6, 34);
  const head = top + 22, bottom = head + tall * rows;
  const scale = scaleOf(marks.map((mark) => mark.mean), goal.log, 0);
  const flat = marks.every((mark) => mark.mean === marks[0].mean);
  const toX = (place) => left + cell * place, toY = (place) => head + tall * place;
  const better = (mark) => (flat ? 1 : goal.better === "lower" ? 1 - scale.share(mark.mean) : scale.share(mark.mean));
  const ink = (share) => mixed(theme.paper, theme.primary, 0.06 + 0.94 * share);

  add("text", { x: 0, y: top + 8, class: "name" }, down.title);
  const every = Math.ceil(15 / tall); // so many rows share a label where they are too low for one each
  names.forEach((wrapping, place) => {
    if (place % every) return;
    const lines = tall < 40 ? wrapping.slice(0, Math.max(1, Math.floor(tall / 14))) : wrapping;
    const y = toY(place) + tall / 2 + 4 - 7 * (lines.length - 1);
    lines.forEach((line, i) => add("text", { x: left - 10, y: y + 14 * i, "text-anchor": "end", class: "tick" }, line));
  });
  const taken = new Set(marks.map((mark) => String(mark.at)));
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < across.labels.length; column += 1) {
      if (taken.has(`${column},${row}`)) continue;
      add("rect", { x: toX(column) + 2, y: toY(row) + 2, width: Math.max(cell - 4, 1), height: Math.max(tall - 4, 1), rx: 3, class: "void" });
    }
  }
  marks.forEach((mark) => drawCell(add, mark, toX(mark.at[0]), toY(mark.at[1]), cell, tall, ink(better(mark)), theme));
  const best = marks.find((mark) => mark.rank === 0);
  if (marks.length > 1) add("rect", { x: toX(best.at[0]) + 1, y: toY(best.at[1]) + 1, width: cell - 2, height: tall - 2, rx: 4, class: "ring", style: "stroke-width: 2.5" });

  const middle = (place) => toX(place) + cell / 2;
  const places = { ticks: across.labels.map((label, place) => [place, label]) };
  const below = drawPlaces(add, places, middle, bottom, across.numbers ? 0 : cell - 8);
  add("text", { x: left + (cell * across.labels.length) / 2, y: below + 20, "text-anchor": "middle", class: "name" }, across.title);
  drawRamp(add, left, below + 34, ink);

  const at = new Map(marks.map((mark, index) => [String(mark.at), index]));
  return {
    height: below + 56,
    legend: [],
    find: (x, y) => at.get(`${Math.floor((x - left) / cell)},${Math.floor((y - head) / tall)}`) ?? -1,
    hold: (index, layer) => {
      const [column, row] = marks[index].at;
      add("rect", { x: toX(column) + 1, y: toY(row) + 1, width: cell - 2, height: tall - 2, rx: 4, class: "ring" }, undefined, layer);
      return [toX(column) + cell / 2, toY(row) + tall / 2];
    },
  };
}

// The mean, and below it the spread, as far as the cell has room for them.
function drawCell(add, mark, x, y, cell, tall, color, theme) {
  const gap = Math.min(cell, tall) < 14 ? 0.25 : 1;
  add("rect", { x: x + gap, y: y + gap, width: cell - 2 * gap, height: tall - 2 * gap, rx: gap === 1 ? 3 : 0, fill: written(color) });
  const [mean, spread] = mark.text.replace(/ [^ \d±]+$/, "").split(" ± ");
  if (tall < 18 || widthOf(mean, "650 12px sans-serif") > cell - 6) return;
  const both = spread !== undefined && widthOf(`± ${spread}`) < cell - 6 && tall > 38;
  const style = `fill: ${written(inkOn(color, theme))}`, middle = { x: x + cell / 2, "text-anchor": "middle", style };
  add("text", { ...middle, y: y + tall / 2 + (both ? -2 : 4), class: "strong" }, mean);
  if (both) add("text", { ...middle, y: y + tall / 2 + 14, "font-size": 11, opacity: 0.85 }, `± ${spread}`);
}

function drawRamp(add, x, y, ink) {
  add("text", { x, y: y + 10, class: "tick" }, "worse");
  const begin = x + widthOf("worse") + 8;
  for (let i = 0; i < 24; i += 1) add("rect", { x: begin + 4 * i, y, width: 4.5, height: 12, fill: written(ink(i / 23)) });
  add("text", { x: begin + 104, y: y + 10, class: "tick" }, "better");
}
