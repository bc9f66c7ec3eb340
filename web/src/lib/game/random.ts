/** Random numbers from a seed, so that a round of the game can be repeated. */

/** Returns a number in [0, 1), another one with each call. */
export type Random = () => number;

/** A generator that returns the same numbers for the same seed.
 *
 * Source: mulberry32 by Tommy Ettinger, which is in the public domain.
 *
 * @param seed  an integer; its lowest 32 bits are used
 */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The items in a random order; all orders are equally likely (Fisher and Yates). */
export function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other] as Item, result[last] as Item];
  }
  return result;
}

/** The seed in an address, such as "7"; a random one if there is none, or none that is valid. */
export function seedOf(parameter: string | undefined): number {
  if (parameter !== undefined && /^\d{1,9}$/.test(parameter)) return Number(parameter);
  return Math.floor(Math.random() * 2 ** 32);
}
