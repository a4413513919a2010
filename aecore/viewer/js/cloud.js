// One or several clouds that share a camera, colours and the pinned point. `host` gives `asset(name)`, a promise of the
// parts of a payload, and is told where the person is: `told({ pinned })`.

const FRAME_MS = 600;
const registry = (globalThis.aecoreClouds ??= { groups: new Map(), kept: new Map() });

function createCloud(root, host) {
  const part = (name) => root.querySelector(`.cl-${name}`);
  const state = {
    color: "label", // or error, or unit0, unit1 …
    unit: 0, // chosen last
    hidden: new Set(), // classes
    only: null, // the class that the others fade behind
    hovered: null, // numbers in the test set
    pinned: null,
    selected: null, // a set of such numbers
    tool: "move",
    spin: false,
    extraOpen: false, // the image that is none of the points is shown beside the cloud
  };
  const cameras = { 2: homeCamera(2), 3: homeCamera(3) }, tweens = { 2: null, 3: null };
  const owner = { state, host, stages: [], data: { classes: [] }, theme: themeOf(root), cameras, tweens };
  let speed = [0, 0], advanced = -1, wasMoving = false, token = 0;

  // ---- camera -------------------------------------------------------------------------------

  owner.cameraOf = (stage) => (tweens[stage.view.dims] ? tweens[stage.view.dims].now : cameras[stage.view.dims]);
  owner.redraw = () => owner.stages.forEach((stage) => stage.invalidate());

  // Called by every stage before it draws: moves on what moves by itself, once a frame. Tells whether anything does.
  owner.advance = (stage, passed, now) => {
    if (now === advanced) return wasMoving;
    advanced = now;
    wasMoving = false;
    for (const dims of [2, 3]) {
      const tween = tweens[dims];
      if (!tween) continue;
      tween.since ??= now;
      const share = clamp((now - tween.since) / tween.duration, 0, 1);
      tween.now = betweenCameras(tween.from, tween.to, ease(share));
      if (share === 1) [cameras[dims], tweens[dims]] = [tween.to, null];
      wasMoving = true;
      moved(dims);
    }
    if (state.spin || Math.hypot(...speed) > 2e-5) {
      if (state.spin) cameras[3].yaw -= passed * 0.00022;
      turnCamera(cameras[3], speed[0] * passed, speed[1] * passed);
      speed = speed.map((value) => value * Math.exp(-passed / 180));
      wasMoving = true;
      moved(3);
    }
    if (wasMoving) owner.redraw();
    return wasMoving;
  };

  owner.moveCamera = (stage, move) => {
    const { dims } = stage.view;
    if (tweens[dims]) [cameras[dims], tweens[dims]] = [tweens[dims].now, null];
    speed = [0, 0];
    move(cameras[dims]);
    moved(dims);
    owner.redraw();
  };

  owner.throwCamera = (stage, velocity) => {
    if (still() || stage.view.dims !== 3) return;
    speed = velocity;
    owner.redraw();
  };

  owner.tweenTo = (dims, to, duration = 550, from = copyCamera(tweens[dims]?.now ?? cameras[dims])) => {
    speed = [0, 0];
    if (still()) {
      [cameras[dims], tweens[dims]] = [to, null];
      moved(dims);
    } else tweens[dims] = { from, to, now: from, duration };
    owner.redraw();
  };

  owner.flyTo = (stage, row, nearer = 1) => {
    const to = copyCamera(cameras[stage.view.dims]);
    to.target = stage.placeOf(row);
    to.distance = clamp(to.distance / nearer, NEAREST, FARTHEST);
    owner.tweenTo(stage.view.dims, to);
  };

  owner.reset = () => {
    owner.stopSpin();
    for (const dims of [2, 3]) owner.tweenTo(dims, homeCamera(dims));
  };
  owner.stopSpin = () => state.spin && owner.toggleSpin();
  owner.toggleSpin = () => {
    if (!owner.stages.some(({ view }) => view?.dims === 3)) return;
    state.spin = !state.spin;
    owner.tools();
    owner.redraw();
  };

  function moved(dims) {
    root.dataset.camera = cameraText(tweens[dims]?.now ?? cameras[dims], dims);
    owner.share((other) => other.followCamera(dims, tweens[dims]?.now ?? cameras[dims]));
    owner.remember();
  }
  owner.followCamera = (dims, camera) => {
    [cameras[dims], tweens[dims], speed, state.spin] = [copyCamera(camera), null, [0, 0], false];
    root.dataset.camera = cameraText(camera, dims);
    owner.redraw();
    owner.remember();
  };

  // Clouds of the same group in other components turn along, and show the same pinned image.
  owner.share = (tell) => {
    for (const other of registry.groups.get(owner.data.group) ?? []) if (other !== owner) tell(other);
  };

  // ---- data ---------------------------------------------------------------------------------

  owner.refresh = () => {
    const first = owner.stages.find(({ points }) => points);
    if (!first) return;
    const active = owner.stages.includes(owner.active) && owner.active.points ? owner.active : first;
    owner.legend.update(owner.stages.filter(({ points }) => points));
    owner.panel.shown(active);
    root.dataset.hidden = [...state.hidden].sort((a, b) => a - b).join(" ");
    owner.tools();
    owner.redraw();
    owner.remember();
  };

  function build(count) {
    while (owner.stages.length > count) {
      const stage = owner.stages.pop();
      stage.stopHearing?.();
      stage.destroy();
      stage.box.remove();
    }
    while (owner.stages.length < count) {
      const box = make("div", "cl-stage", make("canvas", "cl-gl"), make("canvas", "cl-over"), make("div", "cl-title"), make("div", "cl-progress"));
      Object.assign(box, { tabIndex: 0 });
      box.setAttribute("role", "application");
      part("stages").append(box);
      const stage = createStage(owner, box);
      listen(owner, stage);
      owner.stages.push(stage);
    }
    part("stages").dataset.count = count;
  }

  async function update(data) {
    const first = !owner.data.key, own = (token += 1);
    if (owner.data.group !== data.group) join(data.group);
    const others = !first && owner.data.images !== data.images, asked = JSON.stringify(data.start ?? {});
    const linkedAnew = !first && asked !== JSON.stringify(owner.data.start ?? {});
    owner.data = data;
    if (others) owner.forget();
    if (linkedAnew) owner.recall(new URLSearchParams(data.start));
    root.style.setProperty("--cl-height", `${data.height ?? 640}px`);
    if (first) {
      const start = new URLSearchParams(Object.entries(data.start ?? {}).filter(([, value]) => value));
      const linked = data.address && location.hash.includes("camera=");
      owner.recall(linked ? location.hash.slice(1) : start.size ? start : (registry.kept.get(data.key) ?? ""));
    }
    build(data.views.length);
    owner.theme = themeOf(root);
    await Promise.all(data.views.map(async (view, i) => {
      const stage = owner.stages[i], key = JSON.stringify(view), title = stage.box.querySelector(".cl-title");
      title.textContent = data.views.length > 1 ? view.title : "";
      stage.box.setAttribute("aria-label", `${view.title}: points to turn and click`);
      if (stage.key !== key) {
        try {
          const parts = await loaded(view), points = await createPoints(view, parts);
          if (own !== token) return; // a later one is under way
          present(stage, view, points, parts);
          stage.key = key;
        } catch (error) {
          title.textContent = "This cloud could not be unpacked.";
          console.error(error);
        }
      } else stage.recolor();
    }));
    if (own !== token) return;
    root.dataset.ready = "true";
    owner.refresh();
  }

  // The payloads of a view. Of points that are on the move only the first frame says where they stand.
  async function loaded(view) {
    const names = ["points", "codes", "atlas", "decoder"].filter((name) => view[name]);
    const parts = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await host.asset(view[name])])));
    if (view.moving) parts.points = { ...parts.points, ...(await firstFrame(view.live)) };
    return parts;
  }

  const firstFrame = (name) =>
    new Promise((resolve) => {
      const stop = hearFrames(name, (frame) => frame.coordinates && queueMicrotask(() => (stop(), resolve(frame))));
    });

  function present(stage, view, points, parts) {
    const before = stage.view, { dims } = view;
    if (before && before.dims !== dims) owner.tweenTo(dims, copyCamera(cameras[dims]), 900, copyCamera(owner.cameraOf(stage)));
    stage.extra = view.extra ? newcomer(view.extra, points) : null;
    if (view.extra && view.extra.stamp !== before?.extra?.stamp) {
      [state.extraOpen, state.pinned, state.selected, root.dataset.pinned] = [true, null, null, ""];
    }
    stage.show(view, points);
    root.dataset.view = view.id;
    root.dataset.camera = cameraText(cameras[dims], dims);
    stage.stopHearing?.();
    progress(stage, null);
    stage.stopHearing = view.live ? hearFrames(view.live, (frame) => heard(stage, view, parts, frame)) : null;
  }

  // The next frame of points that are on the move: they go there in about the time until the one after.
  async function heard(stage, view, parts, frame) {
    progress(stage, frame);
    if (!view.moving || !frame.coordinates) return;
    const points = await createPoints(view, { ...parts, points: { ...parts.points, ...frame } });
    if (stage.view === view) stage.show(view, points, FRAME_MS);
  }

  function progress(stage, frame) {
    const bar = stage.box.querySelector(".cl-progress");
    bar.textContent = frame?.text ?? "";
    bar.style.setProperty("--cl-share", clamp(frame?.share ?? 0, 0, 1));
    stage.box.classList.toggle("cl-running", frame !== null);
  }

  function newcomer(extra, points) {
    const { data, width, height, channels } = extra.image, canvas = make("canvas"), pixels = new ImageData(width, height);
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    for (let i = 0; i < width * height; i += 1) {
      for (let c = 0; c < 3; c += 1) pixels.data[i * 4 + c] = bytes[channels === 1 ? i : c * width * height + i];
      pixels.data[i * 4 + 3] = 255;
    }
    const onto = (target) => {
      [target.width, target.height] = [width, height];
      target.getContext("2d").putImageData(pixels, 0, 0);
      return target;
    };
    const code = extra.code ? Float32Array.from(extra.code) : null;
    return { xyz: points.place(extra.place), canvas: onto(canvas), copy: () => onto(make("canvas", "cl-picture")), code, title: extra.title, note: extra.note };
  }

  function join(group) {
    registry.groups.get(owner.data.group)?.delete(owner);
    if (!group) return;
    if (!registry.groups.has(group)) registry.groups.set(group, new Set());
    registry.groups.get(group).add(owner);
  }

  function destroy() {
    join(null);
    owner.stopRemembering();
    window.removeEventListener("popstate", owner.arrive);
    build(0);
  }

  owner.panel = createPanel(owner, root);
  owner.legend = createLegend(owner, root, owner.panel);
  addPointing(owner, root, host);
  addTools(owner, root);
  addMemory(owner, root);
  window.addEventListener("popstate", owner.arrive);
  return Object.assign(owner, { update, destroy });
}
