import { describe, expect, it } from "vitest";
import {
  countByDigit,
  digitsOfRound,
  leftInRound,
  nextPlace,
  placeName,
  ROUNDS,
  roundsFor,
} from "./plan";

const NONE = new Set<string>();
const counts = (count: number) => Array.from({ length: 10 }, () => count);

describe("the rounds", () => {
  it("ask for each digit once, in different orders", () => {
    const rounds = Array.from({ length: ROUNDS }, (_, round) => digitsOfRound(round));
    for (const digits of rounds) expect([...digits].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(new Set(rounds.map(String)).size).toBe(ROUNDS);
  });

  it("are five, and one more than are complete after that", () => {
    expect([0, 4, 5, 7].map((count) => roundsFor(counts(count)))).toEqual([5, 5, 6, 8]);
    expect(roundsFor([9, ...counts(0).slice(1)])).toBe(5);
  });
});

describe("nextPlace", () => {
  it("is the first empty place", () => {
    expect(nextPlace(counts(0), NONE, 5)).toEqual({ round: 0, digit: 0 });
    expect(nextPlace(countByDigit([0, 1, 1]), NONE, 5)).toEqual({ round: 0, digit: 2 });
    expect(nextPlace(counts(1), NONE, 5)).toEqual({ round: 1, digit: digitsOfRound(1)[0] });
    // A digit that was deleted is asked for again.
    expect(nextPlace([2, 2, 2, 0, 2, 2, 2, 2, 2, 2], NONE, 5)).toEqual({ round: 0, digit: 3 });
  });
  it("passes over what was skipped, and ends with the last round", () => {
    const skipped = new Set([placeName({ round: 0, digit: 0 })]);
    expect(nextPlace(counts(0), skipped, 5)).toEqual({ round: 0, digit: 1 });
    expect(nextPlace(counts(5), NONE, 5)).toBeNull();
    expect(leftInRound(countByDigit([4]), skipped, 0)).toBe(8);
  });
});
