import { describe, expect, it } from "vitest";
import { PREDICTION } from "../../../tests/fixtures";
import { answerText, spokenAnswer } from "./answerText";
import { formatScore, isBetter } from "./best";
import { seededRandom } from "./random";
import { answerOf, hardestFirst, newRound, scoreOf, withAnswer } from "./round";

/** A 7 with 93%, or a 1 with 5%. */
const answer = (asked: number, digit: number | null = 7, time_ms = 1500) =>
  answerOf(asked, { ...PREDICTION, digit }, "data:", time_ms);

describe("a round", () => {
  it("asks for each digit once, in the generator's order", () => {
    const { digits, answers } = newRound(seededRandom(1));
    expect(digits.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(answers).toEqual([]);
    expect(newRound(seededRandom(1)).digits).toEqual(digits);
    const random = seededRandom(1);
    newRound(random);
    expect(newRound(random).digits).not.toEqual(digits);
  });

  it("counts what was recognized, and adds up the times", () => {
    const round = [answer(7), answer(1), answer(7, null)].reduce(
      withAnswer,
      newRound(seededRandom(1)),
    );
    expect(scoreOf(round)).toEqual({ right: 1, time_ms: 4500 });
  });

  it("begins with the digit that has the lowest probability", () => {
    const round = [answer(7), answer(1), answer(3), answer(9)].reduce(
      withAnswer,
      newRound(seededRandom(1)),
    );
    expect(hardestFirst(round).map(({ asked }) => asked)).toEqual([3, 9, 1, 7]);
    expect(round.answers.map(({ asked }) => asked)).toEqual([7, 1, 3, 9]);
  });
});

describe("what is said about an answer", () => {
  it.each([
    [answer(7), "Right", "93.0% for 7", "Right: seven."],
    [
      answer(1),
      "It took your 1 for a 7",
      "93.0% for 7, 5.0% for 1",
      "It took your one for a seven.",
    ],
    [
      answer(1, null),
      "It did not take this for a digit",
      "93.0% for 7, 5.0% for 1",
      "It did not take your one for a digit.",
    ],
    [
      answer(7, null),
      "It did not take this for a digit",
      "93.0% for 7",
      "It did not take your seven for a digit.",
    ],
  ])("%#", (given, heading, detail, spoken) => {
    expect(answerText(given)).toEqual([heading, detail]);
    expect(spokenAnswer(given)).toBe(spoken);
  });

  it("has the right article for an eight", () => {
    expect(spokenAnswer(answer(1, 8))).toBe("It took your one for an eight.");
  });
});

describe("the best score", () => {
  const best = { right: 8, time_ms: 20_000 };
  it.each([
    [{ right: 9, time_ms: 60_000 }, true],
    [{ right: 8, time_ms: 19_999 }, true],
    [{ right: 8, time_ms: 20_000 }, false],
    [{ right: 7, time_ms: 1 }, false],
  ])("%j against 8 in 20 s: %s", (score, better) => {
    expect(isBetter(score, best)).toBe(better);
  });

  it("is the first one, whatever it is", () => {
    expect(isBetter({ right: 0, time_ms: 1 }, null)).toBe(true);
  });

  it("is shown with its time", () => {
    expect(formatScore({ right: 8, time_ms: 23_449 })).toBe("8 of 10 in 23.4 s");
  });
});
