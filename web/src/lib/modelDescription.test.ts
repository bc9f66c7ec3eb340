import { describe, expect, it } from "vitest";
import { MODEL } from "../../tests/fixtures";
import {
  accuracyStats,
  datasetDescriptions,
  diagramStages,
  sizeStats,
  trainingStats,
} from "./modelDescription";

const layer = (type: string, output_shape: number[]) => ({
  ...{ type, output_shape, parameters: 0, options: {} },
});

describe("diagramStages", () => {
  it("shows a convolutional network from its input to its logits", () => {
    expect(diagramStages(MODEL)).toEqual([
      { label: "Input", shape: { height: 28, width: 28, channels: 1 } },
      { label: "Convolution", shape: { height: 26, width: 26, channels: 20 } },
      { label: "Max pooling", shape: { height: 13, width: 13, channels: 20 } },
      { label: "Flatten", shape: { length: 3380 } },
      { label: "Dense", shape: { length: 64 } },
      { label: "Logits", shape: { length: 11 } },
    ]);
  });

  it("leaves out unknown layers", () => {
    const layers = [layer("toString", [28, 28]), layer("LSTM", [5]), layer("Dense", [10])];
    const stages = diagramStages({ input_shape: [28, 28], layers });
    expect(stages.map(({ label }) => label)).toEqual(["Input", "Logits"]);
  });

  it.each([
    ["no layers", []],
    ["a layer with an empty output", [layer("Conv2D", [0, 0, 8]), layer("Dense", [10])]],
    ["very many channels", [layer("Conv2D", [26, 26, 1e11]), layer("Dense", [10])]],
    ["very many outputs", [layer("Dense", [1e11])]],
    ["very large feature maps", [layer("Conv2D", [2e6, 2e6, 8]), layer("Dense", [10])]],
    ["a layer without a shape", [layer("Dense", [])]],
    ["a shape of four dimensions", [layer("Conv2D", [2, 2, 2, 2]), layer("Dense", [10])]],
    ["100 layers", Array(100).fill(layer("Dense", [10]))],
  ])("is empty for a network with %s", (_, layers) => {
    expect(diagramStages({ input_shape: [28, 28], layers })).toEqual([]);
  });
});

describe("datasetDescriptions", () => {
  it("names the data sets of the training files", () => {
    const data = { "train-images-idx3-ubyte": "ba89", "pendigits-orig.tra": "a662" };
    const descriptions = datasetDescriptions({ data });
    expect(descriptions).toHaveLength(2);
    expect(descriptions[0]).toContain("MNIST");
  });
  it.each([{}, { data: null }, { data: "mnist" }, { data: ["train-images"] }])(
    "is empty for %j",
    (training) => {
      expect(datasetDescriptions(training)).toEqual([]);
    },
  );
});

it("formats the size", () => {
  expect(sizeStats(MODEL).map(({ value }) => value)).toEqual(["217,299", "869 kB"]);
});

describe("trainingStats", () => {
  const stats = (recipe: unknown) =>
    trainingStats({ recipe }).map(({ label, value }) => [label, value]);

  it("shows epochs, batch size and optimizer", () => {
    expect(stats(MODEL.training.recipe)).toEqual([
      ["epochs", "24"],
      ["batch size", "128"],
      ["optimizer", "AdamW"],
    ]);
  });
  it.each([undefined, null, 7, "Recipe()", [], {}])("is empty for the recipe %j", (recipe) => {
    expect(stats(recipe)).toEqual([]);
  });
  it.each([-1, 0.5, 1e300, "24", null])("leaves out %j epochs", (epochs) => {
    expect(stats({ epochs, batch_size: 64 })).toEqual([["batch size", "64"]]);
  });
  it.each([null, "AdamW", {}, { type: 7 }, { type: "A".repeat(1000) }])(
    "leaves out the optimizer %j",
    (optimizer) => {
      expect(stats({ epochs: 3, optimizer })).toEqual([["epochs", "3"]]);
    },
  );
});

describe("accuracyStats", () => {
  it("shows accuracies, and no other metric", () => {
    const stats = accuracyStats({ accuracy: 0.98218, loss: 0.13, validation_accuracy: 0.99478 });
    expect(stats.map(({ value }) => value)).toEqual(["99.48%", "98.22%"]);
  });
  it("leaves out malformed ones", () => {
    expect(
      accuracyStats({ accuracy: 1e300, test_accuracy: -1, validation_accuracy: "0.9" }),
    ).toEqual([]);
  });
});
