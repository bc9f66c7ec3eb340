import { expect, handwritten, test } from "./fixtures";

test("M keeps the focus in the drawing area, in both directions", async ({ app }) => {
  const { keyboard } = app.page;
  await app.draw(handwritten(1));
  for (const name of ["Pixel grid", "Drawing area"]) {
    await keyboard.press("m");
    const area = app.page.getByRole("application", { name });
    await expect(area).toBeFocused();
    const top = await app.page.evaluate(() => scrollY);
    await keyboard.press("Space");
    for (let row = 0; row < 8; row++) await keyboard.press("ArrowDown");
    await keyboard.press("Space");
    await expect(
      area.locator("path.pixels[d]:not([d='']), path.ink[d]:not([d=''])").last(),
    ).toBeAttached();
    expect(await app.page.evaluate(() => scrollY)).toBe(top);
  }
  await expect(app.ink).toHaveCount(2);
});

test("deleting recent drawings keeps the focus in their list", async ({ app }) => {
  const { page } = app;
  const drawings = app.button(/^Open drawing/);
  for (const digit of [1, 3, 7]) {
    await app.button(new RegExp(`^Sample ${digit}$`)).click();
    await app.expectDigit(digit);
    await expect(app.button(new RegExp(`^Open drawing: ${digit}`))).toBeVisible();
    await app.button(/^Clear/).click();
  }
  const focusedName = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
  await app.button(/^Delete drawing: 3/).focus();
  await page.keyboard.press("Enter");
  await expect(drawings).toHaveCount(2);
  expect(await focusedName()).toMatch(/^Delete drawing: 1/);
  await page.keyboard.press("Enter");
  await expect(drawings).toHaveCount(1);
  expect(await focusedName()).toMatch(/^Delete drawing: 7/);
  await page.keyboard.press("Enter");
  await expect(drawings).toHaveCount(0);
  await expect(page.getByRole("heading", { name: "Recent drawings" })).toBeFocused();
});

test("Delete all moves the focus to the heading of the list", async ({ app }) => {
  await app.button(/^Sample 3$/).click();
  await expect(app.button(/^Open drawing: 3/)).toBeVisible();
  await app.button(/^Delete all$/).focus();
  await app.page.keyboard.press("Enter");
  await expect(app.page.getByRole("heading", { name: "Recent drawings" })).toBeFocused();
});

test("Undo, Redo, Clear and Predict keep the focus when they have nothing left to do", async ({
  app,
}) => {
  await app.draw(handwritten(1));
  for (const name of [/^Undo/, /^Redo/, /^Clear/]) {
    await app.button(name).focus();
    await app.page.keyboard.press("Enter");
    await expect(app.button(name)).toBeFocused();
  }
  await app.button(/^Predict/).focus();
  await app.page.keyboard.press("Enter");
  await expect(app.button(/^Predict/)).toBeFocused();
});

test("a dialog gives the focus back", async ({ app }) => {
  await app.drawingArea.focus();
  await app.page.keyboard.press("?");
  await expect(app.page.getByRole("dialog")).toBeVisible();
  await app.page.keyboard.press("Escape");
  await expect(app.drawingArea).toBeFocused();
});
