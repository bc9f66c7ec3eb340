import { expect, handwritten, SCRIBBLE, test } from "./fixtures";

test("undo, redo and clear", async ({ sheet }) => {
  await sheet.draw(handwritten(4));
  await expect(sheet.ink).toHaveCount(2);
  await sheet.button(/^Undo/).click();
  await expect(sheet.ink).toHaveCount(1);
  await sheet.button(/^Redo/).click();
  await expect(sheet.ink).toHaveCount(2);
  await sheet.reads(4);
  await sheet.button(/^Clear/).click();
  await expect(sheet.ink).toHaveCount(0);
  await expect(sheet.confidenceLabel).toHaveText("No digit yet");
  await sheet.button(/^Undo/).click();
  await sheet.reads(4);
});

test("the eraser takes whole strokes", async ({ sheet }) => {
  await sheet.draw([
    ...handwritten(1),
    [
      [0.8, 0.2],
      [0.8, 0.8],
    ],
  ]);
  await expect(sheet.ink).toHaveCount(2);
  await sheet.page.keyboard.press("e");
  await expect(sheet.button(/^Eraser/)).toHaveAttribute("aria-pressed", "true");
  await sheet.draw([
    [
      [0.7, 0.5],
      [0.9, 0.5],
    ],
  ]);
  await expect(sheet.ink).toHaveCount(1);
  await sheet.reads(1);
  await sheet.page.keyboard.press("Control+z");
  await expect(sheet.ink).toHaveCount(2);
});

test("the pen's width", async ({ sheet }) => {
  await sheet.page.keyboard.press("]");
  await sheet.page.keyboard.press("]");
  await sheet.draw(handwritten(1));
  await expect(sheet.ink).toHaveAttribute("stroke-width", "20");
});

test("a stroke is on the sheet once, also while it is ended", async ({ sheet }) => {
  const most = await sheet.page.evaluateHandle(() => {
    const seen = { most: 0 };
    new MutationObserver(() => {
      const inked = document.querySelectorAll("path.ink[d]:not([d=''])").length;
      seen.most = Math.max(seen.most, inked);
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
    return seen;
  });
  await sheet.draw(handwritten(1));
  await sheet.reads(1);
  expect(await most.jsonValue()).toEqual({ most: 1 });
});

test("pixels, and Predict", async ({ sheet }) => {
  await sheet.page.getByRole("switch", { name: "While drawing" }).click();
  await sheet.page.getByRole("radio", { name: "Pixels" }).check({ force: true });
  await sheet.draw(handwritten(7));
  await expect(sheet.confidenceLabel).toHaveText("Not read yet");
  const request = sheet.page.waitForRequest("**/api/v1/predictions**");
  await sheet.button(/^Predict/).click();
  const { pixels } = (await request).postDataJSON() as { pixels: number[][] };
  expect(pixels).toHaveLength(28);
  expect(new Set(pixels.flat())).toEqual(new Set([0, 255]));
  await sheet.reads(7);
});

test("sends the drawing as an image in base64", async ({ sheet }) => {
  const request = sheet.page.waitForRequest("**/api/v1/predictions**");
  await sheet.draw(handwritten(2));
  const { image } = (await request).postDataJSON() as { image: string };
  expect(image).toMatch(/^data:image\/png;base64,[A-Za-z0-9+/]+=*$/);
});

test("does not take a scribble for a digit", async ({ sheet }) => {
  await sheet.draw(SCRIBBLE);
  await expect(sheet.confidenceLabel).toHaveText("This does not look like a digit");
  await sheet.reads("none");
});

test("samples to start from", async ({ sheet }) => {
  for (const digit of [0, 5, 8]) {
    await sheet.button(new RegExp(`^Sample ${digit}$`)).click();
    await sheet.reads(digit);
  }
});

test("the last drawings are kept in the browser, opened and deleted", async ({ sheet }) => {
  await sheet.draw(handwritten(6));
  const recent = sheet.button(/^Open the drawing read as 6/);
  await expect(recent).toBeVisible();
  await sheet.page.reload();
  await sheet.button(/^Clear/).click();
  await expect(sheet.ink).toHaveCount(0);
  await recent.click();
  await sheet.reads(6);
  await sheet.button(/^Delete the drawing read as 6/).click();
  await expect(recent).toHaveCount(0);
});

test("a reload loses nothing", async ({ sheet }) => {
  await sheet.draw(handwritten(9));
  await sheet.reads(9);
  await sheet.page.waitForTimeout(600);
  await sheet.page.reload();
  await expect(sheet.ink).toHaveCount(1);
  await sheet.reads(9);
});

test("a finger does not draw beside a pen", async ({ sheet }) => {
  const down = {
    bubbles: true,
    button: 0,
    buttons: 1,
    isPrimary: true,
    clientX: 400,
    clientY: 400,
  };
  await sheet.board.evaluate((board) => {
    board.setPointerCapture = () => undefined;
  });
  const event = (type: string, rest: object) =>
    sheet.board.dispatchEvent(type, { ...down, ...rest });
  await event("pointerdown", { pointerId: 1, pointerType: "touch", width: 20, height: 20 });
  await event("pointerdown", { pointerId: 2, pointerType: "pen", pressure: 0.5 });
  await event("pointermove", { pointerId: 1, pointerType: "touch", clientX: 500 });
  await event("pointermove", { pointerId: 2, pointerType: "pen", pressure: 0.5, clientY: 500 });
  await event("pointerup", { pointerId: 1, pointerType: "touch" });
  await event("pointerup", { pointerId: 2, pointerType: "pen" });
  await event("pointerdown", { pointerId: 3, pointerType: "touch", width: 20, height: 20 });
  await event("pointerup", { pointerId: 3, pointerType: "touch" });
  await expect(sheet.ink).toHaveCount(1);
});

test("draws with the keyboard alone", async ({ sheet }) => {
  const { keyboard } = sheet.page;
  for (let tab = 0; tab < 20; tab++) {
    await keyboard.press("Tab");
    if (await sheet.board.evaluate((board) => board === document.activeElement)) break;
  }
  await expect(sheet.board).toBeFocused();
  await expect(sheet.page.getByText("arrow keys move the pen")).toBeVisible();
  await keyboard.press("Space");
  for (let row = 0; row < 16; row++) await keyboard.press("ArrowDown");
  await keyboard.press("Space");
  await sheet.reads(1);
  await keyboard.press("Control+Enter");
  await keyboard.press("Delete");
  await expect(sheet.confidenceLabel).toHaveText("No digit yet");
});

test("shows its shortcuts, and lets go of those of a single key", async ({ sheet }) => {
  await sheet.page.keyboard.press("?");
  const dialog = sheet.page.getByRole("dialog", { name: "Keyboard" });
  await expect(dialog).toBeVisible();
  await dialog.getByRole("switch", { name: "Shortcuts of a single key" }).click();
  await sheet.page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await sheet.page.keyboard.press("e");
  await expect(sheet.button(/^Pen/)).toHaveAttribute("aria-pressed", "true");
});

test("says how it works with the API's figures", async ({ sheet, service }) => {
  const answer = await fetch(new URL("api/v1/models", service.address));
  const { models, default: name } = await answer.json();
  const model = models.find((model: { name: string }) => model.name === name);
  await sheet.page.getByRole("link", { name: "How it works" }).click();
  const how = sheet.page.getByRole("region", { name: "How it works" });
  await expect(how).toContainText(new Intl.NumberFormat("en").format(model.parameters));
  await expect(how).toContainText(String(model.training.epochs));
  await expect(how.getByAltText(/^The same two/)).toBeVisible();
});
