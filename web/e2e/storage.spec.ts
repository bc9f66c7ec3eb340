import { AppPage, expect, handwritten, test } from "./fixtures";

test("a reload keeps the undo and redo steps", async ({ app }) => {
  await app.draw(handwritten(4));
  await app.draw(handwritten(1));
  await app.button(/^Undo/).click();
  await expect(app.ink).toHaveCount(2);
  await app.page.reload();
  await expect(app.ink).toHaveCount(2);
  await app.button(/^Redo/).click();
  await expect(app.ink).toHaveCount(3);
  for (const left of [2, 1, 0]) {
    await app.button(/^Undo/).click();
    await expect(app.ink).toHaveCount(left);
  }
  await expect(app.button(/^Undo/)).toHaveAttribute("aria-disabled", "true");
});

test("a reload keeps the chosen model", async ({ app }) => {
  const { page } = app;
  await page.route("**/api/v1/models", async (route) => {
    const response = await route.fetch();
    const { default: name, models } = await response.json();
    const [model] = models;
    await route.fulfill({ json: { default: name, models: [model, { ...model, name: "other" }] } });
  });
  // The service does not have it.
  const requested: (string | null)[] = [];
  await page.route("**/api/v1/predictions**", (route) => {
    const url = new URL(route.request().url());
    requested.push(url.searchParams.get("model"));
    url.searchParams.delete("model");
    return route.continue({ url: url.href });
  });
  await page.reload();
  const select = page.getByRole("combobox", { name: "Model" });
  await select.selectOption("other");
  await page.reload();
  await expect(select).toHaveValue("other");
  requested.length = 0;
  await app.draw(handwritten(3));
  await app.expectDigit(3);
  expect(new Set(requested)).toEqual(new Set(["other"]));
});

test("two tabs keep each other's recent drawings", async ({ app, context, service, pointer }) => {
  const page = await context.newPage();
  await page.goto(service.address);
  const other = new AppPage(page, pointer);
  await other.drawingArea.waitFor();
  await app.page.bringToFront();
  await app.draw(handwritten(3));
  await expect(app.button(/^Open drawing: 3/)).toBeVisible();
  await expect(other.button(/^Open drawing: 3/)).toBeVisible();
  await page.bringToFront();
  await other.draw(handwritten(7));
  for (const tab of [app, other]) {
    await expect(tab.button(/^Open drawing: 7/)).toBeVisible();
    await expect(tab.button(/^Open drawing/)).toHaveCount(2);
  }
  await other.button(/^Delete drawing: 3/).click();
  await expect(app.button(/^Open drawing/)).toHaveCount(1);
  await app.page.reload();
  await expect(app.button(/^Open drawing: 7/)).toBeVisible();
  await app.button(/^Delete all/).click();
  await expect(other.button(/^Open drawing/)).toHaveCount(0);
});
