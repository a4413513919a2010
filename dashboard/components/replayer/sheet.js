// The images: a sheet of small columns, one an image, and the enlarged view of one of them.

const GAP = 4;
const COLUMN_GAP = 8;
const NARROW = 609; // the width of the page's content where its style sheet takes it for a phone
const LINE_GAP = 14;
const SHEET_HEIGHT = 390; // more than this hides the curve on a common screen
const SMALLEST = 44, LARGEST = 112, LARGEST_ENLARGED = 288;
const LETTERS = ["A", "B"];

// The rows of pictures that stand below each other. A lane of two runs names its run by letter.
function lanesOf(data, run, difference) {
  const members = data.shared ? [0, 1] : [run];
  const letter = (member) => (data.shared ? LETTERS[member] : "");
  const lanes = [{ kind: "clean", run: members[0], text: "clean", brief: "clean", letter: "" }];
  const noisy = members.filter((member) => data.runs[member].noisy);
  for (const member of data.shared && data.one_noise ? noisy.slice(0, 1) : noisy) {
    const mark = data.shared && !data.one_noise ? letter(member) : "";
    lanes.push({ kind: "noisy", run: member, text: "noisy", brief: "noisy", letter: mark });
  }
  for (const member of members) {
    lanes.push({ kind: "output", run: member, text: "reconstruction", brief: "output", letter: letter(member) });
  }
  for (const member of difference ? members : []) {
    lanes.push({ kind: "difference", run: member, text: "difference", brief: "error", letter: letter(member) });
  }
  return lanes;
}

// Canvas pixels and page pixels of a tile whose every pixel becomes `factor` of the screen's.
function tileSize(run, factor) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(run.width * factor), Math.round(run.height * factor)];
  return { width, height, pageWidth: width / ratio, pageHeight: height / ratio };
}

// The largest whole factor with which a tile is at most `wanted` wide; below 1 only where even that is over `room`.
function largestFactor(run, wanted, room) {
  const most = (pixels) => (pixels * (window.devicePixelRatio || 1)) / run.width;
  return Math.floor(most(Math.min(wanted, room)) + 1e-6) || Math.min(1, most(room));
}

// The largest tiles with which the block stays within `height`, or else the lowest block that one can still read,
// in lines that are equally long.
function fit(run, lanes, width, height) {
  let best = null;
  for (let factor = largestFactor(run, LARGEST, width); factor > 0; factor -= 1) {
    const size = tileSize(run, factor);
    if (best && size.pageWidth < SMALLEST) break;
    const most = Math.max(1, Math.floor((width + COLUMN_GAP) / (size.pageWidth + COLUMN_GAP)));
    const lines = Math.ceil(run.count / most);
    const tall = lines * (lanes * (size.pageHeight + GAP) + LINE_GAP);
    if (!best || tall < best.tall) best = { size, tall, columns: Math.ceil(run.count / lines) };
    if (tall <= height) break;
  }
  return best;
}

function createTile(lane, image, size) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [size.width, size.height];
  canvas.style.width = `${size.pageWidth}px`;
  canvas.style.height = `${size.pageHeight}px`;
  canvas.setAttribute("aria-hidden", "true");
  canvas.dataset.kind = lane.kind;
  return { canvas, lane, image };
}

const isMoving = (lane) => lane.kind === "output" || lane.kind === "difference";

// What a classifier read in that reconstruction, if that is not what the image shows.
const misread = (run, row, image) => run.digits?.[row][image] ?? null;

function element(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function laneName(lane, narrow) {
  const parts = lane.letter ? [element("b", `rp-chip rp-run-${lane.run}`, lane.letter)] : [];
  const plain = !lane.letter || lane.kind !== "output"; // a letter alone says reconstruction
  return plain ? [...parts, document.createTextNode(narrow ? lane.brief : lane.text)] : parts;
}

function createSheet(host, open) {
  let tiles = [], labels = [], captions = [], built = "";

  // Build the columns, unless nothing that they depend on has changed: a press or the focus on one outlives new epochs.
  function arrange(data, width, difference) {
    const shapes = data.runs.map((run) => [run.title, run.names, run.width, run.height, run.noisy, !run.digits]);
    const wanted = JSON.stringify([shapes, data.shared, data.one_noise, width, difference, window.devicePixelRatio]);
    if (wanted === built) return;
    built = wanted;
    const narrow = width < NARROW;
    [tiles, labels, captions] = [[], [], []];
    const blocks = data.shared ? [0] : data.runs.map((_, run) => run);
    host.replaceChildren(...blocks.map((run) => arrangeBlock(data, run, width, narrow, difference, blocks.length)));
  }

  function arrangeBlock(data, index, width, narrow, difference, blocks) {
    const run = data.runs[index], lanes = lanesOf(data, index, difference);
    const labelWidth = narrow ? 58 : 112;
    const room = width - labelWidth - COLUMN_GAP - 4; // with the frame of a column that has the focus
    const { columns, size } = fit(run, lanes.length, room, SHEET_HEIGHT / blocks);
    const spare = (room + COLUMN_GAP - columns * size.pageWidth) / columns;
    const block = element("div", "rp-block");
    block.setAttribute("role", "group");
    const rows = lanes.map(({ letter, text }) => `${letter} ${text}`.trim());
    block.setAttribute("aria-label", `${run.count} images: ${rows.join(", ")}`);
    if (blocks > 1) {
      const head = element("div", "rp-block-head");
      head.append(element("b", `rp-chip rp-run-${index}`, LETTERS[index]), element("span", "", run.title));
      block.append(head);
    }
    const grid = element("div", "rp-grid");
    grid.style.gridTemplateColumns = `${labelWidth}px repeat(${columns}, ${size.pageWidth}px)`;
    grid.style.gap = `${LINE_GAP}px ${Math.max(Math.min(Math.floor(spare), 14), COLUMN_GAP)}px`;
    for (let image = 0; image < run.count; image += 1) {
      if (image % columns === 0) grid.append(labelColumn(lanes, size, narrow));
      grid.append(card(data, index, lanes, image, size));
    }
    block.append(grid);
    return block;
  }

  function labelColumn(lanes, size, narrow) {
    const column = element("div", "rp-labels");
    for (const lane of lanes) {
      const label = element("div", "rp-label");
      label.style.height = `${size.pageHeight}px`;
      const name = element("span", "rp-lane");
      name.append(...laneName(lane, narrow));
      label.append(name);
      if (lane.kind === "output") {
        const epoch = label.appendChild(element("small", "rp-at"));
        labels.push({ epoch, run: lane.run });
      }
      column.append(label);
    }
    return column;
  }

  function card(data, index, lanes, image, size) {
    const button = element("button", "rp-card");
    button.type = "button";
    button.dataset.image = image;
    button.title = data.runs[index].names[image];
    for (const lane of lanes) {
      const tile = createTile(lane, image, size);
      tiles.push(tile);
      button.append(tile.canvas);
    }
    const readers = lanes.filter((lane) => lane.kind === "output" && data.runs[lane.run].digits);
    const notes = readers.map((lane) => ({ lane, note: button.appendChild(element("span", "rp-note")) }));
    captions.push({ button, image, notes, name: data.runs[index].names[image] });
    button.onclick = () => open(index, image);
    return button;
  }

  // Draw the epochs of those rows; with `all` the tiles that never change as well.
  function draw(data, reels, rows, all) {
    for (const { canvas, lane, image } of tiles) {
      if (all || isMoving(lane)) reels[lane.run].draw(canvas, lane.kind, rows[lane.run], image);
    }
    for (const { epoch, run } of labels) epoch.textContent = `epoch ${data.runs[run].epochs[rows[run]]}`;
    for (const { button, image, notes, name } of captions) {
      let said = `${name}: enlarge`;
      for (const { lane, note } of notes) {
        const digit = misread(data.runs[lane.run], rows[lane.run], image);
        note.textContent = digit === null ? "" : `${lane.letter ? `${lane.letter} ` : ""}reads ${digit}`;
        if (digit !== null) said += `, ${lane.letter ? `${lane.letter} is ` : ""}read as ${digit}`;
      }
      if (button.getAttribute("aria-label") !== said) button.setAttribute("aria-label", said);
    }
  }

  const focus = (image) => host.querySelector(`[data-image="${image}"]`)?.focus();
  return { arrange, draw, focus };
}

// One image, as large as fits, with the error of its reconstruction in figures.
function createLarge(section) {
  const name = section.querySelector(".rp-large-name"), figures = section.querySelector(".rp-figures");
  let shown = [];

  function arrange(data, width, difference, { run, image }) {
    const lanes = lanesOf(data, run, difference);
    const across = width < NARROW ? 2 : lanes.length;
    const room = (width - (across - 1) * 12) / across;
    const size = tileSize(data.runs[run], largestFactor(data.runs[run], LARGEST_ENLARGED, room));
    name.textContent = data.runs[run].names[image];
    shown = lanes.map((lane) => ({ ...createTile(lane, image, size), caption: element("figcaption", "") }));
    figures.replaceChildren(
      ...shown.map(({ canvas, lane, caption }) => {
        const figure = element("figure", "");
        const heading = element("span", "rp-lane");
        heading.append(...laneName(lane, false));
        figure.style.width = `${size.pageWidth}px`;
        figure.append(canvas, heading, caption);
        return figure;
      }),
    );
  }

  function draw(data, reels, rows) {
    for (const { canvas, lane, image, caption } of shown) {
      const row = rows[lane.run];
      reels[lane.run].draw(canvas, lane.kind, row, image);
      if (lane.kind !== "output") continue;
      const digit = misread(data.runs[lane.run], row, image);
      const error = reels[lane.run].meanSquaredError(row, image).toFixed(4);
      const reads = data.runs[lane.run].digits ? (digit === null ? "" : ` · reads ${digit}`) : "";
      caption.textContent = `epoch ${data.runs[lane.run].epochs[row]} · MSE ${error}${reads}`;
    }
  }

  return { arrange, draw };
}
