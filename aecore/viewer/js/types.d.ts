// The shapes that travel from Python to the browser, and what the scripts of the clouds hand to each other.
// For `tsc` alone: nothing here reaches a browser.

// ---- networks, as `aecore.models.browser_export` writes them -----------------------------------

export type Numbers = ArrayLike<number> & Iterable<number>;
/** Channels, height, width. */
export type ImageShape = [number, number, number];
/** Height, width, channels: maps lie channels last. */
export type MapShape = [number, number, number];
/** `leaky-relu` may have a slope, as in `leaky-relu:0.2`. */
export type Activation =
  | "none" | "relu" | "leaky-relu" | `leaky-relu:${number}` | "relu6" | "selu" | "elu" | "gelu" | "silu" | "mish"
  | "softplus" | "tanh" | "sigmoid" | "erf" | "exp";

export interface Linear {
  kind: "linear";
  inputs: number;
  outputs: number;
  at: number;
  bias: number;
  activation: Activation;
}
export interface Convolution<K extends "conv" | "transposed"> {
  kind: K;
  from: MapShape;
  to: MapShape;
  kernel: number;
  stride: number;
  padding: number;
  at: number;
  bias: number;
  activation: Activation;
}
export type Op =
  | Linear
  | Convolution<"conv">
  | Convolution<"transposed">
  | { kind: "pool"; from: MapShape; to: MapShape; size?: number; mean?: boolean; stride?: number; padding?: number }
  | { kind: "repeat"; from: MapShape; to: MapShape; size: number }
  | { kind: "frame"; from: MapShape; to: MapShape; by: number; value: number }
  | { kind: "activate"; activation: Activation }
  | { kind: "scale"; at: number; shift: number; channels: number }
  | { kind: "resize"; from: MapShape; to: MapShape }
  | { kind: "hwc"; shape: ImageShape }
  | { kind: "chw"; shape: ImageShape }
  | { kind: "affine"; scale: number; shift: number }
  | { kind: "add"; earlier: number }
  | { kind: "subtract"; earlier: number; scaled: boolean }
  | { kind: "join"; earlier: number; channels: number; others: number }
  | { kind: "enlarge"; from: MapShape; to: MapShape }
  | { kind: "noise"; channels: number; width: number; high: number }
  | { kind: "classes"; count: number; places: number; channels: number }
  | { kind: "levels"; levels: number[] }
  | { kind: "nearest"; at: number; count: number; channels: number }
  | { kind: "largest"; count: number }
  | { kind: "brightest" }
  | { kind: "recall"; earlier: number; length: number }
  | { kind: "multiply"; earlier: number }
  | { kind: "clip"; low: number; high: number }
  | { kind: "slopes"; at: number; channels: number }
  | { kind: "crop"; from: MapShape; to: MapShape; at: MapShape }
  | { kind: "standardise"; parts: number; epsilon: number }
  | { kind: "shuffle"; from: MapShape; to: MapShape; size: number; outer: boolean };
export type OpOf<K extends Op["kind"]> = Extract<Op, { kind: K }>;

/** The result is the network's own buffer, written over by the next call. */
export type Network = (input: Numbers, label?: number, level?: number | null) => Float32Array;

// ---- payloads, as `aecore.viewer.point_cloud` makes them ----------------------------------------

/** Bytes as they arrive: at any offset of their buffer. */
export type Bytes = Uint8Array | ArrayBuffer;

/** `coordinates` of the points at several times follow one another. */
export interface PointsPart {
  coordinates: Bytes;
  low?: number[];
  step?: number[];
  indices: Bytes;
  labels: Bytes;
}
export interface CodesPart {
  width: number;
  half: boolean;
  indices: Bytes;
  errors: Bytes;
  codes?: Bytes;
}
export interface AtlasPart {
  image: Bytes;
  mime: string;
  indices: Bytes;
  across: number;
  width: number;
  height: number;
  channels: number;
}
export interface NetworkPart {
  header: { ops: Op[]; image_shape: ImageShape; code_size: number };
  weights: Bytes;
}
export interface DecoderPart extends NetworkPart {
  before?: { ops: Op[] };
  before_weights?: Bytes;
}
export interface Parts {
  points: PointsPart;
  codes?: CodesPart;
  atlas?: AtlasPart;
  decoder?: DecoderPart;
}

/** A figure beside the cloud, `value` from 0 to 1. */
export interface QualityFigure {
  name: string;
  value: number;
  text: string;
  hint: string;
}
export type Dims = 2 | 3;

/** An image that is none of the points, at its own place. */
export interface ExtraData {
  stamp: string;
  image: { data: string; width: number; height: number; channels: number };
  place: number[];
  code: number[] | null;
  /** Its class, -1 where that is not known. */
  label: number;
  title: string;
  note: string;
}
/** One cloud: `points`, `codes`, `atlas` and `decoder` name payloads. */
export interface View {
  id: string;
  title: string;
  dims: Dims;
  method: string;
  axes: string[] | null;
  quality?: QualityFigure[];
  note?: string;
  /** What its images are called: test image, or training image. */
  noun?: string;
  points: string;
  codes?: string | null;
  atlas?: string | null;
  decoder?: string | null;
  live?: string;
  moving?: boolean;
  extra?: ExtraData;
}
/** What a component or a page of its own shows. */
export interface CloudData {
  key?: string;
  views: View[];
  classes: string[];
  images?: string;
  address?: boolean;
  group?: string | null;
  start?: Record<string, string>;
  height?: number;
  file?: string;
  /** Whether two selections make a direction, which the host can follow. */
  directs?: boolean;
}
/** A frame of points on the move; without coordinates only how far the work is. */
export interface Frame {
  text: string;
  share: number;
  coordinates?: Bytes;
  low?: number[];
  step?: number[];
}

// ---- inside the clouds ---------------------------------------------------------------------------

export type Rgb = number[];
export type Place = [number, number];
export interface Theme {
  dark: boolean;
  ground: Rgb;
  text: Rgb;
  accent: Rgb;
  classes: Rgb[];
  ramps: { error: string[]; unit: string[]; ground: string };
}
export interface Camera {
  yaw: number;
  pitch: number;
  distance: number;
  target: number[];
  /** 0: parallel rays, 1: perspective. */
  perspective: number;
}
export interface Tween {
  from: Camera;
  to: Camera;
  now: Camera;
  duration: number;
  since?: number;
}
/** Where points stand on the screen, in pixels; a point behind the eye has scale 0. */
export interface Screen {
  x: Float32Array | number[];
  y: Float32Array | number[];
  depth: Float32Array | number[];
  scale: Float32Array | number[];
}
export interface Codes {
  width: number;
  values: Float32Array;
}
export interface CloudCodes extends Codes {
  indices: Int32Array;
  errors: Float32Array;
  rowOf: Map<number, number>;
  of(row: number): Float32Array;
}
export interface Atlas {
  bitmap: ImageBitmap;
  across: number;
  width: number;
  height: number;
  channels: number;
  rowOf: Map<number, number>;
  draw(canvas: HTMLCanvasElement, tile: number): void;
}
/** Draws onto a canvas what a code is decoded to (`from`) or, where codes are not kept, an image sent through the
 * whole network (`again`). */
export interface Decoder {
  from?(code: Numbers, canvas: HTMLCanvasElement, label: number): void;
  again?(canvas: HTMLCanvasElement, label: number): boolean;
}
export interface Points {
  count: number;
  indices: Int32Array;
  labels: Uint8Array;
  rowOf: Map<number, number>;
  xyz: Float32Array;
  place(values: ArrayLike<number>): number[];
  /** From a place in the drawing's frame to the projection's own values. */
  valuesOf(seen: ArrayLike<number>): number[];
  /** The places at every time, one after the other, of points that move; `xyz` is where they are now. */
  track: Float32Array | null;
  codes: CloudCodes | null;
  atlas: Atlas | null;
  decoder: Decoder | null;
  /** Of every point its row of `codes`, -1 for none. */
  codeRow: Int32Array | null;
  /** Of every point its tile of `atlas`, -1 for none. */
  tile: Int32Array | null;
  /** Rows of the drawing by rows of `codes`, made when they are first asked for. */
  drawnCodes?: Map<number, number>;
}
export interface Colored {
  kind: "label" | "error" | "unit";
  colors: Uint8Array;
  unit?: number | null;
  low?: number;
  high?: number;
  ramp?: Rgb[];
  values?: Float32Array;
}
export interface Painter {
  kind: "webgl2" | "canvas";
  /** The largest radius that it can draw, in pixels of the screen. */
  largest: number;
  list(many: number): { floats: Float32Array; bytes: Uint8Array };
  draw(many: number, width: number, height: number, density: number, theme: Theme): void;
  setAtlas(atlas: Atlas | null): void;
  hasAtlas(): boolean;
  destroy(): void;
}
export interface Extra {
  xyz: number[];
  canvas: HTMLCanvasElement;
  copy(): HTMLCanvasElement;
  code: Float32Array | null;
  label: number;
  title: string;
  note: string;
}
export interface Stage {
  box: HTMLElement;
  /** Null, as `points`, until something is shown. */
  view: View;
  points: Points;
  key?: string;
  width: number;
  height: number;
  density: number;
  colored: Colored;
  extra?: Extra | null;
  near?: { code: Numbers | null; points: Points; rows: number[] };
  stopHearing?: (() => void) | null;
  /** Of points with a track; until it is known, the last. */
  time?: number;
  show(view: View, points: Points, duration?: number): void;
  travel(time: number): void;
  recolor(): void;
  invalidate(): void;
  pick(x: number, y: number, reach?: number): number;
  inside(polygon: Place[]): number[];
  snapshot(): HTMLCanvasElement;
  destroy(): void;
  rowOf(index: number): number;
  screenOf(row: number): { x: number; y: number; radius: number; shown: boolean };
  placeOf(row: number): number[];
  drawPath(path: Place[] | null): void;
}
export interface Panel {
  card(stage: Stage, row: number, place?: Place): void;
  shown(stage: Stage): void;
  nameOf(label: number): string;
  title(points: Points, row: number): string;
  tint(node: HTMLElement, label: number): void;
}
/** What stands below the clouds: `update` with what is shown, `mark` what is pointed at and pinned. */
export interface Linked {
  update(): void;
  mark(): void;
}
/** Gives the parts of a payload by name, and is called with what the person has pinned. */
export interface Host {
  asset(name: string): Promise<any>;
  onChange?(place: { pinned: number | null }): void;
  /** From one selection of points to another, both as `packPoints` writes them. */
  onDirection?(start: string, end: string): void;
}
export interface CloudState {
  /** `label`, `error`, or `unit0`, `unit1` … */
  color: string;
  /** Chosen last. */
  unit: number;
  /** Classes. */
  hidden: Set<number>;
  /** The class that the others fade behind. */
  only: number | null;
  /** Numbers in the test set. */
  hovered: number | null;
  pinned: number | null;
  selected: Set<number> | null;
  /** The selection that was kept as the start of a direction. */
  start: Set<number> | null;
  tool: "move" | "box" | "lasso";
  spin: boolean;
  /** The image that is none of the points is shown beside the cloud. */
  extraOpen: boolean;
}
/** The owner of one or several stages; each of the files `cloud.js`, `steering.js`, `pointing.js`, `tools.js` and
 * `memory.js` adds its methods. */
export interface Cloud {
  state: CloudState;
  host: Host;
  stages: Stage[];
  active?: Stage;
  data: CloudData;
  theme: Theme;
  cameras: Record<Dims, Camera>;
  tweens: Record<Dims, Tween | null>;
  panel: Panel;
  linked: Linked;
  legend: { update(stages: Stage[]): void };
  share(act: (other: Cloud) => void): void;
  refresh(): void;
  redraw(): void;
  update(data: CloudData): Promise<void>;
  destroy(): void;
  // steering.js
  cameraOf(stage: Stage): Camera;
  advance(stage: Stage, passed: number, now: number): boolean;
  moveCamera(stage: Stage, move: (camera: Camera) => void): void;
  throwCamera(stage: Stage, velocity: Place): void;
  tweenTo(dims: Dims, to: Camera, duration?: number, from?: Camera): void;
  flyTo(stage: Stage, row: number, nearer?: number): void;
  followCamera(dims: Dims, camera: Camera): void;
  reset(): void;
  stopSpin(): void;
  toggleSpin(): void;
  // pointing.js
  hover(stage: Stage, row: number, place?: Place): void;
  point(index: number | null, shared?: boolean): void;
  click(stage: Stage, row: number): void;
  pin(index: number | null, stage?: Stage, shared?: boolean): void;
  goTo(stage: Stage, index: number): void;
  step(stage: Stage, way: number): void;
  toNeighbour(stage: Stage): void;
  select(stage: Stage, indices: number[]): void;
  keepStart(indices: Set<number>): void;
  escape(): void;
  forget(): void;
  closeExtra(): void;
  neighboursIn(stage: Stage): number[];
  centreIn(stage: Stage, at: (place: number[]) => Place): Place | null;
  toggleClass(label: number): void;
  onlyClass(label: number | null, always?: boolean): void;
  emphasise(label: number | null): void;
  findClass(label: number): void;
  colorBy(mode: string): void;
  // tools.js
  choose(tool: CloudState["tool"]): void;
  tools(): void;
  hint(stage: Stage, text: string): void;
  // memory.js
  remember(soon?: number): void;
  stopRemembering(): void;
  recall(text: string | URLSearchParams): void;
  arrive(): void;
}
