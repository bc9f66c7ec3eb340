import { type AppPage, expect, handwritten, SCRIBBLE, test } from "./fixtures";

/** Positions in the document of everything around the result, and widths. */
const positions = (app: AppPage) =>
  app.page.evaluate(() =>
    [
      ...document.querySelectorAll(
        ".bars li, .drawing-area, .controls > *, .sample-digits, .recent-drawings",
      ),
    ].map((element) => {
      const box = element.getBoundingClientRect();
      return [box.left + scrollX, box.top + scrollY, box.width].map(Math.round).join(" ");
    }),
  );

test.beforeEach(async ({ app }) => {
  await expect(app.heading).toHaveText("No digit yet");
  // Wait until the list of models has arrived.
  await expect(app.page.locator(".model-info")).toContainText("parameters");
});

test("a result does not move the layout", async ({ app }) => {
  const empty = await positions(app);
  await app.draw(handwritten(3));
  await app.expectDigit(3);
  expect(await positions(app)).toEqual(empty);
  await app.draw(SCRIBBLE);
  await expect(app.heading).toHaveText("This does not look like a digit");
  expect(await positions(app)).toEqual(empty);
});

test("a failure does not move the layout", async ({ app, consoleErrors }) => {
  const empty = await positions(app);
  await app.page.route("**/api/v1/predictions**", (route) => route.abort());
  await app.draw(handwritten(3));
  await expect(app.notice).toContainText("Can't reach the server.");
  expect(await positions(app)).toEqual(empty);
  await expect(app.button(/^Waiting/)).toBeVisible();
  expect(await positions(app)).toEqual(empty);
  // The browser reports each failed attempt.
  await app.page.unroute("**/api/v1/predictions**");
  await app.expectDigit(3);
  consoleErrors.length = 0;
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
