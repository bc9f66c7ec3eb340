/** The page of `inkdigits form review`, on results that tests/made_results.py makes. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test as base, expect, type Page } from "@playwright/test";
import { expectNoViolations } from "./violations";

const PYTHON = process.env.INKDIGITS_PYTHON ?? "python3";
const SCRIPT = fileURLToPath(new URL("../../tests/made_results.py", import.meta.url));

class Review {
  output = "";

  private constructor(
    readonly folder: string,
    readonly process: ChildProcess,
  ) {
    process.stdout?.on("data", (data: Buffer) => {
      this.output += data;
    });
  }

  static async start(): Promise<Review> {
    const folder = await mkdtemp(join(tmpdir(), "review-"));
    const options = { stdio: ["ignore", "pipe", "inherit"] as ("ignore" | "pipe" | "inherit")[] };
    return new Review(folder, spawn(PYTHON, [SCRIPT, folder, "--who", "Ada"], options));
  }

  async address(): Promise<string> {
    await expect.poll(() => this.output, { timeout: 25_000 }).toMatch(/http:\S+/);
    return /http:\S+/.exec(this.output)?.[0] ?? "";
  }

  /** The cells of a column in the CSV file, by sheet and row, such as "1/3". */
  async column(name: string): Promise<Record<string, string>> {
    const text = await readFile(join(this.folder, "results.csv"), "utf-8");
    const [head = [], ...rows] = text.split("\n").map((line) => line.split(","));
    const place = head.indexOf(name);
    return Object.fromEntries(rows.map((row) => [`${row[2]}/${row[3]}`, row[place] ?? ""]));
  }

  async interrupt(): Promise<void> {
    if (this.process.exitCode !== null) return;
    const exited = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGINT");
    await exited;
  }
}

const test = base.extend<{ review: Review; errors: string[] }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern
  review: async ({}, use) => {
    const review = await Review.start();
    await use(review);
    await review.interrupt();
    await rm(review.folder, { recursive: true });
  },
  errors: async ({ page, review }, use) => {
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    await page.goto(await review.address());
    await expect(page.getByRole("heading", { name: /row/ })).toBeVisible();
    await use(errors);
  },
});

const heading = (page: Page) => page.locator("#name");
const field = (page: Page) => page.getByLabel("What is written?");

test("fields are answered by keyboard, and the CSV file has the answers at once", async ({
  page,
  review,
  errors,
}) => {
  test.slow();
  // The least certain first: the fields that are struck out, one on each of three sheets.
  await expect(heading(page)).toHaveText("first, row 3");
  await expect(page.locator("#recognized")).toContainText("struck out");
  await expect(page.locator("#alike")).toBeHidden();
  await expect(field(page)).toBeFocused();
  await page.keyboard.type("23");
  await page.keyboard.press("Enter");
  await expect.poll(() => review.column("first_review")).toMatchObject({ "1/3": "corrected" });
  expect(await review.column("first")).toMatchObject({ "1/3": "23", "2/3": "" });

  // A value that the form forbids is kept only if it is accepted twice.
  await expect(page.locator("#place")).toContainText("sheet 2");
  await page.keyboard.type("99");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("99 is not from 0 to 40");
  await page.keyboard.press("Enter");
  await expect(page.locator("#place")).toContainText("sheet 3");
  await expect.poll(() => review.column("first")).toMatchObject({ "2/3": "99" });
  expect(errors.splice(0)).toEqual([expect.stringContaining("409")]);

  // Undo shows the field again and takes back the answer.
  await page.keyboard.press("Control+z");
  await expect(page.locator("#place")).toContainText("sheet 2");
  await expect.poll(() => review.column("first_review")).toMatchObject({ "2/3": "struck out" });

  // Letters are refused whatever one does.
  await page.keyboard.type("4x");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("digits only");
  await page.keyboard.press("Enter");
  const refused = expect.stringContaining("422");
  await expect.poll(() => errors).toEqual([refused, refused]);
  await expect(page.getByRole("alert")).toContainText("digits only");
  errors.length = 0;

  await page.keyboard.press("ArrowDown");
  await expect(page.locator("#place")).toContainText("sheet 3");
  await page.keyboard.press("ArrowUp");
  await expect(page.locator("#place")).toContainText("sheet 2");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");

  // What was recognized as 17 and looks alike is accepted together.
  await expect(page.locator("#recognized")).toContainText("Recognized as 17");
  const alike = await page.locator("#group > li").count();
  expect(alike).toBeGreaterThan(1);
  await page.keyboard.press("Shift+Enter");
  await expect(page.locator("#count")).toHaveText(`${1 + alike} of 12 answered`);
  const confirmed = async () =>
    Object.values(await review.column("first_review")).filter((text) => text === "confirmed");
  await expect.poll(confirmed).toHaveLength(alike);

  // The rest; then the skipped ones.
  for (let left = 11 - alike; left > 2; left--) {
    await page.keyboard.press("Enter");
    await expect(page.locator("#count")).toHaveText(`${13 - left} of 12 answered`);
  }
  await expect(page.getByRole("heading", { name: "2 fields are left" })).toBeFocused();
  await page.getByRole("button", { name: "Go through the skipped" }).click();
  await expect(field(page)).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator("#count")).toHaveText("11 of 12 answered");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Everything is answered" })).toBeFocused();
  expect(errors).toEqual([]);

  await review.interrupt();
  expect(review.process.exitCode).toBe(0);
  expect(review.output).toContain("Answered 12 fields; 0 left");
});

test("answers are kept under the name that was entered", async ({ page, review, errors }) => {
  await expect(page.getByLabel("Answers by")).toHaveValue("Ada");
  await page.getByLabel("Answers by").fill("Bea <b>");
  await page.getByRole("button", { name: /^88$/ }).click();
  await expect(page.getByRole("alert")).toContainText("88 is not from 0 to 40");
  await page
    .getByRole("button", { name: /^Accept 88/ })
    .first()
    .click();
  await expect(page.locator("#count")).toHaveText("1 of 12 answered");
  await page.reload();
  await expect(page.getByLabel("Answers by")).toHaveValue("Bea <b>");
  await review.interrupt();
  await page
    .getByRole("button", { name: /^Accept/ })
    .first()
    .click();
  await expect(page.getByRole("alert")).toContainText("has stopped");
  errors.length = 0;
});

test("no accessibility violations, and nothing is cut off", async ({ page, errors }) => {
  test.slow();
  const expectGoodPage = async () => {
    await expectNoViolations(page);
    const [widest, width] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      innerWidth,
    ]);
    expect(widest).toBeLessThanOrEqual(width);
  };
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await expectGoodPage();
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  await page.setViewportSize({ width: 320, height: 568 });
  await expectGoodPage();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog", { name: "Keyboard" })).toBeHidden();
  await expect(heading(page)).toHaveText("first, row 3");
  expect(errors).toEqual([]);
});
