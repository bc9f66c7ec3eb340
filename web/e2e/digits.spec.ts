import { expect, handwritten, test } from "./fixtures";

// Several digits in one page: loading it takes longer than drawing. A mouse draws all of them; fingers
// and pens differ in how they draw, not in what.
for (const [digits, tag] of [
  [[0, 1, 2, 3, 4], []],
  [[5, 6, 7, 8, 9], ["@desktop"]],
] as const) {
  test(`recognizes ${digits.join(", ")}`, { tag: [...tag] }, async ({ app, pointer }) => {
    test.slow();
    for (const digit of digits) {
      await app.draw(handwritten(digit));
      // Only a pen reports its pressure.
      await expect(app.ink.first()).toHaveAttribute(
        pointer === "pen" ? "data-filled" : "stroke-width",
        pointer === "pen" ? "true" : "16",
      );
      await app.expectDigit(digit);
      await expect(app.page.getByTestId("seen")).toBeVisible();
      const sum = await app.page
        .locator(".bar-fill")
        .evaluateAll((bars) =>
          bars.reduce(
            (sum, bar) =>
              sum + Number(/scaleX\((.*)\)/.exec((bar as HTMLElement).style.transform)?.[1]),
            0,
          ),
        );
      expect(sum).toBeCloseTo(1, 2);
      await app.button(/^Clear/).click();
      await expect(app.ink).toHaveCount(0);
      await app.expectDigit("none");
    }
  });
}
