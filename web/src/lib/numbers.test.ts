import { describe, expect, it } from "vitest";
import { NUMBER } from "../../tests/fixtures";
import { type Edits, NO_EDITS } from "./numberEdits";
import {
  chooseText,
  correctDigit,
  leastSure,
  onSheet,
  shownNumber,
  spreadLabels,
  uncorrectDigit,
  withSeparators,
} from "./numbers";

const ANSWER = onSheet(NUMBER, null);
const shown = (edits: Edits = NO_EDITS) => shownNumber(ANSWER, edits);

describe("a correction", () => {
  const edits = correctDigit(shown(), NO_EDITS, 1, 6);

  it("replaces a digit of the text and is marked", () => {
    expect(shown(edits)).toMatchObject({ text: "361", recognized: "351", edited: true });
    expect(shown(edits).digits.map(({ yours }) => yours)).toEqual([false, true, false]);
    expect(withSeparators(shown(edits), ANSWER.separators)).toBe("3.61");
  });
  it("is taken back, or by correcting to what was recognized", () => {
    expect(uncorrectDigit(shown(edits), edits, 1)).toEqual(NO_EDITS);
    expect(correctDigit(shown(edits), edits, 1, 5)).toEqual(NO_EDITS);
  });
  it("is replaced by a later one of the same digit", () => {
    const again = correctDigit(shown(edits), edits, 1, 8);
    expect(shown(again).text).toBe("381");
    expect(again.corrections).toHaveLength(1);
  });
  it("stays with its digit while more is written before and after it", () => {
    const [three, five, one] = ANSWER.digits as [never, never, never];
    const eight = { ...(one as object), box: [5, 60, 80, 160], digit: 8 } as never;
    // A box changes slightly from answer to answer.
    const moved = { ...(five as object), box: [302, 58, 79, 164] } as never;
    const longer = { ...ANSWER, digits: [eight, three, moved, one, one] };
    expect(shownNumber(longer, edits).text).toBe("83611");
  });
});

describe("a chosen text", () => {
  it("of the same length is a correction of each digit that differs", () => {
    const edits = chooseText(ANSWER, NO_EDITS, "361");
    expect(edits.choice).toBeNull();
    expect(shown(edits)).toMatchObject({ text: "361", located: true });
    expect(chooseText(ANSWER, edits, "351")).toEqual(NO_EDITS);
  });
  it("of another length replaces the text, without boxes, and can be corrected", () => {
    const edits = chooseText(ANSWER, NO_EDITS, "3511");
    expect(shown(edits)).toMatchObject({ text: "3511", located: false, edited: true });
    expect(withSeparators(shown(edits), ANSWER.separators)).toBe("3511");
    const corrected = correctDigit(shown(edits), edits, 3, 7);
    expect(shown(corrected).text).toBe("3517");
    expect(uncorrectDigit(shown(corrected), corrected, 0)).toEqual(NO_EDITS);
    expect(chooseText(ANSWER, corrected, "351")).toEqual(NO_EDITS);
  });
  it("applies only to the text that was recognized", () => {
    const edits = chooseText(ANSWER, NO_EDITS, "35");
    const other = { ...ANSWER, digits: ANSWER.digits.slice(0, 1) };
    expect(shownNumber(other, edits)).toMatchObject({ text: "3", edited: false });
  });
});

it("writes separators before, between and after the digits", () => {
  const separators = (["$", ",", "-"] as const).map((symbol, index) => ({
    symbol,
    box: [0, 0, 1, 1],
    position: [0, 2, 3][index] as number,
  }));
  expect(withSeparators(shown(), separators)).toBe("$35,1-");
});

it("finds the digit that is the least sure, but not a corrected one", () => {
  expect(leastSure(shown().digits)).toBe(1);
  expect(leastSure(shown(correctDigit(shown(), NO_EDITS, 1, 6)).digits)).toBe(2);
  expect(leastSure([])).toBeNull();
});

describe("boxes on the sheet", () => {
  const image = (size?: readonly [number, number]) => ({
    name: "",
    url: "",
    transparent: false,
    size,
  });
  it("lie where the image is shown: as large as fits, in the middle", () => {
    // 504 by 504 pixels are shown as 252 by 252 units.
    const { digits, located } = onSheet(NUMBER, image([504, 504]));
    expect(located).toBe(true);
    expect(digits[0]?.box).toEqual([364 + 50, 30, 40, 80]);
    // 1960 by 100 pixels are shown as 980 by 50 units.
    expect(onSheet(NUMBER, image([1960, 100])).digits[0]?.box).toEqual([50, 101 + 30, 40, 80]);
  });
  it.each([
    ["the size of the image", onSheet(NUMBER, image())],
    [
      "a box",
      onSheet({ ...NUMBER, digits: NUMBER.digits.map((one) => ({ ...one, box: null })) }, null),
    ],
  ])("divide the sheet if %s is unknown", (_, { digits, located }) => {
    expect(located).toBe(false);
    expect(digits.map(({ box }) => Math.round(box[0]))).toEqual([0, 327, 653]);
  });
});

describe("spreadLabels", () => {
  it.each([
    [[], 0.1, []],
    [[0.5], 0.1, [0.5]],
    [[0.2, 0.5], 0.1, [0.2, 0.5]],
    [[0.5, 0.52], 0.1, [0.46, 0.56]],
    [[0.5, 0.5, 0.5], 0.1, [0.4, 0.5, 0.6]],
    [[0, 0.01], 0.1, [0.05, 0.15]],
    [[0.99, 1], 0.1, [0.85, 0.95]],
    // Overlapping boxes, whose centers may be in another order.
    [[0.5, 0.4], 0.1, [0.4, 0.5]],
  ])("places labels below %j, at least %f apart", (centers, gap, places) => {
    const spread = spreadLabels(centers, gap);
    expect(spread).toHaveLength(places.length);
    for (const [index, place] of places.entries()) expect(spread[index]).toBeCloseTo(place, 9);
  });
});
