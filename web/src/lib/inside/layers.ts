/** The layers of an explained network: which are shown, their units and what they were given. */

import type { ExplainedLayer, Explanation } from "../api/client";
import { GRID_SIZE } from "../grid";
import { windowSize } from "./formula";

/** One number of a layer's output, as the API and the page's address name it. */
export interface UnitPlace {
  readonly layer: number;
  /** [i], or [row, column, channel]. */
  readonly index: readonly number[];
}

/** A layer with weights and the layers after it that change its output: a column of the picture. */
export interface Stage {
  readonly layers: readonly ExplainedLayer[];
}

const NAMES: Readonly<Record<string, string>> = {
  Conv2D: "Convolution",
  MaxPool2D: "Max pooling",
  ReLU: "ReLU",
  Sigmoid: "Sigmoid",
  Dense: "Dense",
};

/** Layers that change the shape alone, or nothing at inference. */
const UNCHANGED = ["AddChannel", "Flatten", "Dropout"];
const PIXELS = GRID_SIZE * GRID_SIZE;
const MAX_INDEX = 2 ** 16;

export function layerName(type: string): string {
  return NAMES[type] ?? type;
}

/** Group the layers that are shown into stages, each of which begins with a layer with weights. */
export function stagesOf(layers: readonly ExplainedLayer[]): Stage[] {
  const stages: ExplainedLayer[][] = [];
  for (const layer of layers) {
    if (UNCHANGED.includes(layer.type)) continue;
    const begins = layer.type === "Conv2D" || layer.type === "Dense" || stages.length === 0;
    if (begins) stages.push([layer]);
    else stages.at(-1)?.push(layer);
  }
  return stages.map((layers) => ({ layers }));
}

/** The pixels that the network saw, from 0 to 1, if its first layer passes them on. */
export function inputOf(layers: readonly ExplainedLayer[] | null): readonly number[] | undefined {
  const first = layers?.[0];
  const passesOn = first && UNCHANGED.includes(first.type) && first.activation.length === PIXELS;
  return passesOn ? first.activation : undefined;
}

/** Number of feature maps, or of units of a vector. */
export function channelsOf(shape: readonly number[]): number {
  return shape.at(-1) ?? 0;
}

/** Height and width of a feature map; undefined for a vector. */
export function mapSize(shape: readonly number[]): readonly [number, number] | undefined {
  const [height, width] = shape;
  return shape.length === 3 && height && width ? [height, width] : undefined;
}

/** One channel of an array in C order, the channel changing fastest. */
export function channelOf(
  values: readonly number[],
  channels: number,
  channel: number,
): Float32Array {
  const map = new Float32Array(Math.floor(values.length / channels));
  for (let place = 0; place < map.length; place++) {
    map[place] = values[place * channels + channel] ?? 0;
  }
  return map;
}

/** Sum of each channel's contributions. */
export function contributionsOf(layer: ExplainedLayer): Float64Array | undefined {
  if (!layer.contribution) return undefined;
  const sums = new Float64Array(channelsOf(layer.shape));
  layer.contribution.forEach((value, place) => {
    const channel = place % sums.length;
    sums[channel] = (sums[channel] ?? 0) + value;
  });
  return sums;
}

/** The largest absolute value. */
export function largest(values: ArrayLike<number> | undefined): number {
  let max = 0;
  for (let place = 0; place < (values?.length ?? 0); place++) {
    max = Math.max(max, Math.abs(values?.[place] ?? 0));
  }
  return max;
}

/** The unit to open for a channel: of a feature map, the one with the largest value. */
export function strongestUnit(layer: ExplainedLayer, channel: number): UnitPlace {
  const size = mapSize(layer.shape);
  if (!size) return { layer: layer.index, index: [channel] };
  const map = channelOf(layer.activation, channelsOf(layer.shape), channel);
  let best = 0;
  map.forEach((value, place) => {
    if (value > (map[best] ?? 0)) best = place;
  });
  return { layer: layer.index, index: [Math.floor(best / size[1]), best % size[1], channel] };
}

/** Position of a unit among the values of its layer; undefined if it has no such unit. */
export function placeOf(
  shape: readonly number[],
  { index }: Pick<UnitPlace, "index">,
): number | undefined {
  if (shape.length !== index.length) return undefined;
  let place = 0;
  for (const [axis, size] of shape.entries()) {
    const at = index[axis] ?? -1;
    if (at < 0 || at >= size) return undefined;
    place = place * size + at;
  }
  return place;
}

export function sameUnit(a: UnitPlace | null, b: UnitPlace | null): boolean {
  return a?.layer === b?.layer && String(a?.index) === String(b?.index);
}

/** What a layer was given: the output of the layer before it, with the shape before any flattening. */
export function inputsOf(
  layers: readonly ExplainedLayer[],
  index: number,
): { readonly values: readonly number[]; readonly shape: readonly number[] } | undefined {
  const before = layers[index - 1];
  if (!before) return undefined;
  let origin = index - 1;
  while (layers[origin]?.type === "Flatten" || layers[origin]?.type === "Dropout") origin -= 1;
  const pixels = before.activation.length === PIXELS ? [GRID_SIZE, GRID_SIZE, 1] : before.shape;
  return { values: before.activation, shape: layers[origin]?.shape ?? pixels };
}

/** A unit as the page's address names it: "2.3.4.0" is row 3, column 4 of channel 0 of layer 2. */
export function formatUnit({ layer, index }: UnitPlace): string {
  return [layer, ...index].join(".");
}

export function parseUnit(text: string | null | undefined): UnitPlace | null {
  if (!text || !/^\d{1,5}(\.\d{1,5}){1,3}$/.test(text)) return null;
  const [layer = 0, ...index] = text.split(".").map(Number);
  return [layer, ...index].every((at) => at < MAX_INDEX) ? { layer, index } : null;
}

/** The layer of a unit, if the explained network has that unit. */
export function layerOf(
  explanation: Pick<Explanation, "layers"> | undefined,
  unit: UnitPlace | null,
): ExplainedLayer | undefined {
  if (!unit) return undefined;
  const layer = explanation?.layers?.[unit.layer];
  return layer && placeOf(layer.shape, unit) !== undefined ? layer : undefined;
}

/** The part of the 28 by 28 pixels on which a unit of a feature map depends. */
export function receptiveField(
  layers: readonly ExplainedLayer[],
  { layer, index }: UnitPlace,
): { row: number; column: number; height: number; width: number } | null {
  if (index.length !== 3 || !inputOf(layers)) return null;
  let [top = 0, left = 0] = index;
  let [bottom, right] = [top, left];
  for (let at = layer; at > 0; at--) {
    const [input, output] = [layers[at - 1]?.shape, layers[at]?.shape];
    if (!input || !output || input.length !== 3) return null;
    const { side, stride } = windowSize(layers[at]?.type ?? "", input, output);
    [top, left] = [top * stride, left * stride];
    [bottom, right] = [bottom * stride + side - 1, right * stride + side - 1];
  }
  return { row: top, column: left, height: bottom - top + 1, width: right - left + 1 };
}
