/** The game, and corrections of answers, with a database for profiles. */

import type { Page } from "@playwright/test";
import { type AppPage, expect, handwritten, type Lines, SCRIBBLE } from "./fixtures";
import { test } from "./profiles";
import type { Service } from "./service";
import { expectNoViolations } from "./violations";

/** Create a profile, and keep its token in the page. Returns a function that counts its samples. */
async function turnOnHandwriting({ page }: AppPage, { address }: Service) {
  const response = await fetch(`${address}api/v1/profiles`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ consent: true }),
  });
  const { token } = await response.json();
  await page.evaluate(
    (token) => localStorage.setItem("inkdigits.profile", JSON.stringify(token)),
    token,
  );
  const headers = { Authorization: `Bearer ${token}` };
  return async (): Promise<number> =>
    (await (await fetch(`${address}api/v1/profile`, { headers })).json()).samples;
}

/** Where what is below the result begins, in pixels. */
const barsOf = (page: Page) =>
  page.evaluate(() => document.querySelector(".bars")?.getBoundingClientRect().top);

async function expectAccessible(page: Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await expect(page.locator("html")).not.toHaveJSProperty("scrollWidth", 0);
    await expectNoViolations(page);
  }
}

/** Two digits side by side on the wide sheet. */
function written(first: number, second: number): Lines {
  return [first, second].flatMap((digit, index) =>
    handwritten(digit).map((line) =>
      line.map(([x, y]) => [((x - 0.2 + 0.45 * index) * 304) / 1004, y] as const),
    ),
  );
}

test("answers are corrected in Draw and Number, kept with consent only, and undone", async ({
  app,
  service,
}) => {
  test.slow();
  const { page } = app;
  await page.emulateMedia({ reducedMotion: "reduce" });
  const outcome = page.locator(".feedback [role=status]");
  const question = page.getByRole("group", { name: "Was it right?" });
  await expect(page.locator(".model-info")).toContainText("parameters");
  const bars = await barsOf(page);
  await app.draw(handwritten(3));
  await app.expectDigit(3);
  await expect(question).toBeVisible();
  expect(await barsOf(page)).toBe(bars);
  await expectAccessible(page);
  await question.getByRole("button", { name: "No" }).click();
  await expect(outcome).toContainText("Nothing was kept.");
  await expect(outcome.getByRole("link", { name: "My handwriting" })).toBeVisible();

  const samples = await turnOnHandwriting(app, service);
  await app.button(/^Clear/).click();
  await app.draw(handwritten(3));
  await app.expectDigit(3);
  await question.getByRole("button", { name: "No" }).click();
  await expect(app.button(/^three$/)).toBeDisabled();
  expect(await barsOf(page)).toBe(bars);
  await page.keyboard.press("8");
  await expect(outcome).toContainText(/Kept as a sample of your 8\. Before: 3 \(.*Now: /);
  expect(await samples()).toBe(1);
  await expect(page.locator(".model-info")).toContainText("your handwriting, version 1");
  expect(await barsOf(page)).toBe(bars);
  await expectAccessible(page);
  await app.button(/^Undo teaching/).click();
  await expect(outcome).toHaveText("Undone. Nothing of it is kept.");
  expect(await samples()).toBe(0);
  await app.expectDigit(3);

  // What is rejected is what a person corrects the most.
  await app.button(/^Clear/).click();
  await app.draw(SCRIBBLE);
  await expect(app.heading).toHaveText("This does not look like a digit");
  await app.button(/^It is a digit/).click();
  await app.button(/^eight$/).click();
  await expect(outcome).toContainText("Before: not a digit.");
  expect(await samples()).toBe(1);

  await page.getByRole("link", { name: "Number" }).click();
  await app.draw(written(4, 7));
  await expect(page.getByTestId("number")).toHaveText("47");
  // It speaks once the last prediction has arrived, which a correction before it would not survive.
  await expect(page.getByTestId("announcer")).toContainText("four seven");
  await expect(app.button(/^Teach it this/)).toHaveCount(0);
  await page.getByTestId("digits").getByRole("radio").nth(1).focus();
  await page.keyboard.press("1");
  await expect(page.getByTestId("number")).toHaveText("41");
  await app.button(/^Teach it this/).click();
  await expect(outcome).toContainText("Kept as samples of your 41. Before: 47.");
  expect(await samples()).toBe(3);
  await app.button(/^Undo teaching/).click();
  await expect(outcome).toContainText("Undone.");
  expect(await samples()).toBe(1);
});

test("the game asks for ten digits, shows the hardest, and teaches them", async ({
  app,
  service,
}) => {
  test.slow();
  const { page } = app;
  const question = page.getByTestId("game-question");
  const next = app.button(/^(Next|Result)$/);
  const samples = await turnOnHandwriting(app, service);
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.evaluate(() => {
    location.hash = "#/game?seed=1";
  });
  await page.getByRole("switch", { name: "Go on by itself after a pause" }).click();
  await expectAccessible(page);
  await app.button(/^Play$/).click();
  let wrong = "";
  for (let place = 0; place < 10; place++) {
    const asked = (await question.getAttribute("data-digit")) ?? "";
    if (place === 4) wrong = asked;
    await app.draw(place === 4 ? SCRIBBLE : handwritten(Number(asked)));
    if (place === 1) {
      for (const width of [320, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      }
    }
    // With the keyboard: the drawing area still has the focus.
    await page.keyboard.press("Enter");
    await expect(next).toBeVisible();
    if (place === 4) await expectAccessible(page);
    await page.keyboard.press("Enter");
  }
  const score = page.getByTestId("game-score");
  await expect(score).toBeFocused();
  await expect(score).toHaveText(/^9 of 10 in [\d.]+ s$/);
  const hardest = page.getByRole("region", { name: "The hardest for the network" });
  await expect(hardest.getByRole("listitem").first()).toContainText(`Your ${wrong}`);
  await app.button(/^Teach it these$/).click();
  await page.locator(`.game-samples label:has-text("${wrong}")`).click();
  await expectAccessible(page);
  await app.button(/^Keep 9 samples$/).click();
  await expect(page.getByText("Kept as 9 samples.")).toBeVisible();
  expect(await samples()).toBe(9);
  await app.button(/^Undo teaching/).click();
  await expect(page.getByText("Undone.")).toBeVisible();
  expect(await samples()).toBe(0);
  await app.button(/^Play again$/).click();
  await expect(question).toBeVisible();
  await page.reload();
  await expect(page.getByText(/^Best score: 9 of 10/)).toBeVisible();
});
