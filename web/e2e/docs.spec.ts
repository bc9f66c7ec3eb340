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

for (const colorScheme of ["light", "dark"] as const) {
  test(`the API documentation's example request works in ${colorScheme} colors`, async ({
    page,
    service,
  }) => {
    await page.emulateMedia({ colorScheme });
    await page.goto(`${service.address}docs`);
    const operation = page.locator("#operations-predictions-predictOne");
    await operation.locator(".opblock-summary-control").click();
    await operation.getByRole("button", { name: "Try it out" }).click();
    await operation.getByRole("button", { name: "Execute" }).click();
    const answer = operation.locator(".live-responses-table");
    await expect(answer.locator(".response-col_status").getByText("200")).toBeVisible();
    await expect(answer.getByText('"7"')).toBeVisible();
    // The lightness of each text and of the background behind it.
    const lightness = (selector: string, property: "color" | "backgroundColor") =>
      page
        .locator(selector)
        .first()
        .evaluate((element, name) => {
          const [red = 0, green = 0, blue = 0] = (
            getComputedStyle(element)[name].match(/\d+/g) ?? []
          ).map(Number);
          return (red + green + blue) / 3;
        }, property);
    const isDark = colorScheme === "dark";
    if (isDark) expect(await lightness("html", "backgroundColor")).toBeLessThan(64);
    for (const text of [
      ".info .title",
      ".opblock-description p",
      ".examples-select__section-label",
      ".responses-inner .headers td",
    ]) {
      const value = await lightness(`.swagger-ui ${text}`, "color");
      if (isDark) expect(value, text).toBeGreaterThan(160);
      else expect(value, text).toBeLessThan(100);
    }
  });
}
