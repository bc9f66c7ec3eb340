/** The view My handwriting, with a service that keeps profiles in a database of its own. */

import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { type AppPage, expect, handwritten } from "./fixtures";
import { test } from "./profiles";
import { expectNoViolations } from "./violations";

const VIEW = "My handwriting";

async function turnOn(app: AppPage): Promise<void> {
  await app.page.getByRole("checkbox").check();
  await app.button(/^Turn on/).click();
  await expect(app.page.getByText("No samples yet")).toBeVisible();
}

/** Write the first of what is asked for. */
async function write(app: AppPage, count: number): Promise<void> {
  for (const digit of Array(count).keys()) {
    await expect(app.drawingArea).toHaveAccessibleName(new RegExp(`Write an? ${digit}$`));
    await app.draw(handwritten(digit));
    await app.button(/^Next/).click();
  }
}

/** What is shown after digits were learned. */
async function expectEffect({ page }: AppPage, count: number): Promise<void> {
  await expect(page.getByRole("heading", { name: "Learned" })).toBeFocused();
  await expect(page.getByText(`Of these ${count} digits, `)).toBeVisible();
  await expect(page.getByText(`Of your ${count} samples, the model recognizes`)).toBeVisible();
  await expect(page.getByText(`${count} samples, version 1`)).toBeVisible();
}

/** At each width, nothing is cut off, and in one theme each, nothing is inaccessible. */
async function expectGoodLayout(page: Page): Promise<void> {
  const size = page.viewportSize();
  for (const [width, colorScheme] of [
    [820, null],
    [320, "dark"],
    [1280, "light"],
  ] as const) {
    await page.setViewportSize({ width, height: 800 });
    const widest = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(widest, `of the content at ${width} px`).toBeLessThanOrEqual(width);
    if (colorScheme === null) continue;
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await expectNoViolations(page);
  }
  if (size) await page.setViewportSize(size);
}

test("it is turned on, taught, corrected, exported and deleted", {
  tag: "@desktop",
}, async ({ app, consoleErrors, browser }) => {
  test.slow();
  const { page } = app;
  await app.openView(VIEW);
  await expectGoodLayout(page);
  await turnOn(app);

  await test.step("a round shows its effect", async () => {
    await app.button(/^Start writing/).click();
    await expect(app.drawingArea).toBeFocused();
    await app.draw(handwritten(0));
    await expectGoodLayout(page);
    await app.button(/^Clear/).click();
    await write(app, 10);
    await expectEffect(app, 10);
    await expect(page.locator(".written-sheet .seen")).toHaveCount(10);
    await expectGoodLayout(page);
  });

  await test.step("predictions use it, and no longer once that is turned off", async () => {
    await app.openView("Draw");
    await app.draw(handwritten(4));
    await app.expectDigit(4);
    const sign = page.getByRole("link", { name: "your handwriting, version 1" });
    await expect(sign).toBeVisible();
    await sign.click();
    await page.getByRole("switch").click();
    await app.openView("Draw");
    await expect(page.locator(".model-info")).toContainText("parameters");
    await app.openView(VIEW);
    await page.getByRole("switch").click();
  });

  await test.step("a sample is deleted and brought back", async () => {
    await app.button(/^Delete: 3/).click();
    await expect(page.getByText("9 samples, version 2")).toBeVisible();
    await app.button(/^Bring it back/).click();
    await expect(page.getByText("10 samples, version 3")).toBeVisible();
    await expect(app.button(/^Delete: 3/)).toBeVisible();
    await app.button(/^Undo the last addition/).click();
    await expect(page.getByText("9 samples, version 4")).toBeVisible();
  });

  const exported = await test.step("it is exported", async () => {
    const download = page.waitForEvent("download");
    await app.button(/^Export/).click();
    const file = await (await download).path();
    expect(JSON.parse(await readFile(file, "utf8")).samples).toHaveLength(9);
    return file;
  });

  await test.step("another device imports the file, and says when its profile is gone", async () => {
    const context = await browser.newContext();
    const other = await context.newPage();
    await other.goto(page.url());
    await other.getByTestId("profile-file").setInputFiles(exported);
    await expect(other.getByText(/^9 samples, version/)).toBeVisible();
    const token = await page.evaluate(() => localStorage.getItem("inkdigits.profile"));
    await other.getByText("Use another profile in this browser").click();
    await other.getByLabel(/paste the token/).fill(JSON.parse(token ?? ""));
    await other.getByRole("button", { name: "Use this token" }).click();
    await expect(other.getByText("9 samples, version 4")).toBeVisible();
    await app.button(/^Delete everything/).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete everything" }).click();
    await expect(page.getByText("Nothing of it is left on the server")).toBeVisible();
    await expect(page.getByRole("heading", { level: 2, name: VIEW })).toBeFocused();
    await other.getByRole("button", { name: /^Delete: 1/ }).click();
    await expect(other.getByText("token is not valid any more")).toBeVisible();
    await context.close();
  });
  expect(await page.evaluate(() => localStorage.getItem("inkdigits.profile"))).toBeNull();
  expect(consoleErrors).toEqual([]);
});

test("it is written by touch, and learned before a round is over", { tag: "@touch" }, async ({
  app,
}) => {
  await app.openView(VIEW);
  await turnOn(app);
  await app.button(/^Start writing/).click();
  await write(app, 2);
  await app.button(/^Stop here/).click();
  await expectEffect(app, 2);
});
