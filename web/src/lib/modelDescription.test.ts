import { describe, expect, it } from "vitest";
import { MODEL } from "../../tests/fixtures";
import {
  accuracyStats,
  datasetDescriptions,
  diagramStages,
  handwritingRows,
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
  it("names UNIPEN and Semeion", () => {
    const data = { "semeion.data": "8e0c", train_r01_v07: "9e91" };
    const [unipen, semeion, ...others] = datasetDescriptions({ data });
    expect(unipen).toContain("International Unipen Foundation");
    expect(semeion).toContain("Semeion Research Center");
    expect(others).toEqual([]);
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

describe("handwritingRows", () => {
  const turkey = { writers: 10, digits: 2498, answered: 0.99239, worst_writer: 0.972 };
  const germany = { writers: 1, answered: 1, worst_writer: null };

  it("shows people of other sources first, and MNIST last", () => {
    const development = {
      "MNIST validation": { writers: 53, answered: 0.9928, worst_writer: 0.875 },
      "UNIPEN gmd": germany,
      "Pendigits writers 21 to 30": turkey,
      "a source that the page does not know": turkey,
    };
    expect(handwritingRows({ development })).toEqual([
      { who: "10 people in Turkey (Pendigits)", answered: "99.24%", worstWriter: "97.20%" },
      { who: "1 person in Germany (UNIPEN)", answered: "100.00%", worstWriter: "" },
      { who: "53 people in the USA (MNIST)", answered: "99.28%", worstWriter: "87.50%" },
    ]);
  });
  it.each([
    {},
    { answered: 99 },
    { answered: "0.99" },
    { worst_writer: -1 },
    { writers: 0.5 },
    { writers: null },
  ])("leaves out a source with %j", (wrong) => {
    const broken = Object.keys(wrong).length ? { ...turkey, ...wrong } : wrong;
    const development = { "Pendigits writers 21 to 30": broken, "UNIPEN gmd": germany };
    expect(handwritingRows({ development })).toHaveLength(1);
  });
  it.each([undefined, null, 7, "development", []])("is empty for %j", (development) => {
    expect(handwritingRows({ development })).toEqual([]);
  });
});
