// Runs in every measured page before the page's own scripts. Records when content changes, script time per frame, and
// traffic. All times are milliseconds of the page's own clock, the one used by event timestamps.

(() => {
  if (window !== top) return;
  const frame = window.requestAnimationFrame.bind(window), now = () => performance.now();
  const GIVE_UP_MS = 20_000;

  // ---- finding elements, also inside components ------------------------------------------------

  const roots = [document], attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (options) {
    const root = attach.call(this, options);
    roots.push(root);
    return root;
  };
  const fresh = (root) => root === document || (root.host.isConnected && !root.host.closest('[data-stale="true"]'));
  const all = (selector) =>
    roots.filter(fresh).flatMap((root) => [...root.querySelectorAll(selector)]).filter((node) => !node.closest('[data-stale="true"]'));

  // ---- canvases -------------------------------------------------------------------------------

  const painted = new WeakMap(), copy = CanvasRenderingContext2D.prototype.drawImage;
  let touch = null, ended = null, film = null, active = 0; // the pending measurement, its outcome, the recording, the time of the last activity
  function paints(canvas) {
    active = now();
    painted.set(canvas, active);
    if (film?.canvases.has(canvas)) film.frame.drawn = true;
    if (touch && touch.at !== null && !touch.asked && (!touch.canvases || touch.canvases.has(canvas))) {
      touch.asked = true;
      queueMicrotask(look); // after the painting script has finished
    }
  }
  const DRAWING = [
    [CanvasRenderingContext2D, ["putImageData", "drawImage", "fillRect", "fill", "stroke", "fillText"]],
    [window.WebGL2RenderingContext, ["clear", "drawElements", "drawArrays"]],
  ];
  for (const [{ prototype }, names] of DRAWING.filter(([kind]) => kind)) {
    for (const name of names) {
      const draw = prototype[name];
      prototype[name] = function (...given) {
        draw.apply(this, given);
        paints(this.canvas);
      };
    }
  }

  const scratch = document.createElement("canvas"), copied = scratch.getContext("2d", { willReadFrequently: true });
  function pixels(canvas) {
    [scratch.width, scratch.height] = [canvas.width || 1, canvas.height || 1];
    if (canvas.width && canvas.height) copy.call(copied, canvas, 0, 0);
    let sum = 7;
    for (const value of new Uint32Array(copied.getImageData(0, 0, scratch.width, scratch.height).data.buffer)) sum = (Math.imul(sum, 31) + value) | 0;
    return sum;
  }

  // The appearance of the content as text; null while any part is missing.
  function looks(selector) {
    const nodes = all(selector), parts = nodes.map((node) => {
      if (node instanceof HTMLCanvasElement) return pixels(node);
      if (node instanceof HTMLImageElement) return node.complete && node.naturalWidth ? node.src : null;
      return node.getAttribute("d") ?? node.outerHTML;
    });
    return !nodes.length || parts.includes(null) ? null : parts.join("|");
  }

  // ---- arriving at a page ---------------------------------------------------------------------

  const stands = (node, since) => {
    if (!node.getClientRects().length) return false;
    if (node instanceof HTMLCanvasElement) return painted.get(node) > since;
    return node instanceof HTMLImageElement ? node.complete && node.naturalWidth > 0 : true;
  };

  // Seconds from the navigation, or with `pressed` from the next click, key or paste, to the frame with the heading, if one
  // is given, and to the frame with the content: at least `least` parts, all with that text, while the page `says` another.
  function expect({ heading = null, picture, pressed = false, least = 1, text = "", says = null, patience = GIVE_UP_MS }) {
    const times = {}, begun = now();
    let since = pressed ? null : 0;
    const press = ({ timeStamp }) => (since ??= timeStamp);
    if (pressed) for (const type of ["pointerdown", "keydown", "input"]) window.addEventListener(type, press, { capture: true, once: true });
    probe.arrival = new Promise((resolve, reject) => {
      const check = () => {
        if (since !== null) {
          const passed = (now() - since) / 1000;
          const headed = heading === null || all("h1").some((node) => stands(node, since) && node.textContent.trim() === heading);
          if (!times.heading && headed) times.heading = passed;
          const parts = times.heading ? all(picture).filter((node) => stands(node, since)) : [];
          const right = parts.length >= least && parts.every((node) => node.textContent.includes(text));
          if (right && (!says || all(says[0]).some((node) => node.textContent.includes(says[1])))) times.picture = passed;
        }
        if (times.picture) resolve(times);
        else if (now() - begun > patience) reject(new Error(times.heading ? `no picture (${picture}) within ${patience / 1000} s` : `no heading “${heading}” within ${patience / 1000} s`));
        else frame(check);
      };
      frame(check);
    });
    probe.arrival.catch(() => {}); // reported where it is awaited
  }

  // ---- from an input to the redrawn content ---------------------------------------------------

  const said = ([selector, name]) => all(selector)[0]?.dataset[name];

  // Wait for an event `on`, then for the content to change: if the page signals it (`told`: a selector and the name of its
  // data attribute), by that, and where the content is on canvases by one that is painted too; else by the appearance of
  // the content itself.
  function arm({ picture, told = null, on }) {
    touch = { picture, told, on, at: null, asked: false, drawn: null, script: 0, sent: null, heard: null };
    touch.before = told ? said(told) : looks(picture);
    touch.canvases = told ? new Set(all(picture)) : null;
    touch.watched = !all(picture).some((node) => node instanceof HTMLCanvasElement) || !told; // at every frame
    touch.pixels = told && [...touch.canvases].every((canvas) => canvas.width * canvas.height < 90_000) ? looks(picture) : null;
    ended = new Promise((resolve) => (touch.end = resolve));
  }

  // Called when something was painted, and at every frame for content other than canvases.
  function look() {
    const one = touch;
    if (!one || one.at === null || one.drawn !== null) return;
    one.asked = false;
    const after = one.told ? said(one.told) : looks(one.picture);
    if (after === null || after === one.before) return;
    one.drawn = now();
    frame(() => {
      const shown = now(), { at, drawn, script, sent, heard } = one;
      touch = null;
      const same = one.pixels !== null && looks(one.picture) === one.pixels;
      one.end({ drawn: drawn - at, shown: shown - at, script, same, ...(sent && heard ? { sent: sent - at, server: heard - sent } : {}) });
    });
  }
  function lookOn() {
    if (!touch) return;
    look();
    frame(lookOn);
  }

  // The outcome, or null if nothing changed within `patience` milliseconds.
  const touched = (patience) => Promise.race([ended, new Promise((resolve) => setTimeout(resolve, patience, null))]);

  // ---- scripts --------------------------------------------------------------------------------

  // Script time: in input handlers, which counts towards the following frame, and in animation-frame callbacks.
  function costs(begun, input = false) {
    const spent = now() - begun;
    if (touch && touch.at !== null && touch.drawn === null) touch.script += spent;
    if (!film) return;
    if (input) film.before += spent;
    else film.frame.script += spent;
  }
  window.requestAnimationFrame = (callback) =>
    frame((time) => {
      if (film && film.time !== time) nextFrame(time);
      const begun = now();
      try {
        callback(time);
      } finally {
        costs(begun);
      }
    });
  let entered = 0;
  for (const type of ["pointerdown", "pointermove", "mousemove", "keydown", "input"]) {
    window.addEventListener(type, (event) => {
      entered = now();
      if (!touch || touch.at !== null || !event.isTrusted || !touch.on.includes(type)) return;
      touch.at = event.timeStamp;
      if (touch.watched) frame(lookOn);
    }, { capture: true });
    window.addEventListener(type, () => costs(entered, true));
  }

  function nextFrame(time) {
    film.frames.push(film.frame);
    film.frame = { at: time, script: film.before, drawn: false };
    [film.time, film.before] = [time, 0];
  }

  function record(picture) {
    film = { canvases: new Set(all(picture)), frames: [], frame: { drawn: false }, time: null, before: 0, begun: now() };
  }

  // Frames per second in which one of the canvases was painted, milliseconds between them, script milliseconds in each.
  function recorded() {
    const { begun, frames, frame: last } = film, seconds = (now() - begun) / 1000;
    film = null;
    const drawn = [...frames, last].filter((one) => one.drawn);
    return { fps: drawn.length / seconds, scripts: drawn.map(({ script }) => script), gaps: drawn.slice(1).map(({ at }, i) => at - drawn[i].at) };
  }

  // ---- the wire -------------------------------------------------------------------------------

  const wire = { received: 0, sent: 0, messages: 0 };
  const bytes = (data) => data.byteLength ?? data.size ?? new TextEncoder().encode(data).length;
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        active = now();
        wire.received += bytes(data);
        wire.messages += 1;
        if (touch?.sent && touch.drawn === null) touch.heard = active;
      });
    }
    send(data) {
      active = now();
      wire.sent += bytes(data);
      if (touch && touch.at !== null) touch.sent ??= active;
      super.send(data);
    }
  };

  // Wait until nothing has been painted, sent or received for that long.
  async function quiet(least) {
    const begun = now();
    while (now() - active < least) {
      if (now() - begun > GIVE_UP_MS) throw new Error("the page does not come to rest within 20 s");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  const probe = (window.probe = { expect, arm, touched, record, recorded, quiet, wire, arrival: null });
})();
