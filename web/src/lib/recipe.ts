/** Reads what a model's file says of its network and training, as far as it is understood. */

export interface Link {
  readonly name: string;
  readonly detail: string;
}

type Numbers = Readonly<Record<string, string>>;

const LAYERS: Record<string, (of: Numbers) => Link | null> = {
  Channel: () => null,
  BatchNorm: () => null,
  Flatten: () => ({ name: "Laid out", detail: "as one row" }),
  Dropout: () => null,
  ReLU: () => ({ name: "Rectifier", detail: "below 0 becomes 0" }),
  Sigmoid: () => ({ name: "Sigmoid", detail: "squeezed to 0…1" }),
  ZeroPad2D: () => null,
  Conv2D: ({ channels, filters, side }) => ({
    name: "Convolution",
    detail: `${side} × ${side} windows, ${channels} → ${filters}`,
  }),
  MaxPool2D: ({ side }) => ({ name: "Pooling", detail: `largest of ${side} × ${side}` }),
  Dense: ({ inputs, outputs }) => ({ name: "Weighted sums", detail: `${inputs} → ${outputs}` }),
};

/** The links of a network's chain, from the text that the model's file has of it. */
export function chainOf(network: unknown): Link[] {
  if (typeof network !== "string") return [];
  return Array.from(network.matchAll(/(\w+)\(([^()]*)\)/g), ([, name = "", operands = ""]) => {
    const pairs = operands.split(",").map((operand) => operand.trim().split("="));
    return LAYERS[name]?.(Object.fromEntries(pairs)) ?? null;
  }).filter((link) => link !== null);
}

const FILES: readonly [start: string, what: string][] = [
  ["train-images", "MNIST, digits of Americans, by Y. LeCun, C. Cortes and C. J. C. Burges"],
  ["qmnist", "QMNIST, who wrote each of them, by C. Yadav and L. Bottou"],
  ["pendigits", "Digits that people of Turkey wrote on a tablet, by E. Alpaydin and F. Alimoglu"],
];

/** What a model learnt from. */
export function sourcesOf(data: unknown): string[] {
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

export interface Figure {
  readonly value: string;
  readonly what: string;
}

/** What was measured of a model when it was trained, as far as it is a share of digits. */
export function metricsOf(metrics: Readonly<Record<string, unknown>>): Figure[] {
  return METRICS.flatMap(([name, what]) => {
    const value = metrics[name];
    return typeof value === "number" ? [{ value: `${(100 * value).toFixed(2)}%`, what }] : [];
  });
}

/** The first word of such a text as "AdamW(mean_decay=0.9)". */
export function nameIn(text: unknown): string {
  return typeof text === "string" ? (/^\w+/.exec(text)?.[0] ?? "") : "";
}
