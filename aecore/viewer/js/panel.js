// What stands beside the clouds: the pinned image with its neighbours, a selection, the legend, and how far to trust it.

const NEIGHBOURS = 10, SHOWN_OF_SELECTION = 48;

function make(tag, className, ...content) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...content);
  return node;
}

const button = (className, text, onclick, label) => {
  const node = make("button", className, text);
  node.type = "button";
  node.onclick = onclick;
  if (label) node.setAttribute("aria-label", label);
  return node;
};

// A canvas with a test image or with what a code is decoded to; null where there is nothing to draw.
function pictureOf(points, row) {
  if (!points.atlas || row < 0 || points.tile[row] < 0) return null;
  const canvas = make("canvas", "cl-picture");
  points.atlas.draw(canvas, points.tile[row]);
  return canvas;
}

function decodedFrom(points, code) {
  if (!points.decoder?.from || !code) return null;
  const canvas = make("canvas", "cl-picture");
  points.decoder.from(code, canvas);
  return canvas;
}

// The image as the network draws it again: decoded from its code, or sent through the whole network.
function reconstructionOf(points, row) {
  const code = codeOf(points, row), again = points.decoder?.again;
  if (code) return decodedFrom(points, code);
  const picture = again ? pictureOf(points, row) : null;
  return picture && again(picture) ? picture : null;
}

function codeOf(points, row) {
  const at = row < 0 || !points.codes?.width ? -1 : points.codeRow[row];
  return at < 0 ? null : points.codes.of(at);
}

const errorOf = (points, row) => (points.codes && points.codeRow[row] >= 0 ? points.codes.errors[points.codeRow[row]] : NaN);

// Rows of the drawing nearest to a code, with distances; empty without codes.
function neighboursOf(points, code, but) {
  if (!code) return [];
  const drawn = (points.drawnCodes ??= new Map(Array.from(points.codeRow, (at, row) => [at, row])));
  const found = nearestCodes(points.codes, code, points.codeRow, NEIGHBOURS, but < 0 ? -1 : points.codeRow[but]);
  return found.map(({ row, distance }) => ({ row: drawn.get(row), distance }));
}

function createPanel(owner, root) {
  const part = (name) => root.querySelector(`.cl-${name}`);
  const nameOf = (label) => owner.data.classes[label] ?? String(label);
  const title = (points, row) => `test image ${points.indices[row]} · ${nameOf(points.labels[row])}`;
  const tint = (node, label) => node.style.setProperty("--cl-color", toCss(classColor(owner.theme, label)));

  // ---- the card under the pointer -----------------------------------------------------------

  function card(stage, row, place) {
    const box = part("card");
    box.hidden = row < 0;
    if (row < 0) return;
    const { points } = stage, key = `${stage.view.id} ${row} ${owner.state.color}`;
    if (box.dataset.key !== key) {
      box.dataset.key = key;
      const pictures = make("div", "cl-pair");
      for (const picture of [pictureOf(points, row), reconstructionOf(points, row)]) picture && pictures.append(picture);
      const lines = make("div", "cl-lines", make("b", "", title(points, row)));
      const error = errorOf(points, row), { kind, unit, values } = stage.colored;
      if (Number.isFinite(error)) lines.append(make("span", "", `error ${figure(error)}`));
      if (kind === "unit") lines.append(make("span", "", `unit ${unit + 1}: ${figure(values[row])}`));
      box.replaceChildren(pictures, lines);
      tint(box, points.labels[row]);
    }
    const frame = part("main").getBoundingClientRect(), own = stage.box.getBoundingClientRect();
    const x = place[0] + own.left - frame.left, y = place[1] + own.top - frame.top;
    const right = x + 18 + box.offsetWidth < frame.width, below = y + 18 + box.offsetHeight < frame.height;
    box.style.left = `${Math.max(right ? x + 18 : x - 14 - box.offsetWidth, 4)}px`;
    box.style.top = `${Math.max(below ? y + 18 : y - 14 - box.offsetHeight, 4)}px`;
  }

  // ---- the pinned image, the new image, the selection ---------------------------------------

  function shown(stage) {
    const box = part("shown"), { state } = owner, row = state.pinned === null ? -1 : stage?.rowOf(state.pinned) ?? -1;
    box.hidden = true;
    if (!stage?.points) return;
    if (state.selected) selection(box, stage, state.selected);
    else if (row >= 0) pinned(box, stage, row);
    else if (state.pinned !== null) missing(box, stage, state.pinned);
    else if (stage.extra && state.extraOpen) newcomer(box, stage);
    else box.replaceChildren();
  }

  function head(box, text, close, mark) {
    const line = make("div", "cl-head", make("strong", "", text), button("cl-x", "×", close, "Close"));
    if (mark !== undefined) {
      line.prepend(make("i", "cl-dot"));
      tint(line, mark);
    }
    box.hidden = false;
    box.replaceChildren(line);
  }

  const pair = (one, other, names) => pictures([[one, names[0]], [other, names[1]]]);

  function pictures(list) {
    const all = make("div", "cl-large");
    for (const [canvas, name] of list) if (canvas) all.append(make("figure", "", canvas, make("figcaption", "", name)));
    return all;
  }

  // The image beside what it is drawn as again, by every network whose cloud is shown.
  function again(stage, row) {
    const index = stage.points.indices[row], several = owner.stages.length > 1;
    const list = [[pictureOf(stage.points, row), "image"]];
    for (const { points, rowOf, view } of several ? owner.stages : [stage]) {
      const own = points ? rowOf(index) : -1;
      if (own < 0) continue;
      const error = errorOf(points, own), told = Number.isFinite(error) ? `error ${figure(error)}` : "";
      const name = several ? [view.title, told] : ["reconstruction", told];
      list.push([reconstructionOf(points, own), name.filter(Boolean).join(", ")]);
    }
    return pictures(list);
  }

  function pinned(box, stage, row) {
    const { points } = stage, code = codeOf(points, row), label = points.labels[row];
    head(box, title(points, row), () => owner.pin(null, stage), label);
    box.append(again(stage, row));
    neighbours(box, stage, neighboursOf(points, code, row), label);
  }

  function newcomer(box, stage) {
    const { points, extra } = stage;
    head(box, extra.title, () => owner.closeExtra());
    box.append(pair(extra.copy(), decodedFrom(points, extra.code), ["as the model sees it", "reconstruction"]));
    if (extra.note) box.append(make("p", "cl-quiet", extra.note));
    neighbours(box, stage, neighboursOf(points, extra.code, -1));
  }

  function neighbours(box, stage, found, label) {
    const { points } = stage;
    if (!found.length) {
      box.append(make("p", "cl-quiet", "Codes of this width are not kept, so there are no neighbours to show."));
      return;
    }
    const votes = new Map();
    for (const { row } of found) votes.set(points.labels[row], (votes.get(points.labels[row]) ?? 0) + 1);
    const [most, count] = [...votes].sort((a, b) => b[1] - a[1])[0];
    const told = label === undefined ? `mostly ${nameOf(most)} (${count} of ${found.length})` : `${votes.get(label) ?? 0} of ${found.length} of the same class`;
    const where = owner.stages.length > 1 ? stage.view.title : "code space";
    const heading = make("h4", "", `Nearest in ${where}`);
    heading.append(make("span", "", told));
    const list = make("div", "cl-neighbours");
    for (const { row, distance } of found) {
      const one = button("cl-neighbour", "", () => owner.goTo(stage, points.indices[row]), `Neighbour ${title(points, row)}`);
      one.title = `${title(points, row)}, distance ${figure(distance)}`;
      one.dataset.index = points.indices[row];
      for (const picture of [pictureOf(points, row), decodedFrom(points, codeOf(points, row))]) picture && one.append(picture);
      one.append(make("span", "", figure(distance)));
      one.onpointerenter = () => owner.point(points.indices[row]);
      one.onpointerleave = () => owner.point(null);
      tint(one, points.labels[row]);
      list.append(one);
    }
    const legend = points.decoder ? "Image above, decoded from its code below; the number is the distance between the codes." : "The number is the distance between the codes.";
    box.append(heading, list, make("p", "cl-quiet", legend));
  }

  function missing(box, stage, index) {
    head(box, `test image ${index}`, () => owner.pin(null, stage));
    const near = Array.from(stage.points.indices).sort((a, b) => Math.abs(a - index) - Math.abs(b - index))[0];
    box.append(make("p", "cl-quiet", `It is not among the ${plural(stage.points.count, "point")} drawn here.`));
    box.append(button("cl-button", `Go to test image ${near}`, () => owner.goTo(stage, near)));
  }

  function selection(box, stage, chosen) {
    const { points } = stage, rows = [...chosen].map(stage.rowOf).filter((row) => row >= 0);
    head(box, `${plural(rows.length, "point")} selected`, () => owner.select(stage, []));
    const counts = new Map();
    for (const row of rows) counts.set(points.labels[row], (counts.get(points.labels[row]) ?? 0) + 1);
    const bars = make("div", "cl-bars");
    for (const [label, count] of [...counts].sort((a, b) => b[1] - a[1])) {
      const bar = make("i");
      bar.style.width = `${(100 * count) / rows.length}%`;
      const line = make("div", "", make("span", "", nameOf(label)), make("div", "", bar), make("span", "", count.toLocaleString("en")));
      tint(line, label);
      bars.append(line);
    }
    const codeRows = points.codes?.width ? rows.map((row) => points.codeRow[row]).filter((at) => at >= 0) : [];
    const mean = codeRows.length ? decodedFrom(points, meanCode(points.codes, codeRows)) : null;
    box.append(pair(averaged(points, rows), mean, ["mean of the images", "decoded mean code"]), bars);
    const sheet = make("div", "cl-sheet");
    for (const row of rows.slice(0, SHOWN_OF_SELECTION)) {
      const picture = pictureOf(points, row);
      if (!picture) continue;
      const one = button("cl-thumb", picture, () => owner.goTo(stage, points.indices[row]), title(points, row));
      one.title = title(points, row);
      one.onpointerenter = () => owner.point(points.indices[row]);
      one.onpointerleave = () => owner.point(null);
      sheet.append(one);
    }
    box.append(sheet);
    if (rows.length > SHOWN_OF_SELECTION) box.append(make("p", "cl-quiet", `The first ${SHOWN_OF_SELECTION} of them.`));
  }

  // The mean of the images themselves, pixel by pixel.
  function averaged(points, rows) {
    const { atlas, tile } = points, some = atlas ? rows.filter((row) => tile[row] >= 0) : [];
    if (!some.length) return null;
    const canvas = make("canvas", "cl-picture"), one = document.createElement("canvas");
    [canvas.width, canvas.height, one.width, one.height] = [atlas.width, atlas.height, atlas.width, atlas.height];
    const g = one.getContext("2d", { willReadFrequently: true }), sums = new Float64Array(atlas.width * atlas.height * 4);
    for (const row of some) {
      const x = (tile[row] % atlas.across) * atlas.width, y = Math.floor(tile[row] / atlas.across) * atlas.height;
      g.drawImage(atlas.bitmap, x, y, atlas.width, atlas.height, 0, 0, atlas.width, atlas.height);
      const { data } = g.getImageData(0, 0, atlas.width, atlas.height);
      for (let i = 0; i < sums.length; i += 1) sums[i] += data[i];
    }
    const pixels = new ImageData(atlas.width, atlas.height);
    for (let i = 0; i < sums.length; i += 1) pixels.data[i] = sums[i] / some.length;
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    return canvas;
  }

  return { card, shown, nameOf, title, tint };
}
