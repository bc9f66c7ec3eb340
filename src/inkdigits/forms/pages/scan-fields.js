/** The fields as the file has them, and what is shown of them; nothing here touches the page. */

const MIN_SIDE = 6; // pixels of the scan
const MAX_DIGITS = 20;

/** A rectangle through two points, inside of the scan. */
export function rectangle(from, to, [width, height]) {
  const clamp = (value, most) => Math.round(Math.min(Math.max(value, 0), most));
  const [left, right] = [
    clamp(Math.min(from.x, to.x), width),
    clamp(Math.max(from.x, to.x), width),
  ];
  const [top, bottom] = [
    clamp(Math.min(from.y, to.y), height),
    clamp(Math.max(from.y, to.y), height),
  ];
  return [left, top, right - left, bottom - top];
}

export const isLargeEnough = ([, , width, height]) => width >= MIN_SIDE && height >= MIN_SIDE;

/** The same rectangle elsewhere, still inside of the scan. */
export function moved([left, top, width, height], dx, dy, [most, lowest]) {
  const within = (value, limit) => Math.round(Math.min(Math.max(value, 0), limit));
  return [within(left + dx, most - width), within(top + dy, lowest - height), width, height];
}

/** The rectangle with another lower right corner. */
export function resized([left, top, width, height], dx, dy, [most, lowest]) {
  const within = (value, limit) => Math.round(Math.min(Math.max(value, MIN_SIDE), limit));
  return [left, top, within(width + dx, most - left), within(height + dy, lowest - top)];
}

/** How many boxes a rectangle probably has: they are a little narrower than high. */
export const likelyLength = ([, , width, height]) =>
  Math.min(Math.max(Math.round(width / (0.85 * height)), 1), MAX_DIGITS);

/** A name that no field has yet. */
export function freeName(fields) {
  let number = fields.length + 1;
  while (fields.some((field) => field.name === `field${number}`)) number += 1;
  return `field${number}`;
}

const list = (text) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);

/** What was typed, as keys of the file; a number that is none is left for the server to refuse. */
export function described(typed) {
  const whole = (text) => (/^\d+$/.test(text.trim()) ? Number(text) : text.trim());
  const field = { name: typed.name, length: whole(typed.length), boxes: typed.boxes };
  if (typed.least.trim() || typed.most.trim())
    field.range = [whole(typed.least), whole(typed.most)];
  if (typed.pattern.trim()) field.pattern = typed.pattern.trim();
  if (typed.choices.trim()) field.choices = list(typed.choices);
  if (typed.checksum) field.checksum = typed.checksum;
  if (typed.sum.trim()) field.sum = list(typed.sum);
  return field;
}

/** The opposite: what is shown in the inputs. */
export const typedOf = (field) => ({
  name: field.name,
  length: String(field.length),
  boxes: field.boxes !== false,
  least: String(field.range?.[0] ?? ""),
  most: String(field.range?.[1] ?? ""),
  pattern: field.pattern ?? "",
  choices: (field.choices ?? []).join(", "),
  checksum: field.checksum ?? "",
  sum: (field.sum ?? []).join(", "),
});

/** Keys with a value: TOML knows no null. */
export const withoutNull = (field) =>
  Object.fromEntries(
    Object.entries(field).filter(
      ([key, value]) => value !== null && value !== "" && key !== "type",
    ),
  );
