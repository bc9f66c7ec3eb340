import { execSync } from "node:child_process";
import { test as base, expect, handwritten } from "./fixtures";
import { Service } from "./service";

/** Where the page runs, and the origin that it must call. */
const PAGE = process.env.INKDIGITS_PAGE ?? "";
const API = process.env.INKDIGITS_API_ORIGIN || (PAGE && new URL(PAGE).origin);
/** A command that kills the service behind the page; it comes back by itself. */
const KILL = process.env.INKDIGITS_KILL;

const test = base.extend<object, { service: Service }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern
  service: [async ({}, use) => use(Service.at(PAGE)), { scope: "worker" }],
});

for (let digit = 0; digit <= 9; digit++) {
  test(`reads a ${digit} that is drawn`, async ({ sheet }) => {
    const called = new Set<string>();
    sheet.page.on("request", (request) => called.add(new URL(request.url()).origin));
    await sheet.draw(handwritten(digit));
    await sheet.reads(digit);
    expect([...called].filter((origin) => origin.startsWith("http"))).toEqual([API]);
  });
}

test("runs no inline script", async ({ sheet, consoleErrors }) => {
  const blocked = await sheet.page.evaluate(async () => {
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
  await expect(sheet.page).toHaveTitle("inkdigits");
  consoleErrors.length = 0;
});

test("shows the document of the service", async ({ page }) => {
  const consoleErrors: string[] = [];
  page.on("pageerror", (error) => consoleErrors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") consoleErrors.push(message.text());
  });
  await page.goto(new URL("docs", PAGE).href);
  await expect(page.getByText("/api/v1/predictions", { exact: true })).toBeVisible();
  expect(consoleErrors).toEqual([]);
});

test("goes on by itself when the service was killed", async ({ sheet, consoleErrors }) => {
  test.skip(!KILL, "no command that kills the service is given");
  test.setTimeout(120_000);
  await sheet.draw(handwritten(5));
  await sheet.reads(5);
  execSync(KILL as string);
  await sheet.page.keyboard.press("Delete");
  await sheet.draw(handwritten(3));
  await expect(sheet.notice).toContainText("The reader cannot be reached.");
  await expect(sheet.notice).toContainText("Your drawing is kept.");
  await expect(sheet.answer).toHaveAttribute("data-digit", "3", { timeout: 90_000 });
  await expect(sheet.notice).toHaveCount(0);
  // The browser's own words for each attempt that failed.
  expect(consoleErrors.every((complaint) => complaint.includes("502"))).toBe(true);
  consoleErrors.length = 0;
});
