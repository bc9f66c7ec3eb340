import { execSync } from "node:child_process";
import { test as base, expect, handwritten } from "./fixtures";
import { Service } from "./service";

/** The address of the page, and the origin that it must call. */
const PAGE = process.env.INKDIGITS_PAGE ?? "";
const API = process.env.INKDIGITS_API_ORIGIN || (PAGE && new URL(PAGE).origin);
/** A command that kills the service behind the page. The service restarts by itself. */
const KILL = process.env.INKDIGITS_KILL;

const test = base.extend<object, { service: Service }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern
  service: [async ({}, use) => use(Service.at(PAGE)), { scope: "worker" }],
});

for (let digit = 0; digit <= 9; digit++) {
  test(`recognizes a ${digit}`, async ({ app }) => {
    const called = new Set<string>();
    // The page loads some of its own code when it is needed.
    app.page.on("request", (request) => {
      if (!["script", "stylesheet"].includes(request.resourceType()))
        called.add(new URL(request.url()).origin);
    });
    await app.draw(handwritten(digit));
    await app.expectDigit(digit);
    expect([...called].filter((origin) => origin.startsWith("http"))).toEqual([API]);
  });
}

test("blocks inline scripts", async ({ app, consoleErrors }) => {
  const blocked = await app.page.evaluate(async () => {
    const violation = new Promise<string>((resolve) =>
      document.addEventListener("securitypolicyviolation", (event) =>
        resolve(event.effectiveDirective),
      ),
    );
    const script = document.createElement("script");
    script.textContent = "document.title = 'run'";
    document.head.append(script);
    return violation;
  });
  expect(blocked).toBe("script-src-elem");
  await expect(app.page).toHaveTitle("inkdigits");
  consoleErrors.length = 0;
});

test("shows the API documentation", async ({ page }) => {
  const consoleErrors: string[] = [];
  page.on("pageerror", (error) => consoleErrors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") consoleErrors.push(message.text());
  });
  await page.goto(new URL("docs", PAGE).href);
  await expect(page.getByText("/api/v1/predictions", { exact: true })).toBeVisible();
  expect(consoleErrors).toEqual([]);
});

test("recovers by itself after the service was killed", async ({ app, consoleErrors }) => {
  test.skip(!KILL, "INKDIGITS_KILL is not set");
  test.setTimeout(120_000);
  await app.draw(handwritten(5));
  await app.expectDigit(5);
  execSync(KILL as string);
  await app.page.keyboard.press("Delete");
  await app.draw(handwritten(3));
  await expect(app.notice).toContainText("Can't reach the server.");
  await expect(app.notice).toContainText("Your drawing is safe");
  await expect(app.result).toHaveAttribute("data-digit", "3", { timeout: 90_000 });
  await expect(app.notice).toHaveCount(0);
  // The browser reports each failed attempt.
  expect(consoleErrors.every((error) => error.includes("502"))).toBe(true);
  consoleErrors.length = 0;
});
