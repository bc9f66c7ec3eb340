import type { Page } from "@playwright/test";
import { PREDICTION } from "../tests/fixtures";
import { type AppPage, expect, handwritten, test } from "./fixtures";

const CLOTHES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt"];
const LETTERS = Array.from({ length: 26 }, (_, index) => String.fromCharCode(65 + index));
const MARKUP = ["<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "'\"&amp;"];
const LONG = Array.from({ length: 1000 }, (_, index) => `${index}${"W".repeat(60)}`.slice(0, 64));
const RIGHT_TO_LEFT = ["\u05d0\u05dc\u05e3", "\u05d1\u05d9\u05ea", "\u202eabc"];

/** A whole PNG image of 28 by 28 pixels, all black. */
const SEEN_IMAGE =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAABwAAAAcCAAAAABXZoBIAAAAEElEQVR42mNgGAWjYBQQAwADLAAB1wvpfAAAAABJRU5ErkJggg==";

/** As if the service had a model of these classes, which predicts one of them for any drawing. */
async function serveClasses(page: Page, classes: readonly string[], best: number, rejects = false) {
  const digest = "c".repeat(64);
  const names = rejects ? [...classes, "non-digit"] : classes;
  await page.route("**/api/v1/models", async (route) => {
    const { models } = await (await route.fetch()).json();
    const model = { ...models[0], name: "other", digest };
    await route.fulfill({
      json: {
        default: "other",
        models: [{ ...model, class_names: names, rejects_non_digits: rejects }],
      },
    });
  });
  const rest = 0.2 / (classes.length - 1);
  await page.route("**/api/v1/predictions**", (route) =>
    route.fulfill({
      json: {
        ...PREDICTION,
        seen: SEEN_IMAGE,
        digit: null,
        label: rejects ? null : classes[best],
        reason: rejects ? "not_a_digit" : null,
        confidence: 0.8,
        probabilities: classes.map((_, index) => (index === best ? 0.8 : rest)),
        model: { name: "other", digest },
      },
    }),
  );
  await page.reload();
  await expect(page.locator(".model-info")).toContainText("other");
}

const label = (app: AppPage) => app.page.getByTestId("result-label");
const barNames = (app: AppPage) => app.page.locator(".bars bdi").allTextContents();

test("shows the answer, the bars and the recent drawing by the names of the classes", async ({
  app,
}) => {
  await serveClasses(app.page, CLOTHES, 4);
  await expect(app.heading).toHaveText("Nothing drawn yet");
  await expect(app.button(/^Sample/)).toHaveCount(0);
  await app.draw(handwritten(3));
  await expect(label(app)).toHaveText("Coat");
  await expect(app.page.getByText("80.0% for Coat")).toBeVisible();
  expect(await barNames(app)).toEqual(CLOTHES);
  await expect(app.page.getByTestId("announcer")).toHaveText("Answer: Coat. Likely, 80.0%.");
  await expect(app.button(/^Open drawing: Coat, 80.0%$/)).toBeVisible();
});

test("shows the ten most likely of 26 classes", async ({ app }) => {
  await serveClasses(app.page, LETTERS, 16);
  await app.draw(handwritten(3));
  await expect(label(app)).toHaveText("Q");
  expect((await barNames(app)).join("")).toBe("QABCDEFGHI");
  await expect(app.page.getByText("The 10 most likely of 26 classes")).toBeVisible();
});

test("says that a drawing is of none of the classes", async ({ app }) => {
  await serveClasses(app.page, CLOTHES, 4, true);
  await app.draw(handwritten(3));
  await expect(app.heading).toHaveText("This looks like none of the classes");
  await expect(app.page.getByText("If it is one, most likely Coat.")).toBeVisible();
  expect(await barNames(app)).toEqual(CLOTHES);
});

test("shows markup in the names of classes as text", async ({ app }) => {
  await serveClasses(app.page, MARKUP, 0);
  await app.draw(handwritten(3));
  await expect(label(app)).toHaveText(MARKUP[0] as string);
  expect(await barNames(app)).toEqual(MARKUP);
  await expect(app.button(/^Open drawing: <img src=x/)).toBeVisible();
  await expect(app.page.locator("img[src=x], main script")).toHaveCount(0);
});

const SCREENS = [
  [1366, 650],
  [740, 360],
  [390, 844],
  [320, 568],
] as const;
for (const [what, classes, best] of [
  ["1000 long names", LONG, 500],
  ["names of both directions", RIGHT_TO_LEFT, 2],
] as const) {
  test(`${what} fit into every screen`, async ({ app }) => {
    const { page } = app;
    await serveClasses(page, classes, best);
    const positions = () =>
      page
        .locator(".bars li, .controls > *, .recent-drawings")
        .evaluateAll((elements) =>
          elements.map((element) => Math.round(element.getBoundingClientRect().top + scrollY)),
        );
    for (const [width, height] of SCREENS) {
      await page.setViewportSize({ width, height });
      await expect(app.heading).toHaveText("Nothing drawn yet");
      const before = await positions();
      await app.draw(handwritten(3));
      await expect(label(app)).toHaveText(classes[best] as string);
      expect(await positions(), `at ${width} x ${height}`).toEqual(before);
      await expect(app.button(/^Open drawing/).first()).toBeVisible();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      const [frame, text] = await Promise.all([
        page.locator(".result-answer .result-frame").boundingBox(),
        label(app).boundingBox(),
      ]);
      expect(text?.height).toBeLessThanOrEqual(frame?.height ?? 0);
      expect(text?.width).toBeLessThanOrEqual(frame?.width ?? 0);
      await app.button(/^Clear/).click();
    }
  });
}
