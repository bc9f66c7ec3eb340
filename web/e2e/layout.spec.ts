import { expect, handwritten, SCRIBBLE, test } from "./fixtures";

test("nothing moves, whatever is answered", async ({ sheet }) => {
  const places = () =>
    sheet.page.evaluate(() =>
      [
        ...document.querySelectorAll(
          ".bars li, .drawing-area, .controls, .sample-digits, .recent-drawings",
        ),
      ].map((element) => {
        const box = element.getBoundingClientRect();
        return [box.left + scrollX, box.top + scrollY, box.width].map(Math.round).join(" ");
      }),
    );
  await expect(sheet.confidenceLabel).toHaveText("No digit yet");
  // When it is known which networks there are.
  await expect(sheet.page.locator(".model-info")).toContainText("parameters");
  const empty = await places();
  await sheet.draw(handwritten(3));
  await sheet.reads(3);
  expect(await places()).toEqual(empty);
  await sheet.draw(SCRIBBLE);
  await expect(sheet.confidenceLabel).toHaveText("This does not look like a digit");
  expect(await places()).toEqual(empty);
});

test("the page stays where it is while something is drawn", async ({ sheet }) => {
  await sheet.board.scrollIntoViewIfNeeded();
  const before = await sheet.page.evaluate(() => scrollY);
  await sheet.draw(handwritten(1));
  await expect(sheet.ink).toHaveCount(1);
  expect(await sheet.page.evaluate(() => scrollY)).toBe(before);
});

for (const width of [320, 390, 820, 1280, 1920]) {
  test(`at ${width} px nothing is cut off at the side`, async ({ sheet }) => {
    await sheet.page.setViewportSize({ width, height: 800 });
    const wide = await sheet.page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide).toBeLessThanOrEqual(width);
  });
}
