import { type AppPage, expect, handwritten, type Lines, SCRIBBLE, test } from "./fixtures";
import { overlaps } from "./overlaps";
import { expectNoViolations } from "./violations";

/** Width of the sheet in its heights, with the ruler around it. */
const SHEET_RATIO = 1004 / 304;

/** Digits side by side on the wide sheet. */
function written(digits: readonly number[]): Lines {
  return digits.flatMap((digit, index) =>
    handwritten(digit).map((line) =>
      line.map(([x, y]) => [(x - 0.2 + 0.45 * index) / SHEET_RATIO, y] as const),
    ),
  );
}

/** Two digits in the square drawing area. */
const IN_SQUARE: Lines = [4, 2].flatMap((digit, index) =>
  handwritten(digit).map((line) => line.map(([x, y]) => [x - 0.22 + 0.42 * index, y] as const)),
);

const numberOf = (app: AppPage) => app.page.getByTestId("number");
const digitsOf = (app: AppPage) => app.page.getByTestId("digits").getByRole("radio");

async function openNumberMode(app: AppPage): Promise<void> {
  await app.page.getByRole("link", { name: "Number" }).click();
  await expect(app.heading).toHaveText("No number yet");
  await expect(app.page.locator(".model-info")).toContainText("parameters");
}

/** Positions in the document of everything that must not move. */
const positions = (app: AppPage) =>
  app.page.evaluate(() =>
    [
      ...document.querySelectorAll(
        ".drawing-area, .tool, .number-actions > *, .bars li, .controls > *, .constraints, .recent-drawings",
      ),
    ].map((element) => {
      const box = element.getBoundingClientRect();
      return [box.left + scrollX, box.top + scrollY, box.width].map(Math.round).join(" ");
    }),
  );

const PARTS =
  ".site-header, .input-sources, .drawing-area, .digit-strip label, .drawing-tools, .number-frame, .number-actions > *, .result-text > *, .number-digit, .number-candidates, .controls, .constraints";

test("finds the digits of a number as it is written, and moves nothing", async ({ app }) => {
  await openNumberMode(app);
  const empty = await positions(app);
  await app.draw(written([4]));
  await expect(numberOf(app)).toHaveText("4");
  await app.draw(written([4, 7, 2]).slice(2));
  await expect(numberOf(app)).toHaveText("472");
  expect(await positions(app)).toEqual(empty);
  // Each box is around its digit, and its label is below it.
  const [, box] = await app.page.getByTestId("boxes").locator("rect").all();
  const found = await box?.boundingBox();
  const ink = await app.ink.nth(2).boundingBox();
  const label = await digitsOf(app).nth(1).boundingBox();
  if (!found || !ink || !label) throw new Error("the second digit has no box, ink or label");
  const center = (box: { x: number; width: number }) => box.x + box.width / 2;
  expect(Math.abs(center(found) - center(ink))).toBeLessThan(12);
  expect(Math.abs(found.height - ink.height)).toBeLessThan(30);
  expect(Math.abs(center(label) - center(found))).toBeLessThan(5);
  await app.draw(SCRIBBLE.map((line) => line.map(([x, y]) => [0.6 + x / 4, y] as const)));
  await expect(digitsOf(app)).not.toHaveCount(0);
  expect(await positions(app)).toEqual(empty);
});

test("a digit is corrected, taken back and copied with the keyboard alone", async ({
  app,
  context,
}) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const { keyboard } = app.page;
  await keyboard.press("n");
  await app.draw(written([4, 7]));
  await expect(numberOf(app)).toHaveText("47");
  // The drawing area has the focus; the row of digits comes next.
  await keyboard.press("Tab");
  await expect(app.page.getByTestId("digits").locator(":focus")).toHaveCount(1);
  await digitsOf(app).nth(1).focus();
  await keyboard.press("ArrowLeft");
  await expect(app.page.getByTestId("digit-caption")).toHaveText("Digit 1 of 2");
  await keyboard.press("9");
  await expect(numberOf(app)).toHaveText("97");
  await keyboard.press("Control+z");
  await expect(numberOf(app)).toHaveText("47");
  await keyboard.press("Control+y");
  await keyboard.press("c");
  await expect(app.button(/^Copied/)).toBeVisible();
  expect(await app.page.evaluate(() => navigator.clipboard.readText())).toBe("97");
  await keyboard.press("Delete");
  await expect(numberOf(app)).toHaveText("47");
  await expect(app.ink).toHaveCount(3);
  // A tap on the ink of a digit chooses it, and draws nothing.
  await app.draw(
    written([4, 7])
      .slice(2)
      .map((line) => line.slice(0, 1)),
  );
  await expect(app.page.getByTestId("digit-caption")).toHaveText("Digit 2 of 2");
  await expect(app.ink).toHaveCount(3);
  // The drawing stays apart from the digit's, and both survive a reload.
  await app.page.waitForTimeout(600);
  await app.page.reload();
  await expect(numberOf(app)).toHaveText("47");
  await keyboard.press("d");
  await expect(app.heading).toHaveText("No digit yet");
});

test("constraints decide the number, and one that is not valid is explained at its field", async ({
  app,
  consoleErrors,
}) => {
  await openNumberMode(app);
  await app.draw(written([4, 7]));
  await expect(numberOf(app)).toHaveText("47");
  await app.page.locator(".constraints summary").click();
  await app.page.getByLabel("Choices").fill("41\n19");
  await expect(numberOf(app)).not.toHaveText("47");
  const length = app.page.getByLabel("Length");
  await length.fill("40");
  await expect(length).toHaveAttribute("aria-invalid", "true");
  await expect(length).toHaveAccessibleDescription(/20/);
  await expect(app.notice).toHaveCount(0);
  await app.button(/^Clear constraints/).click();
  await expect(numberOf(app)).toHaveText("47");
  // The browser reports the refused request.
  expect(consoleErrors.every((error) => /status of 422/.test(error))).toBe(true);
  consoleErrors.length = 0;
});

test("a digit that may be a number is read as one, with the same drawing", async ({ app }) => {
  await app.draw(IN_SQUARE);
  await app.button(/^Read it as a number/).click();
  await expect(numberOf(app)).toHaveText("42");
  await expect(app.ink).toHaveCount(3);
  await expect(app.page.getByTestId("boxes").locator("rect")).toHaveCount(2);
  await app.page.getByRole("link", { name: "Draw", exact: true }).click();
  await expect(app.ink).toHaveCount(3);
  await expect(app.heading).toHaveText("This does not look like a digit");
});

test("the sheet is as wide as a phone, and nothing overlaps or is cut off", async ({ app }) => {
  await openNumberMode(app);
  await app.draw(written([4, 7]));
  await expect(numberOf(app)).toHaveText("47");
  for (const [width, height] of [
    [740, 360],
    [568, 320],
    [390, 844],
    [320, 568],
    [1024, 600],
  ] as const) {
    await app.page.setViewportSize({ width, height });
    expect(await app.page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    expect(await overlaps(app.page, PARTS)).toEqual([]);
    const sheet = await app.drawingArea.boundingBox();
    if (width < 800) expect(sheet?.width).toBeGreaterThan(width - 32);
    // Held sideways, the answer is in view together with the sheet.
    if (height < 400) {
      for (const part of [app.drawingArea, digitsOf(app).last()]) {
        await expect(part).toBeInViewport({ ratio: 0.99 });
      }
    }
  }
});

test("number mode has no accessibility violations, in light and in dark", async ({
  app,
  consoleErrors,
}) => {
  test.slow();
  await openNumberMode(app);
  await app.draw(written([4, 7]));
  await expect(numberOf(app)).toHaveText("47");
  // Announced once the last stroke has ended, which would undo the correction of its digit.
  await expect(app.page.getByTestId("announcer")).toContainText("four seven");
  await app.button(/^Change to nine/).click();
  await expect(app.heading).toHaveText("Corrected by you");
  await app.page.locator(".constraints summary").click();
  await app.page.getByLabel("Length").fill("40");
  await expect(app.heading).toHaveText("A constraint is not valid");
  const expectAccessible = async () => {
    // Colors are measured after their transitions.
    await app.page.waitForTimeout(350);
    await expectNoViolations(app.page, ".workspace");
  };
  await app.page.emulateMedia({ colorScheme: "light" });
  await expectAccessible();
  await app.page.emulateMedia({ colorScheme: "dark" });
  await app.page.getByLabel("Length").fill("2");
  await expect(app.heading).toHaveText("Corrected by you");
  await expectAccessible();
  await expect(app.page.getByTestId("announcer")).toContainText("corrected by you");
  consoleErrors.length = 0;
});
