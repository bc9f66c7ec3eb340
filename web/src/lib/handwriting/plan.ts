/** Which digit the guided writing asks for: every digit once in a round. */

export const ROUNDS = 5;
export const DIGITS_PER_ROUND = 10;

/** Steps through the digits, which have no factor in common with ten: each round has another order. */
const STEPS = [1, 3, 7, 9, 3];

/** A place on the sheet. */
export interface Place {
  /** Counted from 0. */
  readonly round: number;
  readonly digit: number;
}

/** The digits of a round, in the order in which it asks for them. */
export function digitsOfRound(round: number): number[] {
  const step = STEPS[round % STEPS.length] ?? 1;
  return Array.from(
    { length: DIGITS_PER_ROUND },
    (_, index) => (index * step + round) % DIGITS_PER_ROUND,
  );
}

/** A name of a place, for a set of places. */
export function placeName({ round, digit }: Place): string {
  return `${round}.${digit}`;
}

/** The first place of the sheet that is empty; null if there is none.
 *
 * @param counts   how many of each digit there are, from 0 to 9
 * @param skipped  names of the places that were skipped
 */
export function nextPlace(
  counts: readonly number[],
  skipped: ReadonlySet<string>,
  rounds: number,
): Place | null {
  for (let round = 0; round < rounds; round += 1) {
    for (const digit of digitsOfRound(round)) {
      const place = { round, digit };
      if ((counts[digit] ?? 0) <= round && !skipped.has(placeName(place))) return place;
    }
  }
  return null;
}

/** How many digits a round still asks for. */
export function leftInRound(
  counts: readonly number[],
  skipped: ReadonlySet<string>,
  round: number,
): number {
  return digitsOfRound(round).filter(
    (digit) => (counts[digit] ?? 0) <= round && !skipped.has(placeName({ round, digit })),
  ).length;
}

/** How many rounds the sheet has: five, or one more than are complete after that. */
export function roundsFor(counts: readonly number[]): number {
  return Math.max(ROUNDS, Math.min(...counts) + (Math.min(...counts) < ROUNDS ? 0 : 1));
}

/** How many of each digit there are, from 0 to 9. */
export function countByDigit(labels: readonly number[]): number[] {
  const counts = Array.from({ length: DIGITS_PER_ROUND }, () => 0);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}
