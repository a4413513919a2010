// The player: which epoch is shown, and everything that moves it. Scrubbing never asks the server; only the epoch at
// which it comes to rest is told, for the address. Streamlit calls the function below again at every change of data
// or theme, so all state lives on the mounted element.

const REST_MS = 400;
const STEPS_PER_S = 6;
const ICONS = { play: "M8 5v14l11-7z", pause: "M7 5h4v14H7zM13 5h4v14h-4z" };

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".rp");
  const player = (parentElement.__replay ||= createPlayer(root));
  player.tell = (epoch) => setStateValue("epoch", epoch);
  player.update(data);
  return () => {
    player.destroy();
    delete parentElement.__replay;
  };
}

function createPlayer(root) {
  const part = (name) => root.querySelector(`.rp-${name}`);
  const slider = part("slider"), play = part("play");
  const state = {
    data: null, // what is shown, and `reels` with its unpacked pictures
    reels: [],
    next: null, // what was asked for last
    print: "",
    stops: [], // every epoch at which a run has a row
    axis: null,
    at: 0,
    following: true, // at the last epoch, also when a later one comes
    told: "",
    playing: false,
    large: null, // { run, image } that is enlarged
    width: 0,
    frame: 0,
    timer: 0,
  };
  const player = { update, destroy, tell: () => {} };

  // ---- data ---------------------------------------------------------------------------------

  function update(data) {
    const print = JSON.stringify(data, (key, value) => (key === "atlas" ? undefined : value));
    if (print === state.print) return layOut(); // the theme changed, or nothing did
    [state.print, state.next] = [print, data];
    const reels = data.runs.map((run) => state.reels.find((reel) => reel.stamp === run.stamp) ?? unpack(run));
    Promise.all(reels).then(
      (ready) => state.next === data && adopt(data, ready),
      () => (part("sheet").textContent = "This browser could not unpack the pictures."),
    );
  }

  function adopt(data, reels) {
    const first = state.data === null, before = state.stops[state.at];
    const asked = first || data.visit !== state.data.visit;
    const epochs = data.runs.flatMap((run) => run.epochs);
    [state.data, state.reels] = [data, reels];
    state.stops = [...new Set(epochs)].sort((a, b) => a - b);
    state.axis = createAxis(state.stops);
    if (asked) state.following = data.start === null;
    const wanted = asked ? data.start : before;
    state.at = state.following ? last() : rowAt(state.stops, wanted);
    state.following = state.at === last();
    slider.disabled = play.disabled = state.stops.length < 2;
    const { large } = state;
    if (large && !(large.image < (data.runs[large.run]?.count ?? 0))) close();
    if (first) state.told = resting();
    else rest();
    root.dataset.ready = "true";
    layOut();
  }

  const last = () => state.stops.length - 1;
  const resting = () => (state.following ? "" : String(state.stops[state.at]));

  // ---- drawing ------------------------------------------------------------------------------

  // Build all that depends on the width, the data or the theme, then draw.
  function layOut() {
    if (!state.data || !state.width) return;
    const { data, width } = state, colors = palette(root), difference = part("difference").checked;
    data.runs.forEach((_, run) => root.style.setProperty(`--rp-run-${run}`, colors[run % colors.length]));
    part("sheet").hidden = state.large !== null;
    part("large").hidden = state.large === null;
    if (state.large) large.arrange(data, width, difference, state.large);
    else sheet.arrange(data, width, difference);
    curve.draw(state.axis, curveLines(data, colors), width);
    buildReadout(data);
    render(true);
  }

  // Colour tells the run, the dashes tell training from test.
  function curveLines(data, colors) {
    return data.runs.flatMap(({ train, test }, run) => [
      { color: colors[run % colors.length], dashed: true, ...train },
      { color: colors[run % colors.length], dashed: false, ...test },
    ]);
  }

  function buildReadout(data) {
    const two = data.runs.length > 1;
    root.classList.toggle("rp-two", two);
    part("readout").replaceChildren(
      ...data.runs.map((run, i) => {
        const line = element("div", `rp-figures-of rp-run-${i}`);
        if (two) line.append(element("b", `rp-chip rp-run-${i}`, LETTERS[i]), element("span", "rp-title", run.title));
        if (two) line.append(element("span", "rp-value rp-which"));
        for (const [name, style] of [["training", "dashed"], ["test", "solid"]]) {
          const item = element("span", "rp-item");
          item.append(element("i", `rp-stroke rp-${style}`), `${name} `, element("span", `rp-value rp-${name}`));
          line.append(item);
        }
        if (run.digits_read) line.append(element("span", "rp-value rp-right"));
        return line;
      }),
    );
  }

  function render(all) {
    const { data, stops, at, axis } = state;
    const rows = data.runs.map((run) => rowAt(run.epochs, stops[at]));
    if (state.large) large.draw(data, state.reels, rows);
    else sheet.draw(data, state.reels, rows, all);
    const figures = data.runs.map((run, i) => ({
      train: lossAt(run.train, run.epochs[rows[i]]),
      test: lossAt(run.test, run.epochs[rows[i]]),
    }));
    const spoken = data.runs.map((run, i) => spokenFigures(run, rows[i], figures[i], i));
    const text = `epoch ${stops[at]}`;
    slider.value = axis.shares[at];
    slider.setAttribute("aria-valuetext", `${text} of ${stops[last()]}`);
    part("epoch").textContent = text;
    root.dataset.epoch = stops[at];
    const points = figures.flatMap(({ train, test }) => [train, test]);
    curve.mark(axis.shares[at], points, `Loss curves. At ${text}: ${spoken.join("; ")}`);
    data.runs.forEach((run, i) => {
      const line = part("readout").children[i], say = (name, words) => {
        const node = line.querySelector(`.rp-${name}`);
        if (node) node.textContent = words;
      };
      say("which", whichEpoch(run, rows[i], stops[at]));
      say("training", lossText(figures[i].train));
      say("test", lossText(figures[i].test));
      if (run.digits_read) say("right", `${run.digits_read[rows[i]].join(" of ")} read right`);
    });
  }

  function spokenFigures(run, row, { train, test }, i) {
    const name = state.data.runs.length > 1 ? `${LETTERS[i]}, epoch ${run.epochs[row]}, ` : "";
    return `${name}training loss ${lossText(train)}, test loss ${lossText(test)}`;
  }

  // ---- moving -------------------------------------------------------------------------------

  function go(index) {
    const at = Math.min(Math.max(index, 0), last());
    if (!state.data || at === state.at) {
      if (state.axis) slider.value = state.axis.shares[state.at]; // the thumb rests on a row, not between two
      return;
    }
    state.at = at;
    state.following = at === last();
    state.frame ||= requestAnimationFrame(() => {
      state.frame = 0;
      render(false);
    });
    rest();
  }

  function scrubTo(share) {
    stop();
    go(state.axis.nearestStop(share));
  }

  function rest() {
    clearTimeout(state.timer);
    state.timer = setTimeout(() => {
      if (state.playing || resting() === state.told) return;
      state.told = resting();
      player.tell(state.told);
    }, REST_MS);
  }

  function start() {
    if (state.playing || state.stops.length < 2) return;
    state.playing = true;
    if (state.at === last()) go(0);
    let since = performance.now();
    const tick = (now) => {
      if (!state.playing) return;
      const step = 1000 / (STEPS_PER_S * Number(part("speed").value));
      if (now - since > 1000 + step) since = now - step; // the tab was hidden
      for (; now - since >= step && state.at < last(); since += step) go(state.at + 1);
      if (state.at === last()) stop();
      else requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
    showPlay();
  }

  function stop() {
    if (!state.playing) return;
    state.playing = false;
    showPlay();
    rest();
  }

  function showPlay() {
    play.setAttribute("aria-label", state.playing ? "Pause" : "Play");
    play.querySelector("path").setAttribute("d", state.playing ? ICONS.pause : ICONS.play);
  }

  // ---- the enlarged image -------------------------------------------------------------------

  function open(run, image) {
    state.large = { run, image };
    layOut();
    part("close").focus({ preventScroll: true });
  }

  function turn(step) {
    const { run, image } = state.large, { count } = state.data.runs[run];
    state.large = { run, image: (image + step + count) % count };
    layOut();
  }

  function close() {
    const { image } = state.large ?? {};
    state.large = null;
    layOut();
    sheet.focus(image);
  }

  // ---- touch, mouse, keyboard ---------------------------------------------------------------

  const sheet = createSheet(part("sheet"), open);
  const large = createLarge(part("large"));
  const curve = createCurve(part("curve"), (share) => {
    scrubTo(share);
    slider.focus({ preventScroll: true }); // the arrow keys go on from here
  });
  slider.oninput = () => scrubTo(Number(slider.value));
  play.onclick = () => (state.playing ? stop() : start());
  part("difference").onchange = () => layOut();
  part("before").onclick = () => turn(-1);
  part("after").onclick = () => turn(1);
  part("close").onclick = close;

  root.onkeydown = (event) => {
    if (!state.data || event.altKey || event.ctrlKey || event.metaKey || event.target.matches("select")) return;
    const move = (index) => {
      stop();
      go(index);
    };
    const keys = {
      ArrowLeft: () => move(state.at - 1),
      ArrowDown: () => move(state.at - 1),
      ArrowRight: () => move(state.at + 1),
      ArrowUp: () => move(state.at + 1),
      PageDown: () => move(state.at - 10),
      PageUp: () => move(state.at + 10),
      Home: () => move(0),
      End: () => move(last()),
      Escape: () => state.large && close(),
    };
    if (!event.target.matches("button, input[type=checkbox]")) keys[" "] = () => play.click();
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  };

  const observer = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (width === state.width) return;
    state.width = width;
    layOut();
  });
  observer.observe(root);
  showPlay();

  function destroy() {
    observer.disconnect();
    clearTimeout(state.timer);
    state.playing = false;
  }

  return player;
}

// The latest row that is no later than `epoch`, or the first.
function rowAt(epochs, epoch) {
  let row = 0;
  while (row + 1 < epochs.length && epochs[row + 1] <= epoch + 1e-9) row += 1;
  return row;
}

// In words where a run with no row at that epoch stands.
function whichEpoch(run, row, epoch) {
  const own = run.epochs[row];
  if (own === epoch) return `epoch ${own}`;
  if (own > epoch) return `epoch ${own}, its first`;
  return row === run.epochs.length - 1 ? `epoch ${own}, its last` : `epoch ${own}, the one before`;
}

// The loss at that epoch or, where none was measured there, the last one before it; null before the first.
function lossAt({ epochs, values }, epoch) {
  const i = rowAt(epochs, epoch + 1e-3);
  if (!epochs.length || epochs[i] > epoch + 1e-3) return null;
  return { epoch: epochs[i], value: values[i], earlier: epochs[i] < epoch - 1e-3 };
}

function lossText(point) {
  if (!point) return "–";
  const { value } = point;
  const figure = Math.abs(value) < 1e-3 && value !== 0 ? value.toExponential(3) : value.toPrecision(4);
  return point.earlier ? `${figure} at ${point.epoch}` : figure;
}
