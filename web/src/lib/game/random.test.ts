import { describe, expect, it } from "vitest";
import { seededRandom, seedOf, shuffled } from "./random";

describe("seededRandom", () => {
  it("repeats its numbers for the same seed, and has others for another", () => {
    const numbers = (seed: number) => Array.from({ length: 5 }, seededRandom(seed));
    expect(numbers(7)).toEqual(numbers(7));
    expect(numbers(7)).not.toEqual(numbers(8));
  });

  it("is spread evenly over [0, 1)", () => {
    const random = seededRandom(1);
    const tenths = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 10_000; draw++) {
      const tenth = Math.floor(random() * 10);
      tenths[tenth] = (tenths[tenth] ?? Number.NaN) + 1;
    }
    expect(tenths).toHaveLength(10);
    for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });
});

describe("shuffled", () => {
  it("has each item once and leaves its argument as it is", () => {
    const items = [0, 1, 2, 3, 4];
    const result = shuffled(items, seededRandom(3));
    expect(result.toSorted()).toEqual(items);
    expect(result).not.toEqual(items);
    expect(items).toEqual([0, 1, 2, 3, 4]);
  });

  it("puts each item in each place about equally often", () => {
    const random = seededRandom(5);
    const firsts = new Map<string, number>();
    for (let round = 0; round < 6000; round++) {
      const order = shuffled(["a", "b", "c"], random).join("");
      firsts.set(order, (firsts.get(order) ?? 0) + 1);
    }
    expect(firsts.size).toBe(6);
    for (const count of firsts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });
});

describe("seedOf", () => {
  it("takes the number in the address", () => {
    expect(seedOf("7")).toBe(7);
  });

  it.each([undefined, "", "-1", "1e5", "seven", "9".repeat(20)])("ignores %j", (parameter) => {
    const seeds = new Set(Array.from({ length: 4 }, () => seedOf(parameter)));
    expect(seeds.size).toBe(4);
  });
});
