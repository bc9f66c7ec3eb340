import { describe, expect, it } from "vitest";
import { accuracyStats, countIn, datasetNames, diagramStages, nameIn } from "./modelDescription";

describe("stagesOf", () => {
  it("follows a network of convolutions to its scores", () => {
    const network =
      "(Channel(), Conv2D(channels=1, filters=16, side=3, initializer=he), BatchNorm(channels=16, epsilon=1e-05), MaxPool2D(side=2), ReLU(), Flatten(), Dense(inputs=2704, outputs=11, bias=True, initializer=he))";
    expect(diagramStages(network)).toEqual([
      { name: "The picture", shape: { side: 28, count: 1 } },
      { name: "Convolution", shape: { side: 26, count: 16 } },
      { name: "Pooling", shape: { side: 13, count: 16 } },
      { name: "One row", shape: { row: 13 * 13 * 16 } },
      { name: "Scores", shape: { row: 11 } },
    ]);
  });
  it("knows frames of zeros", () => {
    const stages = diagramStages(
      "(ZeroPad2D(width=1), Conv2D(channels=1, filters=8, side=3), Flatten(), Dense(inputs=6272, outputs=10))",
    );
    expect(stages[1]?.shape).toEqual({ side: 28, count: 8 });
  });
  it.each([
    undefined,
    7,
    "",
    "something else",
    {},
    // A layer that leaves nothing of the picture, and ones beyond all bounds.
    "(Conv2D(filters=8, side=29), Flatten(), Dense(outputs=10))",
    "(Conv2D(filters=100000000000, side=3), Flatten(), Dense(outputs=10))",
    "(Dense(outputs=100000000000))",
    `(Dense(outputs=${"9".repeat(400)}))`,
    "(ZeroPad2D(width=1000000), Flatten(), Dense(outputs=10))",
    "Dense(outputs=10), ".repeat(100),
    "Dense(outputs=10), ".repeat(50_000),
    "a".repeat(1_000_000),
  ])("makes nothing of another text (case %#)", (network) => {
    expect(diagramStages(network)).toEqual([]);
  });
});

it("says whose digits they were", () => {
  const sources = datasetNames({ "train-images-idx3-ubyte": "ba89", "pendigits-orig.tra": "a662" });
  expect(sources).toHaveLength(2);
  expect(sources[0]).toContain("MNIST");
  expect(datasetNames(undefined)).toEqual([]);
});

it("shows shares of digits, and nothing else that was measured", () => {
  const figures = accuracyStats({ accuracy: 0.98218, loss: 0.13, validation_accuracy: 0.99478 });
  expect(figures.map(({ value }) => value)).toEqual(["99.48%", "98.22%"]);
});

it("shows no share that is none", () => {
  expect(accuracyStats({ accuracy: 1e300, test_accuracy: -1, validation_accuracy: "0.9" })).toEqual(
    [],
  );
});

it.each([
  [24, 24],
  [-1, undefined],
  [1e300, undefined],
  ["24", undefined],
  [null, undefined],
])("takes %j for the count %j", (value, count) => {
  expect(countIn(value)).toBe(count);
});

it("finds the name in a text", () => {
  expect(nameIn("AdamW(mean_decay=0.9)")).toBe("AdamW");
  expect(nameIn(null)).toBe("");
  expect(nameIn("A".repeat(1000))).toBe("");
});
