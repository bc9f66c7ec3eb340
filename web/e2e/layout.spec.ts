import { expect, handwritten, SCRIBBLE, test } from "./fixtures";

test("no result moves the layout", async ({ app }) => {
  const positions = () =>
    app.page.evaluate(() =>
      [
        ...document.querySelectorAll(
          ".bars li, .drawing-area, .controls, .sample-digits, .recent-drawings",
        ),
      ].map((element) => {
        const box = element.getBoundingClientRect();
        return [box.left + scrollX, box.top + scrollY, box.width].map(Math.round).join(" ");
      }),
    );
  await expect(app.heading).toHaveText("No digit yet");
  // The list of models has arrived.
  await expect(app.page.locator(".model-info")).toContainText("parameters");
  const empty = await positions();
  await app.draw(handwritten(3));
  await app.expectDigit(3);
  expect(await positions()).toEqual(empty);
  await app.draw(SCRIBBLE);
  await expect(app.heading).toHaveText("This does not look like a digit");
  expect(await positions()).toEqual(empty);
});

test("drawing does not scroll the page", async ({ app }) => {
  await app.drawingArea.scrollIntoViewIfNeeded();
  const before = await app.page.evaluate(() => scrollY);
  await app.draw(handwritten(1));
  await expect(app.ink).toHaveCount(1);
  expect(await app.page.evaluate(() => scrollY)).toBe(before);
});

for (const width of [320, 390, 820, 1280, 1920]) {
  test(`nothing is cut off at ${width} px`, async ({ app }) => {
    await app.page.setViewportSize({ width, height: 800 });
    const scrollWidth = await app.page.evaluate(() => document.documentElement.scrollWidth);
    expect(scrollWidth).toBeLessThanOrEqual(width);
  });
}
