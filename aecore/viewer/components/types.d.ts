// What Python gives the components, and what their scripts share. For `tsc` alone: nothing here reaches a browser.

import type { Bytes, ImageShape, Network, NetworkPart, Numbers } from "../js/types.js";

/** What Streamlit calls a component with, at every change of data or theme. */
export interface ComponentArguments<D> {
  data: D;
  parentElement: HTMLElement | ShadowRoot;
  key: string;
  name: string;
  setStateValue(name: string, value: unknown): void;
  setTriggerValue(name: string, value: unknown): void;
}
/** What stays on the mounted element between those calls. */
export interface Mounted<D> {
  update(data: D): unknown;
  destroy(): void;
}

// ---- assets (`aecore/viewer/networks.py`) -------------------------------------------------

export interface Assets {
  put(name: string, parts: unknown): void;
  has(name: string): boolean;
  /** Whether something on the page waits for what a carrier brings. */
  waits(): boolean;
  get(name: string): Promise<any>;
  /** Keep it, once it is here, until the returned function is called; a carrier that holds it twice holds it once. */
  hold(name: string, carrier: object): () => void;
}
// ---- the address (`address/`) ----------------------------------------------------------------------

/** What a component has in the address: parameters by name. */
export interface Claim {
  /** What they are about: a chart of another run has others. */
  identity: string;
  texts: Record<string, string>;
  /** Whether the component is on the page. */
  live: boolean;
  /** Whether they belong to an entry of the history that Streamlit has not added yet. */
  fresh: boolean;
  /** How many entries Streamlit had added to the history when they were written. */
  pushes: number;
}
export interface Address {
  /** The group's parameters in the address. */
  read(group: string): Record<string, string>;
  /**
   * Begin to write a group. `same`: it is written for the same thing already; `address`: nothing on this page has
   * written it, so what the address has counts, as after a link; `other`: what the address has is about another thing.
   */
  claim(group: string, identity: string): "same" | "address" | "other";
  write(group: string, texts: Record<string, string>): void;
  /** The component is gone. */
  release(group: string): void;
  /** What was kept under that group during that visit of the page; undefined if nothing was. */
  recall(group: string, visit: number): string | null | undefined;
  /** Write a single parameter and keep it for `recall`. */
  keep(group: string, visit: number, text: string | null): void;
  /** Call `back` after Back and Forward; returns a function that ends it. */
  onBack(back: () => void): () => void;
  /** All parameters of this page, from Python. */
  know(settings: Record<string, string>): void;
  whole(): Record<string, string>;
  /** Write at once what waits. */
  flush(): void;
}

/** Names of assets; null for what there is not. */
export interface Shipped {
  encoder: string | null;
  decoder: string | null;
  reader: string | null;
  codes: string | null;
}
/** Codes float32 or, where `half`, float16 (N, size), with the numbers of their test images and their labels. */
export interface CodesAsset {
  codes: Bytes;
  size: number;
  half?: boolean;
  indices: Bytes;
  labels: Uint8Array;
}
export type NetworkAsset = NetworkPart;

/** Real codes to measure distances to. */
export interface RealCodes {
  nearest(code: Numbers): { row: number; distance: number };
  /** Which test image is nearest and how far away, in words. */
  describe(code: Numbers, classes: string[]): string;
  usual(): number;
}

// ---- interpolator ------------------------------------------------------------------------------------

/** What is added to a code: `vector`, base64 of float32 (n,), once for every unit, up to `reach` to either side. */
export interface DirectionData {
  vector: string;
  reach: number;
  /** Written after an amount: a degree sign, or nothing where 1 is the whole way between two mean codes. */
  unit: string;
  /** What is measured in decoded images. */
  quantity: "slant" | "thickness" | null;
  /** The classes between which it leads, which a classifier reads in decoded images. */
  read: [number, number] | null;
  /** Codes on which the check is done, base64 of float32 (S, n), and what they are of. */
  sample: string;
  /** Of the sample's images. */
  labels: number[];
  sampled: string;
}
/** `ends`: one image with a direction, two images, or four, as base64 of float32 (H, W, C). */
export interface InterpolationData extends Shipped {
  ends: string;
  /** Of the ends, -1 for none: what conditional models are told. */
  labels: number[];
  names: string[];
  classes: string[];
  shape: ImageShape;
  path: PathKind;
  shares: number[];
  plane: boolean;
  side: number;
  direction: DirectionData | null;
  place: number[] | null;
  visit: number;
}
export type PathKind = "line" | "arc";
/** What was found at a sample of the way; `digit` is null without a classifier. */
export interface Sample {
  distance: number;
  digit: number | null;
}
/** What the interpolator shows. */
export interface Interpolation {
  data: InterpolationData;
  encode: Network;
  decode: Network;
  read: Network | null;
  real: RealCodes | null;
  /** One with a direction, those of the way (two or more), or the four corners. */
  images: Float32Array[];
  codes: Float32Array[];
  /** Of the place that was decoded last. */
  code: Float32Array;
  mixed: Float32Array;
  vector: Float32Array | null;
  /** The usual distance between real codes, once it is known. */
  usual?: number;
}

// ---- generator ---------------------------------------------------------------------------------------

/** A unit of the code over all real codes: `dead` never moves, `inactive` hardly. */
export interface Unit {
  index: number;
  low: number;
  high: number;
  spread: number;
  dead: boolean;
  inactive: boolean;
  histogram: number[];
}
/** A quantised code: its map, and all vectors as base64 of float32, each as long as the map has channels. */
export interface Places {
  map: ImageShape;
  vectors: string;
}
/** The filters of a linear decoder in the order in which they are shown: units, the lines beside each, and the weights
 * as base64 of int8, (units, height, width, channels), 127 for all of the scale. */
export interface Filters {
  order: number[];
  captions: string[][];
  shades: string;
}
export interface GenerateData extends Shipped {
  /** Whether the network is told classes: then that of the image, and that of which to decode; -1 for none. */
  told: boolean;
  label: number;
  asked: number;
  places: Places | null;
  filters: Filters | null;
  image: string;
  units: Unit[];
  view: "units" | "random" | "traversal" | "filters" | "draw";
  shape: ImageShape;
  classes: string[];
  map: ImageShape | null;
  random: string;
  vector: number[] | null;
  inks: number[][];
  visit: number;
}

// ---- replayer (`aecore/viewer/reel.py`) -------------------------------------------------------------

export interface LossCurve {
  epochs: number[];
  values: number[];
}
/** Tiles lie in reading order in the picture `atlas`, `per_line` a line: clean, noisy, then epochs. */
export interface ReelData {
  id: string;
  title: string;
  stamp: string;
  atlas: string;
  per_line: number;
  width: number;
  height: number;
  count: number;
  noisy: boolean;
  epochs: number[];
  names: string[];
  /** What a classifier reads in each reconstruction, where that is not its label. */
  digits: (number | null)[][] | null;
  /** Digits read right and digits read, of each epoch. */
  digits_read: [number, number][] | null;
  train: LossCurve;
  test: LossCurve;
}
export interface ReplayData {
  runs: ReelData[];
  shared: boolean;
  one_noise: boolean;
  start: number | null;
  difference: boolean;
  visit: number;
}
/** A row of pictures of the sheet. */
export interface Lane {
  kind: "clean" | "noisy" | "output" | "difference";
  run: number;
  text: string;
  brief: string;
  letter: string;
}
/** The unpacked picture of a run. */
export interface Reel {
  stamp: string;
  draw(canvas: HTMLCanvasElement, kind: Lane["kind"], row: number, image: number): void;
  meanSquaredError(row: number, image: number): number;
}
/** From epochs to the share of the width, 0 to 1. */
export interface EpochAxis {
  first: number;
  last: number;
  /** Of every stop. */
  shares: number[];
  toShare(epoch: number): number;
  nearestStop(share: number): number;
  /** Round epochs whose numbers fit below `width` pixels, none beginning before `from`. */
  ticks(width: number, toPixel: (epoch: number) => number, from: number): number[];
}
export interface CurveLine extends LossCurve {
  color: string;
  dashed: boolean;
}
/** A measured loss; `earlier` where none was measured at the epoch that is shown. */
export interface LossPoint {
  epoch: number;
  value: number;
  earlier: boolean;
}

// ---- a page without a server (`aecore/viewer/page.py`, `views.py`) -------------------------------------

/** A component, the name of its data, and those of the assets that the data name. */
export interface PageView {
  kind: "loss" | "replay" | "denoise" | "interpolate" | "generate" | "latent";
  data: string;
  assets: string[];
}
export interface PageContent {
  views: PageView[];
  /** Of the scripts with data and assets that are not in the page. */
  folder: string;
}
/** Shows a component with its data and what the address has; returns what is called when the theme changes. */
export type ViewMaker = (root: ShadowRoot, data: any, given: URLSearchParams) => () => void;
/** Images to choose from: base64 of bytes (N, H, W, C). */
export interface Choices {
  images: string;
  names: string[];
  labels: number[];
  shape: ImageShape;
}
export interface LossData {
  train: LossCurve;
  test: LossCurve;
}

// ---- restorer ----------------------------------------------------------------------------------------

export type LossKind = "gaussian" | "speckle" | "masking" | "salt-pepper" | "square" | "rows";
export interface RestorerKind {
  kind: LossKind;
  title: string;
  name: string;
  low: number;
  high: number;
  step: number;
  usual: number;
}
/** PSNR in dB over the whole test set, null where it is infinite or was not measured. `beside`: on how many images total
 * variation was measured. */
export interface Strengths {
  images: number;
  beside: number | null;
  points: { level: number; model: number | null; input: number | null; tv: number | null }[];
}
/** `images`: base64 of bytes (N, H, W, C). `place`: a kind, a strength and which draw, with colons between. */
export interface RestorerData extends Shipped {
  images: string;
  numbers: number[];
  names: string[];
  labels: number[];
  shape: ImageShape;
  kinds: RestorerKind[];
  first: LossKind;
  trained: { kind: LossKind; level: number } | null;
  trained_words: string;
  span: number;
  clamp: boolean;
  may_win: boolean;
  strengths: Strengths | null;
  error_scale: number;
  note: string;
  place: string | null;
  visit: number;
}
