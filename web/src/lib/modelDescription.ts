/** Reads what a model's file says of its network and training, as far as it is understood. */

/** What a network has made of the picture at one place of its chain. */
export interface Stage {
  readonly name: string;
  /** Side and number of square pictures, or how many numbers in a row. */
  readonly shape: { readonly side: number; readonly count: number } | { readonly row: number };
}

const PICTURE = 28;

/** What the page draws at most; a text or a network beyond it is not understood. */
const LONGEST_TEXT = 4000;
const MAX_STAGES = 32;
const MAX_SIDE = 256;
const MAX_COUNT = 1e9;

/** The stages of a network, from the text that the model's file has of it.
 *
 * Activations and whatever else changes no shape make no stage. Empty if the text is not understood.
 */
export function diagramStages(network: unknown): Stage[] {
  if (typeof network !== "string" || network.length > LONGEST_TEXT) return [];
  const stages: Stage[] = [{ name: "The picture", shape: { side: PICTURE, count: 1 } }];
  let shape: Stage["shape"] = { side: PICTURE, count: 1 };
  for (const [, name, operands = ""] of network.matchAll(/(\w+)\(([^()]*)\)/g)) {
    const of = Object.fromEntries(
      Array.from(operands.matchAll(/(\w+)=(\d+)/g), ([, key, value]) => [key, Number(value)]),
    ) as Record<string, number>;
    let called = "";
    if (name === "Conv2D" && "side" in shape && of.side && of.filters) {
      shape = { side: shape.side - of.side + 1, count: of.filters };
      called = "Convolution";
    } else if (name === "MaxPool2D" && "side" in shape && of.side) {
      shape = { side: Math.floor(shape.side / of.side), count: shape.count };
      called = "Pooling";
    } else if (name === "ZeroPad2D" && "side" in shape && of.width) {
      shape = { side: shape.side + 2 * of.width, count: shape.count };
    } else if (name === "Flatten" && "side" in shape) {
      shape = { row: shape.side ** 2 * shape.count };
      called = "One row";
    } else if (name === "Dense" && of.outputs) {
      shape = { row: of.outputs };
      called = "Weighted sums";
    }
    if (!isDrawable(shape) || stages.length > MAX_STAGES) return [];
    if (called) stages.push({ name: called, shape });
  }
  const last = stages.at(-1);
  if (!last || stages.length < 2) return [];
  return [...stages.slice(0, -1), { ...last, name: "Scores" }];
}

function isDrawable(shape: Stage["shape"]): boolean {
  if ("row" in shape) return shape.row <= MAX_COUNT;
  return shape.side >= 1 && shape.side <= MAX_SIDE && shape.count <= MAX_COUNT;
}

const FILES: readonly [start: string, what: string][] = [
  ["train-images", "MNIST, digits of Americans, by Y. LeCun, C. Cortes and C. J. C. Burges"],
  ["qmnist", "QMNIST, who wrote each of them, by C. Yadav and L. Bottou"],
  ["pendigits", "Digits that people of Turkey wrote on a tablet, by E. Alpaydin and F. Alimoglu"],
];

/** What a model learnt from. */
export function datasetNames(data: unknown): string[] {
  const names = data && typeof data === "object" ? Object.keys(data) : [];
  return FILES.filter(([start]) => names.some((name) => name.startsWith(start))).map(
    ([, what]) => what,
  );
}

const METRICS: readonly [name: string, what: string][] = [
  ["test_accuracy", "read right, of digits that chose nothing"],
  ["validation_accuracy", "read right, of digits of people it did not learn from"],
  ["accuracy", "read right, of the distorted digits it learnt from"],
];

export interface Stat {
  readonly value: string;
  readonly what: string;
}

/** What was measured of a model when it was trained, as far as it is a share of digits. */
export function accuracyStats(metrics: Readonly<Record<string, unknown>>): Stat[] {
  return METRICS.flatMap(([name, what]) => {
    const value = metrics[name];
    return typeof value === "number" && value >= 0 && value <= 1
      ? [{ value: `${(100 * value).toFixed(2)}%`, what }]
      : [];
  });
}

/** A count of things that the training recorded, if it is one. */
export function countIn(value: unknown): number | undefined {
  return typeof value === "number" && value >= 0 && value <= MAX_COUNT ? value : undefined;
}

/** The first word of such a text as "AdamW(mean_decay=0.9)"; "" if it is no name. */
export function nameIn(text: unknown): string {
  return typeof text === "string" ? (/^\w{1,40}\b/.exec(text)?.[0] ?? "") : "";
}
