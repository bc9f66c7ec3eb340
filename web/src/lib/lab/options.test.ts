import { describe, expect, it } from "vitest";
import { NO_OPTIONS, refusalOf, toBody } from "./options";

const typed = { ...NO_OPTIONS, recipe: "mlp", data: "mnist" };

describe("the options of a run", () => {
  it("leave to the recipe what is empty", () => {
    expect(toBody(typed, false)).toEqual({ recipe: "mlp", data: "mnist" });
  });
  it("are numbers, names and sizes", () => {
    const body = toBody(
      {
        ...typed,
        hidden: "128, 64",
        learning_rate: " 0,01 ",
        share: "20",
        augment: "mild",
        paused: true,
        name: " a ",
      },
      false,
    );
    expect(body).toMatchObject({
      hidden: [128, 64],
      learning_rate: 0.01,
      share: 0.2,
      augment: "mild",
      paused: true,
      name: "a",
    });
  });
  it("keep what is not a number, so that the API says so", () => {
    const body = toBody({ ...typed, hidden: "128 x", epochs: "many", share: "all" }, false);
    expect(body).toMatchObject({ hidden: [128, "x"], epochs: "many", share: "all" });
  });
  it("have no layers for a recipe with convolutions", () => {
    expect(toBody({ ...typed, hidden: "128" }, true)).not.toHaveProperty("hidden");
  });
  it("have the field that the API names, if it is one of the form", () => {
    expect(refusalOf("No.", "learning_rate").field).toBe("learning_rate");
    expect(refusalOf("No.", "colour").field).toBeNull();
    expect(refusalOf("No.", undefined).field).toBeNull();
  });
});
