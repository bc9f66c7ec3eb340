import type { Page } from "@playwright/test";
import { type AppPage, expect, handwritten, SCRIBBLE, test } from "./fixtures";
import { overlaps } from "./overlaps";

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

/** Low screens: a laptop, a small one, and phones that are held sideways. */
const LOW_SCREENS = [
  { width: 1366, height: 650 },
  { width: 1024, height: 600 },
  { width: 740, height: 360 },
  { width: 667, height: 375 },
  { width: 568, height: 320 },
];

async function expectNoOverlaps(page: Page): Promise<void> {
  const parts =
    ".site-header, .input-sources, .drawing-area, .drawing-tools, .sample-digits, .result-answer, .result-seen, .result-text > *, .bars, .controls";
  expect(await overlaps(page, parts)).toEqual([]);
}

test("everything is visible on low screens, and nothing overlaps", async ({ app }) => {
  const { page } = app;
  for (const screen of LOW_SCREENS) {
    const { width } = screen;
    await page.setViewportSize(screen);
    const visible = [app.drawingArea, app.result, app.heading, page.locator(".bars li").first()];
    if (width > 600) visible.push(page.locator(".bars li").last(), app.button(/^Predict/));
    const boxes = async () => {
      for (const element of visible) await expect(element).toBeInViewport({ ratio: 0.99 });
      return positions(app);
    };
    await expect(app.heading).toHaveText("No digit yet");
    const empty = await boxes();
    await app.draw(handwritten(3));
    await app.expectDigit(3);
    expect(await page.evaluate(() => scrollY)).toBe(0);
    expect(await boxes(), `at ${width} px`).toEqual(empty);
    await app.draw(SCRIBBLE);
    await expect(app.heading).toHaveText("This does not look like a digit");
    expect(await boxes(), `at ${width} px`).toEqual(empty);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    await expectNoOverlaps(page);
    await app.button(/^Clear/).click();
  }
});

test("a failure does not move the layout on a phone that is held sideways", async ({
  app,
  consoleErrors,
}) => {
  await app.page.setViewportSize({ width: 740, height: 360 });
  const empty = await positions(app);
  await app.page.route("**/api/v1/predictions**", (route) => route.abort());
  await app.draw(handwritten(3));
  await expect(app.notice).toContainText("Can't reach the server.");
  expect(await positions(app)).toEqual(empty);
  await app.page.unroute("**/api/v1/predictions**");
  await app.expectDigit(3);
  consoleErrors.length = 0;
});

test("nothing is cut off at any width, in any view", async ({ app }) => {
  const { page } = app;
  for (const name of [
    "Draw",
    "Number",
    "Inside",
    "My handwriting",
    "Game",
    "Train",
    "How it works",
  ]) {
    if (name !== "Draw") await app.openView(name);
    for (const width of [320, 360, 390, 820, 1280, 1920]) {
      await page.setViewportSize({ width, height: 800 });
      const scrollWidth = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(scrollWidth, `of ${name} at ${width} px`).toBeLessThanOrEqual(width);
      expect(await overlaps(page, ".site-header > *, .view-title")).toEqual([]);
      // The link of the view is in sight, also where the navigation scrolls.
      const link = page.getByRole("navigation").getByRole("link", { name, exact: true });
      await expect(link).toBeInViewport({ ratio: 0.99 });
    }
  }
});
