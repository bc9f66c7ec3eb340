import { expect, handwritten, test } from "./fixtures";

const PREDICTIONS = "**/api/v1/predictions**";

test("goes on by itself when the API comes back, with nothing lost", async ({
  sheet,
  service,
  consoleErrors,
}) => {
  await service.kill();
  await sheet.draw(handwritten(5));
  await expect(sheet.notice).toContainText("The reader cannot be reached.");
  await expect(sheet.notice).toContainText("Your drawing is kept.");
  await expect(sheet.ink).toHaveCount(1);
  await service.start();
  await sheet.reads(5);
  await expect(sheet.notice).toHaveCount(0);
  // The browser's own words for each attempt that failed: reset, if the service was killed under a
  // connection that the browser kept, then refused.
  expect(consoleErrors).not.toHaveLength(0);
  for (const complaint of consoleErrors)
    expect(complaint).toMatch(/^Failed to load resource: net::ERR_/);
  consoleErrors.length = 0;
});

test("waits as long as a busy API asks", async ({ sheet, consoleErrors }) => {
  const calls_ms: number[] = [];
  await sheet.page.route(PREDICTIONS, async (route) => {
    calls_ms.push(Date.now());
    if (calls_ms.length > 1) return route.continue();
    return route.fulfill({
      status: 503,
      headers: { "Retry-After": "2", "Content-Type": "application/problem+json" },
      body: JSON.stringify({ type: "about:blank", status: 503, detail: "Too many wait." }),
    });
  });
  await sheet.button(/^Sample 3$/).click();
  await expect(sheet.notice).toContainText("The reader is busy.");
  await expect(sheet.notice).toContainText(/Again in \d s/);
  await sheet.button(/^Sample 8$/).click();
  await sheet.reads(8);
  expect((calls_ms[1] ?? 0) - (calls_ms[0] ?? 0)).toBeGreaterThanOrEqual(1950);
  consoleErrors.length = 0;
});

for (const [status, words] of [
  [413, "The picture is too large."],
  [415, "This file is no picture that can be read."],
  [500, "The reader failed at this drawing."],
] as const) {
  test(`says what status ${status} means`, async ({ sheet, consoleErrors }) => {
    await sheet.page.route(PREDICTIONS, (route) =>
      route.fulfill({
        status,
        contentType: "application/problem+json",
        body: JSON.stringify({ type: "about:blank", status, detail: "why" }),
      }),
    );
    await sheet.draw(handwritten(1));
    await expect(sheet.notice).toContainText(words);
    await sheet.page.unroute(PREDICTIONS);
    await sheet.button(/^Predict/).click();
    await sheet.reads(1);
    consoleErrors.length = 0;
  });
}

test("cancels what is stale: only the last drawing is answered", async ({ sheet }) => {
  let first = true;
  await sheet.page.route(PREDICTIONS, async (route) => {
    if (first) {
      first = false;
      await new Promise((resolve) => setTimeout(resolve, 1500));
    }
    await route.continue().catch(() => undefined);
  });
  await sheet.button(/^Sample 3$/).click();
  await sheet.button(/^Sample 8$/).click();
  await sheet.reads(8);
  await sheet.page.waitForTimeout(1800);
  await sheet.reads(8);
});

test("is served from another origin's API by its settings alone", async ({ page, service }) => {
  await page.route("**/config.json", (route) =>
    route.fulfill({ json: { api: `${service.address}elsewhere/` } }),
  );
  const request = page.waitForRequest(`${service.address}elsewhere/api/v1/models`);
  await page.goto(service.address);
  await request;
});
