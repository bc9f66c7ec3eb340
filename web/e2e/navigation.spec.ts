import type { Page } from "@playwright/test";
import { AppPage, expect, handwritten, test } from "./fixtures";

const VIEWS = [
  ["Draw", "/"],
  ["Number", "/number"],
  ["Inside", "/inside"],
  ["My handwriting", "/handwriting"],
  ["Game", "/game"],
  ["Train", "/train"],
  ["How it works", "/how"],
] as const;

async function expectView(page: Page, name: string): Promise<void> {
  const current = page.getByRole("navigation").locator("[aria-current=page]");
  await expect(current).toHaveText(name);
  await expect(page).toHaveTitle(name === "Draw" ? "inkdigits" : `${name} · inkdigits`);
  await expect(page.getByRole("heading", { level: 2, name, exact: true })).toBeAttached();
}

test("views have addresses: links, keys, back, forward, reload and deep links", async ({ app }) => {
  const { page } = app;
  const { href } = new URL(page.url());
  await app.draw(handwritten(3));
  await app.expectDigit(3);
  for (const [name, path] of VIEWS.slice(1)) {
    await app.openView(name);
    await expectView(page, name);
    expect(page.url()).toBe(`${href}#${path}`);
  }
  for (const [name] of VIEWS.slice(0, -1).toReversed()) {
    await page.goBack();
    await expectView(page, name);
  }
  await app.expectDigit(3);
  await page.goForward();
  await expectView(page, "Number");
  for (const [key, name] of [
    ["w", "My handwriting"],
    ["g", "Game"],
    ["t", "Train"],
    ["n", "Number"],
    ["d", "Draw"],
    ["h", "How it works"],
    ["i", "Inside"],
  ] as const) {
    await page.keyboard.press(key);
    await expectView(page, name);
  }
  // The drawing is the same in each view that shows it. A stroke ends when the view changes.
  await expect(app.ink).toHaveCount(1);
  await app.drawingArea.focus();
  for (const key of ["Space", "ArrowDown", "ArrowDown", "h", "d"]) await page.keyboard.press(key);
  await expect(app.ink).toHaveCount(2);
  await app.button(/^Undo/).click();
  await app.expectDigit(3);
  for (const [name, path] of VIEWS) {
    await page.evaluate((path) => {
      location.hash = path;
    }, path);
    await page.reload();
    await expectView(page, name);
  }
  // A skip link moves the focus and leaves the address.
  await page.getByRole("link", { name: "Skip to the content" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "How it works" })).toBeFocused();
  expect(page.url()).toBe(`${href}#/how`);
});

test("a copied link opens the same drawing and answer in another browser", async ({
  app,
  browser,
  pointer,
}) => {
  const { page } = app;
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await expect(page.locator(".model-info")).toContainText("parameters");
  const copyLink = async () => {
    await app.button(/^Copy link/).click();
    await expect(app.button(/^Copied/)).toBeVisible();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  const answers = (of: AppPage) =>
    of.page.locator(".bars li").evaluateAll((rows) => rows.map((row) => row.textContent));

  await app.draw(handwritten(5));
  await app.draw(handwritten(1, 3));
  await app.button(/^Undo/).click();
  await app.expectDigit(5);
  const digitLink = await copyLink();
  expect(digitLink.length).toBeLessThan(1000);
  await page.keyboard.press("n");
  await page.getByText("Constraints").first().click();
  await page.getByLabel("Length").fill("1");
  await app.draw(handwritten(5));
  await expect(page.getByTestId("number")).toHaveText(/^\d$/);
  const numberLink = await copyLink();
  const number = await page.getByTestId("number").textContent();
  await page.keyboard.press("d");
  await app.expectDigit(5);

  const context = await browser.newContext();
  const other = new AppPage(await context.newPage(), pointer);
  await other.page.goto(digitLink);
  await other.expectDigit(5);
  await expect.poll(() => answers(other)).toEqual(await answers(app));
  await expect(other.ink).toHaveCount(await app.ink.count());
  // Nothing of the drawing stays in the address, and nothing was replaced.
  expect(new URL(other.page.url()).hash).toBe("#/");
  await expect(other.page.getByTestId("link-message")).toHaveCount(0);

  await other.page.goto(numberLink);
  await expect(other.page.getByTestId("number")).toHaveText(number ?? "");
  await expect(other.page.getByLabel("Length")).toHaveValue("1");
  // A link in an open page replaces the drawing there, and undo brings it back.
  await other.page.goto(digitLink.replace("#/", "#/inside"));
  await expectView(other.page, "Inside");
  await expect(other.page.getByTestId("link-message")).toContainText("has replaced yours");
  await other.page.getByTestId("link-message").getByRole("button", { name: "Undo" }).click();
  await expect(other.page.getByTestId("link-message")).toHaveCount(0);
  await other.page.goto(digitLink.slice(0, -10));
  await expect(other.page.getByTestId("link-message")).toHaveText(/^This link is damaged/);
  await expect(other.ink).not.toHaveCount(0);
  await context.close();
});

test("a view that cannot be loaded can be tried again", async ({ app, consoleErrors }) => {
  const { page } = app;
  await page.route("**/HowView-*.js", (route) => route.abort());
  await page.keyboard.press("h");
  await expect(page.getByRole("alert")).toContainText("This view cannot be shown.");
  await expect(app.button(/^Reload the page/)).toBeVisible();
  await page.unroute("**/HowView-*.js");
  await app.button(/^Try again/).click();
  await expect(page.getByRole("region", { name: "How it works" })).toBeVisible();
  consoleErrors.length = 0;
});
