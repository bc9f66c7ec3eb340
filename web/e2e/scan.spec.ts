/** The page of `inkdigits form from-scan`, on a scan that tests/empty_form.py draws. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, type Page, test } from "@playwright/test";
import { expectNoViolations } from "./violations";

const PYTHON = process.env.INKDIGITS_PYTHON ?? "python3";
const SCRIPT = fileURLToPath(new URL("../../tests/empty_form.py", import.meta.url));

let folder = "";
let server: ChildProcess;
let output = "";

test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "scan-"));
  server = spawn(PYTHON, [SCRIPT, folder], { stdio: ["ignore", "pipe", "inherit"] });
  server.stdout?.on("data", (data: Buffer) => {
    output += data;
  });
  await expect.poll(() => output, { timeout: 25_000 }).toMatch(/http:\S+/);
});

test.afterAll(async () => {
  const exited = new Promise((resolve) => server.once("exit", resolve));
  server.kill("SIGINT");
  await exited;
  await rm(folder, { recursive: true });
});

/** Drag from one place of the scan to another, in shares of its width and height. */
async function drag(page: Page, from: [number, number], to: [number, number]): Promise<void> {
  const box = await page.locator("#drawing").boundingBox();
  if (!box) throw new Error("The scan is not visible.");
  const at = ([x, y]: [number, number]) => [box.x + x * box.width, box.y + y * box.height] as const;
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at(to), { steps: 4 });
  await page.mouse.up();
}

test("fields are drawn, named, moved by keyboard, undone and saved", async ({ page }) => {
  test.slow();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.setViewportSize({ width: 1280, height: 1600 });
  await page.goto(/http:\S+/.exec(output)?.[0] ?? "");
  await expect(page.getByLabel("Title")).toHaveValue("empty");

  // Around the boxes of the customer's number, which tests/empty_form.py describes.
  await drag(page, [1100 / 2100, 600 / 2970], [1580 / 2100, 690 / 2970]);
  const name = page.getByLabel("Name", { exact: true });
  await expect(name).toBeFocused();
  await expect(page.getByLabel("Digits")).toHaveValue("6");
  await name.fill("customer");
  await name.press("Tab");

  await drag(page, [950 / 2100, 1600 / 2970], [1550 / 2100, 1690 / 2970]);
  await name.fill("customer");
  await page.getByLabel("Digits").fill("5");
  await page.getByLabel("One box for each digit").uncheck();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("alert")).toContainText("two have the name");
  await name.fill("before");
  await name.press("Tab");

  const field = page.locator("#drawing").getByRole("button", { name: "before" });
  await field.focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("Delete");
  await expect(field).toHaveCount(0);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(field).toHaveCount(1);

  await expectNoViolations(page);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("status")).toContainText("Saved 2 fields");
  await expect(page.getByRole("alert")).toBeHidden();
  const text = await readFile(join(folder, "meter.toml"), "utf-8");
  expect(text).toContain('name = "customer"');
  expect(text).toContain("boxes = false");
  const [left = 0] = [...text.matchAll(/rectangle = \[\s*(\d+)/g)].map((found) => Number(found[1]));
  expect(Math.abs(left - 1100)).toBeLessThan(12);
  expect(errors).toEqual([]);
});
