import { expect, it } from "vitest";
import { MODEL } from "../../tests/fixtures";
import { unitIn } from "./useInside";

it("has a unit only if the model has it", () => {
  const model = {
    ...MODEL,
    layers: [{ type: "Dense", input_shape: [784], output_shape: [128], parameters: 1 }],
  } as unknown as typeof MODEL;
  const unit = { layer: 0, index: [127] };
  expect(unitIn(model, unit)).toBe(unit);
  expect(unitIn(model, { layer: 0, index: [128] })).toBeNull();
  expect(unitIn(model, { layer: 0, index: [3, 4, 5] })).toBeNull();
  expect(unitIn(model, { layer: 1, index: [0] })).toBeNull();
  expect(unitIn(model, null)).toBeNull();
  expect(unitIn(undefined, unit)).toBeNull();
});
