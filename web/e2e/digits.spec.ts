import { expect, handwritten, test } from "./fixtures";

for (let digit = 0; digit <= 9; digit++) {
  test(`reads a ${digit} that is drawn`, async ({ sheet, hand }) => {
    await sheet.draw(handwritten(digit));
    // A pen tells how hard it is pressed.
    await expect(sheet.ink.first()).toHaveAttribute(
      hand === "pen" ? "data-filled" : "stroke-width",
      hand === "pen" ? "true" : "16",
    );
    await sheet.reads(digit);
    await expect(sheet.page.getByTestId("seen")).toBeVisible();
    const sum = await sheet.page
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
