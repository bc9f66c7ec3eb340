import { expect, test } from "./fixtures";

test("the API documentation shows every route", async ({ page, service }) => {
  const consoleErrors: string[] = [];
  page.on("pageerror", (error) => consoleErrors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") consoleErrors.push(message.text());
  });
  const document = await (await page.request.get(`${service.address}openapi.json`)).json();
  await page.goto(`${service.address}docs`);
  const summaries = Object.values<Record<string, { summary: string }>>(document.paths).flatMap(
    (path) => Object.values(path).map(({ summary }) => summary),
  );
  expect(summaries.length).toBeGreaterThan(8);
  for (const summary of summaries) {
    await expect(page.getByText(summary, { exact: true }).first()).toBeVisible();
  }
  expect(consoleErrors).toEqual([]);
});
