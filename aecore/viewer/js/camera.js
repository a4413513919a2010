// Where one looks from. One kind of camera serves both drawings: it turns about a target, and its lens goes from
// parallel rays (a flat drawing) to perspective, so that going from 2D to 3D is one smooth movement.

const LENS = 1.7, NEAREST = 0.06, FARTHEST = 12, STEEPEST = Math.PI / 2 - 0.01;
const HOMES = {
  2: { yaw: 0, pitch: 0, distance: 1.95, target: [0, 0, 0], perspective: 0 },
  3: { yaw: 0.62, pitch: 0.32, distance: 1.95, target: [0, 0, 0], perspective: 1 },
};

const homeCamera = (dims) => copyCamera(HOMES[dims]);
const copyCamera = (camera) => ({ ...camera, target: [...camera.target] });
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

// Right, up and towards the eye, as rows.
function cameraAxes({ yaw, pitch }) {
  const cy = Math.cos(yaw), sy = Math.sin(yaw), cp = Math.cos(pitch), sp = Math.sin(pitch);
  return [cy, 0, -sy, sy * sp, cp, cy * sp, sy * cp, -sp, cy * cp];
}

// Pixels that a length of 1 at the target takes.
function pixelsPerUnit(camera, width, height) {
  return (LENS * Math.min(width, height)) / 2 / camera.distance;
}

function turnCamera(camera, across, down) {
  camera.yaw -= across;
  camera.pitch = clamp(camera.pitch + down, -STEEPEST, STEEPEST);
}

// Move what is looked at, by pixels on the screen.
function panCamera(camera, across, down, width, height) {
  const axes = cameraAxes(camera), unit = pixelsPerUnit(camera, width, height);
  for (let k = 0; k < 3; k += 1) {
    camera.target[k] = clamp(camera.target[k] + (-across * axes[k] + down * axes[3 + k]) / unit, -2.5, 2.5);
  }
}

// The place in the plane of the target that is seen at (x, y), pixels from the middle.
function placeAt(camera, x, y, width, height) {
  const axes = cameraAxes(camera), unit = pixelsPerUnit(camera, width, height);
  return camera.target.map((value, k) => value + (x * axes[k] - y * axes[3 + k]) / unit);
}

// Come nearer by `factor` > 1 to a place, which stays where it is on the screen.
function zoomCamera(camera, factor, place) {
  const distance = clamp(camera.distance / factor, NEAREST, FARTHEST), share = 1 - distance / camera.distance;
  camera.distance = distance;
  camera.target = camera.target.map((value, k) => clamp(value + (place[k] - value) * share, -2.5, 2.5));
}

// The camera `share` of the way from one to another, the shorter way round.
function betweenCameras(from, to, share) {
  const mix = (a, b) => a + (b - a) * share;
  const around = Math.atan2(Math.sin(to.yaw - from.yaw), Math.cos(to.yaw - from.yaw));
  return {
    yaw: from.yaw + around * share,
    pitch: mix(from.pitch, to.pitch),
    distance: Math.exp(mix(Math.log(from.distance), Math.log(to.distance))),
    target: from.target.map((value, k) => mix(value, to.target[k])),
    perspective: mix(from.perspective, to.perspective),
  };
}

// A camera as a short text for the address, and back; null for what is none.
function cameraText(camera, dims) {
  const short = (value) => String(Number(value.toFixed(3)));
  const { yaw, pitch, distance, target } = camera;
  const turned = Math.atan2(Math.sin(yaw), Math.cos(yaw));
  const numbers = dims === 3 ? [turned, pitch, distance, ...target] : [distance, target[0], target[1]];
  return [`${dims}d`, ...numbers.map(short)].join(",");
}

function cameraFromText(text) {
  const [kind, ...rest] = String(text ?? "").split(",");
  const numbers = rest.map(Number), dims = { "2d": 2, "3d": 3 }[kind];
  if (!dims || numbers.length !== (dims === 3 ? 6 : 3) || !rest.every(Boolean) || !numbers.every(Number.isFinite)) return null;
  const camera = homeCamera(dims);
  const place = (values) => values.map((value) => clamp(value, -2.5, 2.5));
  if (dims === 3) {
    [camera.yaw, camera.pitch, camera.distance] = numbers;
    camera.pitch = clamp(camera.pitch, -STEEPEST, STEEPEST);
    camera.target = place(numbers.slice(3));
  } else {
    camera.distance = numbers[0];
    camera.target = [...place(numbers.slice(1)), 0];
  }
  camera.distance = clamp(camera.distance, NEAREST, FARTHEST);
  return { dims, camera };
}

// Where N points (N × 3) stand on a screen of `width` × `height` pixels: `x`, `y`, `depth` from the eye, and `scale`, the
// pixels of a length of 1 there. A point behind the eye has scale 0.
function projectPoints(camera, xyz, count, width, height, out) {
  const [rx, ry, rz, ux, uy, uz, ex, ey, ez] = cameraAxes(camera), [tx, ty, tz] = camera.target;
  const focal = (LENS * Math.min(width, height)) / 2, { distance, perspective } = camera;
  for (let i = 0, j = 0; i < count; i += 1, j += 3) {
    const a = xyz[j] - tx, b = xyz[j + 1] - ty, c = xyz[j + 2] - tz;
    const depth = distance - (ex * a + ey * b + ez * c), lens = distance + perspective * (depth - distance);
    const scale = lens > NEAREST / 3 ? focal / lens : 0;
    out.x[i] = width / 2 + (rx * a + ry * b + rz * c) * scale;
    out.y[i] = height / 2 - (ux * a + uy * b + uz * c) * scale;
    out.depth[i] = depth;
    out.scale[i] = scale;
  }
}

// Points from back to front, a counting sort: only those with `keep[i]` that are before the eye. Returns how many.
function sortByDepth(screen, keep, count, order) {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < count; i += 1) {
    if (screen.scale[i] === 0) continue;
    low = Math.min(low, screen.depth[i]);
    high = Math.max(high, screen.depth[i]);
  }
  const buckets = 2048, starts = new Uint32Array(buckets + 1), step = (buckets - 1) / Math.max(high - low, 1e-6);
  const bucket = (i) => buckets - 1 - Math.floor((screen.depth[i] - low) * step);
  let total = 0;
  for (let i = 0; i < count; i += 1) {
    if (!keep[i] || screen.scale[i] === 0) continue;
    starts[bucket(i) + 1] += 1;
    total += 1;
  }
  for (let b = 0; b < buckets; b += 1) starts[b + 1] += starts[b];
  for (let i = 0; i < count; i += 1) {
    if (keep[i] && screen.scale[i] !== 0) order[starts[bucket(i)]++] = i;
  }
  return total;
}
