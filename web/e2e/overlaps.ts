import type { Page } from "@playwright/test";

/** Lists the pairs of elements whose boxes overlap by more than a pixel. */
export function overlaps(page: Page, selector: string): Promise<string[]> {
  return page.evaluate((parts) => {
    const boxes = [...document.querySelectorAll(parts)].map((element) => ({
      name: element.className,
      box: element.getBoundingClientRect(),
    }));
    return boxes.flatMap((a, index) =>
      boxes
        .slice(index + 1)
        .filter(
          (b) =>
            Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left) > 1 &&
            Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top) > 1,
        )
        .map((b) => `${a.name} and ${b.name}`),
    );
  }, selector);
}
