/** A round of the game: which digits are asked for, and what the network answers. */

import type { Prediction } from "../api/client";
import { type Random, shuffled } from "./random";

export const DIGITS_IN_ROUND = 10;

/** What the network made of one digit. */
export interface Answer {
  readonly asked: number;
  /** What it was recognized as; null if it was rejected. */
  readonly digit: number | null;
  /** The most likely digit, also if it was rejected. */
  readonly mostLikely: number;
  /** The probability of `mostLikely`. */
  readonly confidence: number;
  /** The probability of the digit that was asked for. */
  readonly probability: number;
  /** The network's input, 28 by 28 pixels, as a PNG data URL. */
  readonly seen: string | null;
  /** The drawing as it was sent, as a PNG data URL. */
  readonly image: string;
  /** From the question to the end of the last stroke. */
  readonly time_ms: number;
}

export interface Round {
  /** Each digit once. */
  readonly digits: readonly number[];
  /** As many as have been answered, in the same order. */
  readonly answers: readonly Answer[];
}

export interface Score {
  readonly right: number;
  readonly time_ms: number;
}

/** A round that asks for each digit once, in an order that the generator chooses. */
export function newRound(random: Random): Round {
  const digits = Array.from({ length: DIGITS_IN_ROUND }, (_, digit) => digit);
  return { digits: shuffled(digits, random), answers: [] };
}

/** What a prediction says about the digit that was asked for. */
export function answerOf(
  asked: number,
  { digit, probabilities, seen }: Pick<Prediction, "digit" | "probabilities" | "seen">,
  image: string,
  time_ms: number,
): Answer {
  const confidence = Math.max(...probabilities);
  return {
    asked,
    digit,
    mostLikely: probabilities.indexOf(confidence),
    confidence,
    probability: probabilities[asked] ?? 0,
    seen,
    image,
    time_ms,
  };
}

export function withAnswer(round: Round, answer: Answer): Round {
  return { ...round, answers: [...round.answers, answer] };
}

export function isRight({ asked, digit }: Pick<Answer, "asked" | "digit">): boolean {
  return digit === asked;
}

export function scoreOf({ answers }: Round): Score {
  return {
    right: answers.filter(isRight).length,
    time_ms: answers.reduce((sum, { time_ms }) => sum + time_ms, 0),
  };
}

/** The answers, beginning with the digit that the network gave the lowest probability. */
export function hardestFirst({ answers }: Round): Answer[] {
  return [...answers].sort((a, b) => a.probability - b.probability);
}
