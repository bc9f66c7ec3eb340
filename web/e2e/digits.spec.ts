import { expect, handwritten, test } from "./fixtures";

for (let digit = 0; digit <= 9; digit++) {
  test(`recognizes a ${digit}`, async ({ app, pointer }) => {
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
  });
}
