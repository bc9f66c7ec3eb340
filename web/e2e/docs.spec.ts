import { expect, test } from "./bench";

test("the page of the service's document shows every route", async ({ page, service }) => {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
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
  expect(complaints).toEqual([]);
});
