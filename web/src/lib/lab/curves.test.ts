import { describe, expect, it } from "vitest";
import { halve, joinCurves, NO_CURVE, summarizeCurve } from "./curves";
import { differingSettings, formatSetting, settingLabel } from "./settings";

describe("curves", () => {
  it("keeps the last point when it thins", () => {
    expect(halve([1, 2, 3, 4, 5])).toEqual([1, 3, 5]);
    expect(halve([1, 2, 3, 4])).toEqual([2, 4]);
  });
  it("joins curves that were measured at different steps", () => {
    const joined = joinCurves([
      { x: [1, 3], y: [0.5, 0.25] },
      { x: [2, 3], y: [1, null] },
      NO_CURVE,
    ]);
    expect(joined).toEqual([
      [1, 2, 3],
      [0.5, null, 0.25],
      [null, 1, null],
      [null, null, null],
    ]);
  });
  it("says where a curve begins, ends, and is best", () => {
    const summary = summarizeCurve({ x: [1, 2, 3], y: [2, 0.5, null] });
    expect(summary).toEqual({ first: 2, last: 0.5, least: 0.5, greatest: 2 });
    expect(summarizeCurve(NO_CURVE)).toBeNull();
  });
});

describe("settings", () => {
  it("lists those that differ, also where a run does not have one", () => {
    const rows = differingSettings([
      { recipe: "mlp", seed: 1, learning_rate: 0.1 },
      { recipe: "mlp", seed: 2, dropout: 0.2, learning_rate: 0.1 },
    ]);
    expect(rows).toEqual([
      { name: "seed", values: ["1", "2"] },
      { name: "dropout", values: ["–", "0.2"] },
    ]);
    expect(differingSettings([{ seed: 1 }, { seed: 1 }])).toEqual([]);
  });
  it("writes them for people", () => {
    expect([true, null, "ink", 0.1 + 0.2].map(formatSetting)).toEqual(["yes", "–", "ink", "0.3"]);
    expect(settingLabel("optimizer.weight_decay")).toBe("Optimizer weight decay");
  });
});
