import { readFile } from "node:fs/promises";
import type { Locator, Page } from "@playwright/test";
import { type AppPage, test as base, expect, handwritten } from "./fixtures";
import { Service } from "./service";
import { expectNoViolations } from "./violations";

/** A service with several models, so that two can be compared. */
const test = base.extend<object, { service: Service }>({
  service: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern
    async ({}, use) => {
      const service = await Service.start({ INKDIGITS_MODELS: "cnn-small,mlp,classic" });
      await use(service);
      await service.kill();
    },
    { scope: "worker", timeout: 90_000 },
  ],
});

const answer = (app: AppPage) => app.page.getByTestId("inside-answer");
const maps = (app: AppPage, layer: number) =>
  app.page.getByRole("listbox", { name: new RegExp(`layer ${layer}$`) });
const detail = (app: AppPage) => app.page.locator(".unit-detail");

async function openInside(app: AppPage, digit = 7): Promise<void> {
  await app.page.getByRole("link", { name: "Inside" }).click();
  await expect(app.page.getByText("Draw a digit to see inside the network.")).toBeVisible();
  await app.draw(handwritten(digit));
  await expect(answer(app)).toHaveAttribute("data-digit", String(digit));
  await expect(app.page.locator(".chain-stage")).toHaveCount(6);
}

async function expectNoOverflow(page: Page): Promise<void> {
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow).toBeLessThanOrEqual(0);
}

/** The colors of a picture, to see whether it changes. */
const picture = (canvas: Locator) =>
  canvas.evaluate((element) => (element as HTMLCanvasElement).toDataURL());

const number = (text: string) => Number(text.replace(/[=\s+]/g, "").replace("−", "-"));

/** The lines of the open formula add up to the result that is shown. */
async function expectToAddUp(app: AppPage): Promise<void> {
  await expect(detail(app).getByTestId("equation-result")).toBeVisible();
  const cells = await detail(app).locator(".equation-value").allTextContents();
  const [result = Number.NaN, ...terms] = cells.map(number).reverse();
  expect(terms.length).toBeGreaterThanOrEqual(2);
  expect(terms.reduce((sum, term) => sum + term, 0)).toBeCloseTo(result, 6);
}

/** Choose with the keyboard: what is loaded above may move a radio button away from a click. */
async function choose(radio: Locator): Promise<void> {
  await radio.press("Space");
  await expect(radio).toBeChecked();
}

test("each control shows how the network came to its answer, and a link restores it", async ({
  app,
}) => {
  test.slow();
  const { page } = app;
  await openInside(app);
  const question = page.locator("#target-title");
  await expect(question).toHaveText("Why a 7?");

  // A convolution: the kernel slides over the drawing, and its products add up.
  await page
    .getByRole("combobox", { name: "Shown of the convolution in layer 1" })
    .selectOption("1");
  await maps(app, 1).getByRole("option").nth(4).click();
  await expect(detail(app).getByTestId("equation")).toBeVisible();
  await expectToAddUp(app);
  const row = detail(app).getByRole("spinbutton", { name: "Row" });
  const column = detail(app).getByRole("spinbutton", { name: "Column" });
  await row.fill("8");
  await column.fill("26");
  await detail(app).getByRole("button", { name: "Step", exact: true }).click();
  await expect(row).toHaveValue("9");
  await expect(column).toHaveValue("1");
  await expectToAddUp(app);
  await detail(app).getByRole("button", { name: "Step back" }).click();
  await expect(column).toHaveValue("26");
  await detail(app).getByRole("button", { name: "Play" }).click();
  await expect(column).not.toHaveValue("26");
  await detail(app).getByRole("button", { name: "Pause" }).click();
  const output = detail(app).locator(".map-view-picture").last();
  await output.click({ position: { x: 3, y: 3 } });
  await expect(row).toHaveValue("1");
  await expect(page).toHaveURL(/unit=1\.0\.0\.4/);

  // Of several input maps, one is shown, and the sum is of all.
  await page
    .getByRole("combobox", { name: "Shown of the convolution in layer 4" })
    .selectOption("4");
  await maps(app, 4).getByRole("option").nth(2).click();
  await expect(detail(app).getByRole("rowheader", { name: "15 other input maps" })).toBeVisible();
  await expectToAddUp(app);
  await detail(app).getByRole("combobox", { name: "Show the products with" }).selectOption("7");
  await expect(detail(app)).toContainText("Input map 8 of 20");
  await expectToAddUp(app);

  // Pooling, activation and a dense layer.
  await page
    .getByRole("combobox", { name: "Shown of the convolution in layer 1" })
    .selectOption("2");
  await maps(app, 2).getByRole("option").first().click();
  await expect(detail(app).getByTestId("formula-line")).toHaveText(/^max\(.+, .+, .+, .+\) = /);
  await maps(app, 13).getByRole("option").first().click();
  await expect(detail(app).getByTestId("formula-line")).toHaveText(/^max\(0, −?\d/);
  await maps(app, 14).getByRole("option").nth(7).click();
  await expect(detail(app)).toContainText("Class 7");
  await expectToAddUp(app);

  // Another class: its effects, and what would make it so.
  await choose(page.getByRole("radio", { name: /^one, / }));
  await expect(question).toHaveText("Why not a 1?");
  const change = page.locator("[data-part=change]");
  await change.scrollIntoViewIfNeeded();
  await expect(change).toContainText("What would make it 1");
  await expect(change).toContainText(/pixels? .* the answer is 1, with/);
  await choose(page.getByRole("radio", { name: "Effect on 1" }));
  await expect(page.locator(".chain-legend")).toContainText("gradient of the logit of 1");
  const rejection = page.locator("[data-part=rejection]");
  await expect(rejection).toContainText(/Accepted as a digit.*higher by \d/);
  await expect(page.locator("[data-part=steps] img")).not.toHaveCount(0);
  await expect(page.locator("[data-part=neighbors]")).not.toContainText("Working");

  // What is laid over the drawing.
  const input = page.locator(".input-column canvas");
  const plain = await picture(input);
  const overlay = page.getByRole("combobox", { name: "Laid over the input" });
  for (const kind of ["saliency", "occlusion"]) {
    await overlay.selectOption(kind);
    await expect.poll(() => picture(input)).not.toBe(plain);
  }
  await overlay.selectOption("none");

  // Two models side by side, then without preprocessing.
  await page.getByRole("combobox", { name: "Model to compare with" }).selectOption("mlp");
  await expect(page.getByTestId("compare-side")).toHaveCount(2);
  await expect(page.getByTestId("compare-side").last()).toContainText(/\d% for 7/);
  await page.getByRole("switch", { name: "Preprocessing" }).click();
  await expect(page.getByTestId("without-preprocessing")).toContainText("With it: 7");
  await expectNoOverflow(page);
  // A tablet has the phone's layout.
  if (page.viewportSize()?.width !== 820) await expectNoViolations(page);

  // The address alone restores all of it.
  await expect(page).toHaveURL(/unit=14\.7&target=1&compare=mlp&preprocess=off/);
  await page.reload();
  await expect(detail(app)).toContainText("Class 7");
  await expect(question).toHaveText("Why not a 1?");
  await expect(page.getByTestId("compare-side")).toHaveCount(2);
  await expect(page.getByTestId("without-preprocessing")).toBeVisible();
  await page.getByRole("switch", { name: "Preprocessing" }).click();
  await page.getByRole("button", { name: "Follow the answer" }).click();
  await expect(question).toHaveText("Why a 7?");
  await page.getByRole("button", { name: "Close" }).click();
  await expect(detail(app)).toHaveCount(0);

  // What the network saw, as files.
  for (const side of [28, 560]) {
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: `${side} by ${side} pixels` }).click();
    const file = await readFile(await (await download).path());
    expect([file.readUInt32BE(16), file.readUInt32BE(20)]).toEqual([side, side]);
  }
});

test.describe(() => {
  test.skip(({ isMobile, hasTouch }) => Boolean(isMobile || hasTouch), "with keyboard and mouse");

  test("with the keyboard alone, in dark: units, tables and back", async ({ app }) => {
    test.slow();
    const { page } = app;
    // Colors that change slowly have no certain contrast.
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    await openInside(app, 3);
    const units = maps(app, 13);
    await expect(units.locator("[tabindex='0']")).toHaveCount(1);
    await units.locator("[tabindex='0']").focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await expect(detail(app)).toContainText("Unit 8");
    // The unit keeps the focus, and its pixels are laid over the input.
    await expect(page.locator(".input-caption")).toHaveText("Pixels that drive this unit");
    await expectNoViolations(page);
    await page.emulateMedia({ colorScheme: "light", forcedColors: "active" });
    await expectNoViolations(page);
    const table = page.locator(".input-column summary");
    await table.focus();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("table", { name: "Ink of each pixel" })).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
    await page.getByRole("button", { name: "Close" }).focus();
    await page.keyboard.press("Enter");
    await expect(units.getByRole("option", { name: /^Unit 8/ })).toBeFocused();
  });

  test("a dense first layer is shown by its weights, and follows the drawing", async ({ app }) => {
    const { page } = app;
    await page.getByRole("link", { name: "Inside" }).click();
    await page.getByRole("combobox", { name: "Model", exact: true }).selectOption("mlp");
    await app.draw(handwritten(1));
    await expect(answer(app)).toHaveAttribute("data-digit", "1");
    await expect(page.locator(".chain-stage")).toHaveCount(3);
    const first = page.locator(".chain-stage").first().locator("canvas").first();
    await expect(first).toHaveAttribute("width", "28");
    await maps(app, 2).getByRole("option").nth(3).hover();
    await expect(page.locator(".input-caption")).toHaveText("Pixels that drive this unit");
    await page.keyboard.press("Delete");
    await app.draw(handwritten(8));
    await expect(answer(app)).toHaveAttribute("data-digit", "8");
    await expect(page.locator("#target-title")).toHaveText("Why an 8?");
  });
});
