import { expect, handwritten, test } from "./fixtures";

const PREDICTIONS = "**/api/v1/predictions**";

test("recovers by itself when the API comes back, and loses nothing", async ({
  app,
  service,
  consoleErrors,
}) => {
  await service.kill();
  await app.draw(handwritten(5));
  await expect(app.notice).toContainText("Can't reach the server.");
  await expect(app.notice).toContainText("Your drawing is safe");
  await expect(app.ink).toHaveCount(1);
  await service.start();
  await app.expectDigit(5);
  await expect(app.notice).toHaveCount(0);
  // The browser reports each failed attempt: a connection reset, if one was open when the service
  // was killed, then refused connections.
  expect(consoleErrors).not.toHaveLength(0);
  for (const error of consoleErrors) expect(error).toMatch(/^Failed to load resource: net::ERR_/);
  consoleErrors.length = 0;
});

test("waits as long as a busy API requests in Retry-After", async ({ app, consoleErrors }) => {
  const calls_ms: number[] = [];
  await app.page.route(PREDICTIONS, async (route) => {
    calls_ms.push(Date.now());
    if (calls_ms.length > 1) return route.continue();
    return route.fulfill({
      status: 503,
      headers: { "Retry-After": "2", "Content-Type": "application/problem+json" },
      body: JSON.stringify({
        type: "about:blank",
        status: 503,
        detail: "Too many requests are waiting.",
      }),
    });
  });
  await app.button(/^Sample 3$/).click();
  await expect(app.notice).toContainText("The server is busy.");
  await expect(app.notice).toContainText(/Retrying in \d s/);
  await app.button(/^Sample 8$/).click();
  await app.expectDigit(8);
  expect((calls_ms[1] ?? 0) - (calls_ms[0] ?? 0)).toBeGreaterThanOrEqual(1950);
  consoleErrors.length = 0;
});

for (const [status, text] of [
  [413, "why Choose a smaller image."],
  [415, "why Choose another image."],
  [500, "Something went wrong with this drawing."],
] as const) {
  test(`explains status ${status}`, async ({ app, consoleErrors }) => {
    await app.page.route(PREDICTIONS, (route) =>
      route.fulfill({
        status,
        contentType: "application/problem+json",
        body: JSON.stringify({ type: "about:blank", status, detail: "why" }),
      }),
    );
    await app.draw(handwritten(1));
    await expect(app.notice).toContainText(text);
    await app.page.unroute(PREDICTIONS);
    await app.button(/^Predict/).click();
    await app.expectDigit(1);
    consoleErrors.length = 0;
  });
}

test("cancels stale requests: only the last drawing gets a result", async ({ app }) => {
  let respond = () => {};
  const released = new Promise<void>((resolve) => {
    respond = resolve;
  });
  let calls = 0;
  await app.page.route(PREDICTIONS, async (route) => {
    calls += 1;
    if (calls === 1) await released;
    await route.continue().catch(() => undefined);
  });
  const first = app.page.waitForRequest(PREDICTIONS);
  await app.button(/^Sample 3$/).click();
  const stale = await first;
  await app.button(/^Sample 8$/).click();
  await app.expectDigit(8);
  respond();
  // It ends with an error if it was canceled, and with a response if not.
  expect(await stale.response().catch(() => null)).toBeNull();
  expect(stale.failure()?.errorText).toBe("net::ERR_ABORTED");
  await expect(app.button(/^Open drawing: 8/)).toBeVisible();
  await app.expectDigit(8);
  await expect(app.button(/^Open drawing/)).toHaveCount(1);
});

test("config.json alone points the page to an API at another origin", async ({ page, service }) => {
  await page.route("**/config.json", (route) =>
    route.fulfill({ json: { api: `${service.address}elsewhere/` } }),
  );
  const request = page.waitForRequest(`${service.address}elsewhere/api/v1/models`);
  await page.goto(service.address);
  await request;
});
