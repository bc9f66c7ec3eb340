import { expect, handwritten, test } from "./bench";

for (let digit = 0; digit <= 9; digit++) {
  test(`reads a ${digit} that is drawn`, async ({ sheet }) => {
    await sheet.draw(handwritten(digit));
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
