/** What the game says about an answer. */

import { digitName, formatPercent, withArticle } from "../format";
import { type Answer, isRight } from "./round";

/** What is shown: "Right" or "It took your 4 for a 9", and the probabilities. */
export function answerText(answer: Answer): readonly [heading: string, detail: string] {
  const { asked, digit, mostLikely, confidence, probability } = answer;
  const share = `${formatPercent(probability)} for ${asked}`;
  if (isRight(answer)) return ["Right", share];
  const other =
    mostLikely === asked ? share : `${formatPercent(confidence)} for ${mostLikely}, ${share}`;
  if (digit === null) return ["It did not take this for a digit", other];
  return [`It took your ${asked} for ${withArticle(String(digit))}`, other];
}

/** What screen readers read: "Right: seven." */
export function spokenAnswer(answer: Answer): string {
  const { asked, digit } = answer;
  if (isRight(answer)) return `Right: ${digitName(asked)}.`;
  if (digit === null) return `It did not take your ${digitName(asked)} for a digit.`;
  return `It took your ${digitName(asked)} for ${digit === 8 ? "an" : "a"} ${digitName(digit)}.`;
}
