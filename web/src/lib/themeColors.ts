/** The colors of the theme, for what is drawn on a canvas. */

/** The color that a custom property has at an element, in a form that a canvas understands. */
export function resolveColor(element: HTMLElement, property: string): string {
  element.style.setProperty("color", `var(${property})`);
  const { color } = getComputedStyle(element);
  element.style.removeProperty("color");
  return color;
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
