import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { type DrawingPage, expect, SCRIBBLE, test } from "./fixtures";

async function check(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
}

const LOOKS: Record<string, Parameters<Page["emulateMedia"]>[0]> = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  "forced colours": { forcedColors: "active" },
  "reduced motion": { reducedMotion: "reduce" },
};

const STATES: Record<string, (sheet: DrawingPage) => Promise<unknown>> = {
  "no digit yet": async () => undefined,
  "a digit, and a recent drawing": async (sheet) => {
    await sheet.button(/^Sample 3$/).click();
    await expect(sheet.button(/^Open the drawing/)).toBeVisible();
  },
  "no digit": async (sheet) => {
    await sheet.draw(SCRIBBLE);
    await expect(sheet.confidenceLabel).toContainText("not look like");
  },
  pixels: (sheet) => sheet.page.getByRole("radio", { name: "Pixels" }).check({ force: true }),
  "the keyboard's list": async (sheet) => {
    await sheet.button(/^Keyboard/).click();
    await expect(sheet.page.getByRole("dialog")).toBeVisible();
  },
  failure: async (sheet) => {
    await sheet.page.route("**/api/v1/predictions**", (route) =>
      route.fulfill({ status: 413, contentType: "application/problem+json", body: "{}" }),
    );
    await sheet.button(/^Sample 3$/).click();
    await expect(sheet.notice).toBeVisible();
  },
};

for (const [look, media] of Object.entries(LOOKS)) {
  test(`no violation in ${look}`, async ({ sheet, consoleErrors }) => {
    test.slow();
    await sheet.page.emulateMedia(media);
    for (const [state, reach] of Object.entries(STATES)) {
      await test.step(state, async () => {
        await sheet.page.evaluate(() => {
          localStorage.clear();
          sessionStorage.clear();
        });
        await sheet.page.goto(sheet.page.url().replace(/#.*/, ""));
        await reach(sheet);
        // Colours are measured when they have come to rest.
        await sheet.page.waitForTimeout(350);
        await check(sheet.page);
      });
    }
    consoleErrors.length = 0;
  });
}

test("no violation at 320 px, which is 400% zoom of 1280", async ({ sheet }) => {
  await sheet.page.setViewportSize({ width: 320, height: 256 });
  await sheet.button(/^Sample 3$/).click();
  await sheet.reads(3);
  await check(sheet.page);
});

test("right to left, all is mirrored and nothing cut off", async ({ sheet }) => {
  await sheet.page.evaluate(() => {
    document.documentElement.dir = "rtl";
  });
  await sheet.button(/^Sample 3$/).click();
  await sheet.reads(3);
  const board = await sheet.board.boundingBox();
  const answer = await sheet.answer.boundingBox();
  expect(answer?.x).toBeLessThan(board?.x ?? 0);
  const wide = await sheet.page.evaluate(() => document.documentElement.scrollWidth);
  expect(wide).toBeLessThanOrEqual(1280);
  await check(sheet.page);
});

test("announces the answer, politely and once", async ({ sheet }) => {
  const announcer = sheet.page.getByTestId("announcer");
  await expect(announcer).toHaveAttribute("aria-live", "polite");
  await sheet.button(/^Sample 3$/).click();
  await expect(announcer).toHaveText(/^It reads three\. Almost certain, /);
});
