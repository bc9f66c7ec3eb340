/** The view Train, with a lab that trains on a few of MNIST's digits. */

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { test as base, expect, type Page } from "@playwright/test";
import { Service } from "./service";
import { expectNoViolations } from "./violations";

const PYTHON = process.env.INKDIGITS_PYTHON ?? "python3";
const DATA = fileURLToPath(new URL("../../tests/small_own_data.py", import.meta.url));

const test = base.extend<{ errors: string[] }, { lab: Service }>({
  lab: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern
    async ({}, use) => {
      const folder = await mkdtemp(join(tmpdir(), "train-"));
      await promisify(execFile)(PYTHON, [DATA, folder]);
      process.env.INKDIGITS_LAB_FOLDER = join(folder, "runs");
      process.env.INKDIGITS_LAB_OWN_DATA = folder;
      process.env.INKDIGITS_LAB_DATA_DIR = join(folder, "none");
      const service = await Service.start();
      await use(service);
      await stopRuns(service).catch(() => undefined);
      await service.kill();
      await rm(folder, { recursive: true, maxRetries: 5 });
    },
    { scope: "worker", timeout: 90_000 },
  ],
  errors: async ({ page }, use) => {
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    await use(errors);
    expect(errors).toEqual([]);
  },
});

/** Stop what a failed test has left: the process of a run outlives the service. */
async function stopRuns({ address }: Service): Promise<void> {
  const lab = `${address}api/v1/lab`;
  const { token } = await (await fetch(lab)).json();
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const { runs } = await (await fetch(`${lab}/runs`, { headers })).json();
  for (const { name, state } of runs) {
    if (!["starting", "training", "paused"].includes(state)) continue;
    const body = JSON.stringify({ command: "stop" });
    await fetch(`${lab}/runs/${name}/commands`, { method: "POST", headers, body });
  }
  // Until their processes have written their last files.
  await new Promise((resolve) => setTimeout(resolve, runs.length > 0 ? 500 : 0));
}

test.describe.configure({ mode: "serial" });

const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });
const state = (page: Page) => page.getByTestId("run-state");
const part = (page: Page, name: string) => page.getByRole("region", { name, exact: true });
const row = (page: Page, name: string) => page.locator(".run-list li", { hasText: name });

/** The number of steps that the page says are done. */
async function stepOf(page: Page): Promise<number> {
  const text = (await page.getByTestId("run-place").textContent()) ?? "";
  return Number(/step ([\d,]+)/.exec(text)?.[1]?.replaceAll(",", ""));
}

/** At each width, nothing is cut off, and in one theme each, nothing is inaccessible. */
async function expectGoodLayout(page: Page): Promise<void> {
  for (const [width, colorScheme] of [
    [820, null],
    [360, null],
    [390, "dark"],
    [1280, "light"],
  ] as const) {
    await page.setViewportSize({ width, height: 800 });
    const widest = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(widest, `of the content at ${width} px`).toBeLessThanOrEqual(width);
    if (colorScheme === null) continue;
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await expectNoViolations(page);
  }
}

test("a run is started, watched and steered", { tag: "@desktop" }, async ({
  page,
  lab,
  errors,
}) => {
  test.slow();
  await page.goto(lab.address);
  await button(page, "Sample 3").click();
  await page.getByRole("link", { name: "Train", exact: true }).click();

  await test.step("the form says what is missing and what is wrong", async () => {
    await expect(page.getByText("run “inkdigits data” in a terminal")).toBeVisible();
    await expect(button(page, "Start training")).toHaveAttribute("aria-disabled", "true");
    await page.getByLabel("Data", { exact: true }).selectOption("digits.npz");
    await page.getByLabel("Hidden layers").fill("16");
    await page.getByLabel("Epochs", { exact: true }).fill("2000");
    await page.getByLabel("Learning rate", { exact: true }).fill("fast");
    await button(page, "Start training").click();
    await expect(page.getByRole("alert")).toContainText("should be a number");
    await expect(page.getByLabel("Learning rate", { exact: true })).toBeFocused();
    expect(errors.splice(0)).toEqual([expect.stringContaining("422")]);
    await expectGoodLayout(page);
    await page.getByLabel("Learning rate", { exact: true }).fill("0.002");
    await page.getByLabel("Learning rate", { exact: true }).press("Enter");
  });

  await test.step("it is shown as it learns", async () => {
    await expect(state(page)).toHaveText("training");
    await expect(page).toHaveURL(/#\/train\?run=/);
    await expect(page.getByTestId("speed")).toHaveText(/\d/);
    await expect(page.getByText(/(min|s|h) left/)).toBeVisible();
    for (const what of ["Loss", "Accuracy"]) {
      await expect(
        page.getByRole("img", { name: new RegExp(`^${what} by step: .*validation from`) }),
      ).toBeVisible();
    }
    await expect(page.getByRole("img", { name: /^Weights of the 16 units/ })).toBeVisible();
    await expect(part(page, "Weights and gradients by layer").getByRole("row")).toHaveCount(3);
    // As high as the bars beside it, although it has few steps yet.
    const history = page.getByRole("img", { name: /^Probability of each class/ });
    await expect(history).toBeVisible();
    expect((await history.boundingBox())?.height).toBeLessThan(400);
    await expect(page.getByTestId("run-announcer")).toHaveText(/^Epoch \d+ done, validation/);
  });

  await test.step("pause, one step with its gradient, one epoch", async () => {
    await button(page, "Pause").click();
    await expect(state(page)).toHaveText("paused");
    const before = await stepOf(page);
    await button(page, "One step").click();
    await expect.poll(() => stepOf(page)).toBe(before + 1);
    await expect(part(page, "The gradient of one weight")).toContainText("By backpropagation");
    const [exact = 0, tried = 1] = (
      await part(page, "The gradient of one weight").locator("dd").allTextContents()
    ).map((text) => Number(text.replaceAll("−", "-")));
    expect(Math.abs(exact - tried)).toBeLessThanOrEqual(1e-5 + 0.02 * Math.abs(exact));
    await button(page, "One epoch").click();
    await expect.poll(() => stepOf(page)).toBeGreaterThan(before + 1);
    await expect(state(page)).toHaveText("paused");
  });

  await test.step("the confusion matrix opens its digits, by keyboard too", async () => {
    const matrix = part(page, "Confusion matrix");
    await matrix.scrollIntoViewIfNeeded();
    await matrix.getByRole("button", { name: "0, predicted right" }).press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await expect(matrix.getByRole("img", { name: "A 1, predicted as 1" }).first()).toBeVisible();
    await expect(part(page, "Worst mistakes").getByRole("img").first()).toBeVisible();
    await expectGoodLayout(page);
  });

  await test.step("learning rate, epochs, early stopping, rewinding", async () => {
    await page.getByLabel("Learning rate", { exact: true }).fill("0.0005");
    await page.getByLabel("Learning rate", { exact: true }).press("Enter");
    await expect(part(page, "What was changed")).toContainText("0.0005");
    await page.getByLabel("Epochs", { exact: true }).fill("3000");
    await button(page, "Set epochs").click();
    await expect(page.getByTestId("run-place")).toContainText("of 3,000");
    const stopping = button(page, /without improvement/);
    await stopping.click();
    await expect(stopping).toHaveAttribute("aria-pressed", "true");
    await stopping.click();
    await expect(stopping).toHaveAttribute("aria-pressed", "false");
    const checkpoints = page.getByLabel("Checkpoint");
    const oldest = checkpoints.getByRole("option").last();
    const target = Number(
      /step ([\d,]+)/.exec((await oldest.textContent()) ?? "")?.[1]?.replace(",", ""),
    );
    await checkpoints.selectOption({ index: (await checkpoints.getByRole("option").count()) - 1 });
    await button(page, "Rewind").click();
    await expect.poll(() => stepOf(page)).toBe(target);
    await expect(part(page, "What was changed")).toContainText("Rewind");
  });

  await test.step("it survives a restart of the server, and a reload", async () => {
    await button(page, "Continue").click();
    await expect(state(page)).toHaveText("training");
    await lab.kill();
    await expect(page.getByTestId("disconnected")).toBeVisible();
    const before = await stepOf(page);
    await lab.start();
    await expect(page.getByTestId("disconnected")).toBeHidden({ timeout: 15_000 });
    await expect.poll(() => stepOf(page)).toBeGreaterThan(before);
    await page.reload();
    await expect.poll(() => stepOf(page)).toBeGreaterThan(before);
    // As high as the bars beside it, although it has few steps yet.
    const history = page.getByRole("img", { name: /^Probability of each class/ });
    await expect(history).toBeVisible();
    expect((await history.boundingBox())?.height).toBeLessThan(400);
    errors.length = 0;
  });

  await test.step("what is stopped is served at once, and one draws on it", async () => {
    await expect(button(page, "Serve it and draw")).toHaveAttribute("aria-disabled", "true");
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await expect(state(page)).toHaveText("stopped");
    const name = (await page.locator("#run-title").textContent()) ?? "";
    await button(page, "Serve it and draw").click();
    await expect(page).toHaveURL(/#\/(\?|$)/);
    await expect(page.getByRole("combobox", { name: "Model" })).toHaveValue(name);
    await expect(page.getByTestId("result-heading")).not.toHaveText("Reading…");
  });
});

test("runs are repeated, recorded, compared and deleted", { tag: "@desktop" }, async ({
  page,
  lab,
  errors,
}) => {
  await page.goto(`${lab.address}#/train`);
  const first = (await page.locator("#run-title").textContent()) ?? "";

  const download = page.waitForEvent("download");
  await button(page, "Download the record").click();
  const record = JSON.parse(await readFile(await (await download).path(), "utf-8"));
  expect(JSON.stringify(record)).toContain('"learning_rate"');

  await button(page, "Same seed again").click();
  await expect(page.locator("#run-title")).not.toHaveText(first);
  await expect(state(page)).toHaveText("training");
  const second = (await page.locator("#run-title").textContent()) ?? "";
  await expect(button(page, "Delete").last()).toHaveAccessibleDescription("Stop the run first.");
  await expect(button(page, "Again with the changes")).toHaveAccessibleDescription(/Nothing/);
  await page.getByLabel("Epochs", { exact: true }).fill("1500");
  await button(page, "Set epochs").click();
  await expect(page.getByTestId("run-place")).toContainText("of 1,500");
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await expect(state(page)).toHaveText("stopped");

  for (const name of [first, second])
    await page.getByLabel(`Mark ${name}`, { exact: true }).check();
  await button(page, "Compare 2").click();
  await expect(page.getByRole("heading", { name: "2 runs compared" })).toBeVisible();
  await expect(page.getByRole("img", { name: /^Validation accuracy by epoch/ })).toBeVisible();
  const settings = page.getByRole("region", { name: "Settings that differ" });
  await expect(settings.getByRole("row")).toHaveCount(3);
  await expect(settings.getByRole("columnheader", { name: "Epochs" })).toBeVisible();
  await page.getByLabel("Show").selectOption("Validation loss");
  await expect(page.getByRole("img", { name: /^Validation loss by epoch/ })).toBeVisible();
  await expectGoodLayout(page);

  await page.getByLabel(`Mark ${first}`, { exact: true }).uncheck();
  await button(page, "Delete 1").click();
  await expect(page.getByRole("dialog")).toContainText(second);
  await expectNoViolations(page);
  await button(page, "Keep").click();
  await expect(row(page, second)).toBeVisible();
  await button(page, "Delete 1").click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(page.getByLabel(`Mark ${second}`, { exact: true })).toHaveCount(0);
  expect(errors).toEqual([]);
});

test("a run is started, steered and deleted by touch", { tag: "@touch" }, async ({
  page,
  lab,
  errors,
}) => {
  await page.goto(`${lab.address}#/train`);
  await page.getByLabel("Data", { exact: true }).selectOption("digits.npz");
  await page.getByLabel("Hidden layers").fill("16");
  await page.getByLabel("Epochs", { exact: true }).fill("2000");
  await button(page, "Start training").tap();
  await expect(state(page)).toHaveText("training");
  await button(page, "Pause").tap();
  await expect(state(page)).toHaveText("paused");
  const before = await stepOf(page);
  await button(page, "One step").tap();
  await expect.poll(() => stepOf(page)).toBe(before + 1);
  await button(page, "One epoch").tap();
  await expect.poll(() => stepOf(page)).toBeGreaterThan(before + 1);
  const matrix = part(page, "Confusion matrix");
  await matrix.scrollIntoViewIfNeeded();
  await matrix.getByRole("button", { name: "0, predicted right" }).tap();
  await expect(matrix.getByRole("img", { name: "A 0, predicted as 0" }).first()).toBeVisible();
  const [content, screen] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    window.innerWidth,
  ]);
  expect(content).toBeLessThanOrEqual(screen ?? 0);
  await expectNoViolations(page);
  await page.getByRole("button", { name: "Stop", exact: true }).tap();
  await expect(state(page)).toHaveText("stopped");
  await button(page, "Delete").last().tap();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).tap();
  await expect(page.getByRole("heading", { name: "Train your first network" })).toBeVisible();
  expect(errors).toEqual([]);
});

test("a link to a run that is gone, and a server without a lab, are explained", {
  tag: "@desktop",
}, async ({ page, lab, errors }) => {
  await page.goto(`${lab.address}#/train?run=gone`);
  await expect(page.getByRole("alert")).toContainText("There is no run “gone”");
  await page.route("**/api/v1/lab", (route) =>
    route.fulfill({
      status: 404,
      contentType: "application/problem+json",
      body: JSON.stringify({ detail: "This server has no lab." }),
    }),
  );
  await page.reload();
  await expect(page.getByRole("alert")).toHaveText("This server has no lab.");
  await expect(page.getByText("inkdigits lab", { exact: true })).toBeVisible();
  await expectNoViolations(page);
  await page.unroute("**/api/v1/lab");
  await button(page, "Try again").click();
  await expect(page.getByRole("alert")).toContainText("There is no run “gone”");
  errors.length = 0;
});
