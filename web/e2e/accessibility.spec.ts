import { fileURLToPath } from "node:url";
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { type AppPage, expect, handwritten, SCRIBBLE, test } from "./fixtures";

const golden = (digit: number) =>
  fileURLToPath(new URL(`../../tests/golden/${digit}.png`, import.meta.url));

async function expectNoViolations(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
}

/** Wait until colors are those that stay. */
async function finishTransitions(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const ends = ({ effect }: Animation) =>
      Number.isFinite(effect?.getComputedTiming().endTime ?? 0);
    const running = document.getAnimations().filter(ends);
    await Promise.allSettled(running.map((animation) => animation.finished));
  });
}

const THEMES: Record<string, NonNullable<Parameters<Page["emulateMedia"]>[0]>> = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  "forced colors": { forcedColors: "active" },
};

// Forced colors replace the page's own, so that only some states differ.
const FORCED_STATES = new Set(["a digit and a recent drawing", "the other views"]);
const STATES: Record<string, (app: AppPage) => Promise<unknown>> = {
  "no digit yet": async () => undefined,
  "a digit and a recent drawing": async (app) => {
    await app.button(/^Sample 3$/).click();
    await expect(app.button(/^Open drawing/)).toBeVisible();
  },
  "not a digit": async (app) => {
    await app.draw(SCRIBBLE);
    await expect(app.heading).toContainText("not look like");
  },
  "an answer of an earlier version, and an image": async (app) => {
    await app.page.getByRole("switch", { name: "Predict while I draw" }).click();
    await app.page.locator("input[type=file]").setInputFiles(golden(3));
    // Until the image has been decoded, there is still what was drawn before the page was left.
    await expect(app.page.getByText("Drawing replaces the image.")).toBeVisible();
    await app.button(/^Predict/).click();
    await app.expectDigit(3);
    await expectNoViolations(app.page);
    await app.button(/^Clear/).click();
    await app.draw(handwritten(1));
    await app.button(/^Predict/).click();
    await app.expectDigit(1);
    await app.draw(handwritten(7));
    await expect(app.heading).toHaveText("Your drawing has changed");
  },
  pixels: (app) => app.page.getByRole("radio", { name: "Pixels" }).check({ force: true }),
  "the other views": async (app) => {
    for (const name of ["Inside", "My handwriting", "Game", "Train", "How it works"]) {
      await app.openView(name);
      await finishTransitions(app.page);
      await expectNoViolations(app.page);
    }
    // With the message of a link that is refused.
    await app.page.evaluate(() => {
      location.hash = "#/?drawing=damaged";
    });
    await expect(app.page.getByTestId("link-message")).toBeVisible();
  },
  "keyboard shortcuts": async (app) => {
    await app.button(/^Keyboard/).click();
    await expect(app.page.getByRole("dialog")).toBeVisible();
  },
  "a failure": async (app) => {
    await app.page.route("**/api/v1/predictions**", (route) =>
      route.fulfill({ status: 413, contentType: "application/problem+json", body: "{}" }),
    );
    await app.button(/^Sample 3$/).click();
    await expect(app.notice).toBeVisible();
  },
};

for (const [theme, media] of Object.entries(THEMES)) {
  test(`no violations: ${theme}`, async ({ app, consoleErrors }) => {
    test.slow();
    await app.page.emulateMedia(media);
    for (const [state, reach] of Object.entries(STATES)) {
      if (media.forcedColors && !FORCED_STATES.has(state)) continue;
      await test.step(state, async () => {
        await app.page.evaluate(() => {
          localStorage.clear();
          sessionStorage.clear();
        });
        await app.page.goto(app.page.url().replace(/#.*/, ""));
        await reach(app);
        await finishTransitions(app.page);
        await expectNoViolations(app.page);
      });
    }
    consoleErrors.length = 0;
  });
}

test("no violations at 320 px, which is 400% zoom of 1280", async ({ app }) => {
  await app.page.setViewportSize({ width: 320, height: 256 });
  await app.button(/^Sample 3$/).click();
  await app.expectDigit(3);
  await expectNoViolations(app.page);
});

test("right to left: the layout is mirrored and nothing is cut off", async ({ app }) => {
  await app.page.evaluate(() => {
    document.documentElement.dir = "rtl";
  });
  await app.button(/^Sample 3$/).click();
  await app.expectDigit(3);
  const drawingArea = await app.drawingArea.boundingBox();
  const result = await app.result.boundingBox();
  expect(result?.x).toBeLessThan(drawingArea?.x ?? 0);
  const width = await app.page.evaluate(() => document.documentElement.scrollWidth);
  expect(width).toBeLessThanOrEqual(1280);
  await expectNoViolations(app.page);
});

test("announces the result in a polite live region", async ({ app }) => {
  const announcer = app.page.getByTestId("announcer");
  await expect(announcer).toHaveAttribute("aria-live", "polite");
  await app.button(/^Sample 3$/).click();
  await expect(announcer).toHaveText(/^Answer: three\. Almost certain, /);
});
