/** The colors of the theme, for what is drawn on a canvas. */

export type Rgb = readonly [red: number, green: number, blue: number];

/** The color that a custom property has at an element, in a form that a canvas understands.
 *
 * Browsers resolve variables and light-dark() only in a property that is a color.
 */
export function resolveColor(element: HTMLElement, property: string): string {
  element.style.setProperty("color", `var(${property})`);
  const { color } = getComputedStyle(element);
  element.style.removeProperty("color");
  return color;
}

/** Parse a computed color: rgb(...) or color(srgb ...). */
export function parseColor(text: string): Rgb {
  const numbers = text.match(/-?\d*\.?\d+(e-?\d+)?/g)?.map(Number) ?? [];
  const factor = text.startsWith("color(") ? 255 : 1;
  const [red = 0, green = 0, blue = 0] = numbers.map((value) => value * factor);
  return [red, green, blue];
}

/** Call a function when the colors change; returns a function that stops that. */
export function onThemeChange(onChange: () => void): () => void {
  const queries = ["(prefers-color-scheme: dark)", "(forced-colors: active)"].map((query) =>
    window.matchMedia(query),
  );
  for (const query of queries) query.addEventListener("change", onChange);
  const observer = new MutationObserver(onChange);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return () => {
    for (const query of queries) query.removeEventListener("change", onChange);
    observer.disconnect();
  };
}
