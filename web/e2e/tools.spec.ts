import { expect, handwritten, SCRIBBLE, test } from "./fixtures";

test("undo, redo and clear", async ({ app }) => {
  await app.draw(handwritten(4));
  await expect(app.ink).toHaveCount(2);
  await app.button(/^Undo/).click();
  await expect(app.ink).toHaveCount(1);
  await app.button(/^Redo/).click();
  await expect(app.ink).toHaveCount(2);
  await app.expectDigit(4);
  await app.button(/^Clear/).click();
  await expect(app.ink).toHaveCount(0);
  await expect(app.heading).toHaveText("No digit yet");
  await app.button(/^Undo/).click();
  await app.expectDigit(4);
});

test("the eraser removes whole strokes", async ({ app }) => {
  await app.draw([
    ...handwritten(1),
    [
      [0.8, 0.2],
      [0.8, 0.8],
    ],
  ]);
  await expect(app.ink).toHaveCount(2);
  await app.page.keyboard.press("e");
  await expect(app.button(/^Eraser/)).toHaveAttribute("aria-pressed", "true");
  await app.draw([
    [
      [0.7, 0.5],
      [0.9, 0.5],
    ],
  ]);
  await expect(app.ink).toHaveCount(1);
  await app.expectDigit(1);
  await app.page.keyboard.press("Control+z");
  await expect(app.ink).toHaveCount(2);
});

test("shortcuts change the pen width", async ({ app }) => {
  await app.page.keyboard.press("]");
  await app.page.keyboard.press("]");
  await app.draw(handwritten(1));
  await expect(app.ink).toHaveAttribute("stroke-width", "20");
});

test("a stroke is never shown twice, not even when it ends", async ({ app }) => {
  const highest = await app.page.evaluateHandle(() => {
    const count = { highest: 0 };
    new MutationObserver(() => {
      const strokes = document.querySelectorAll("path.ink[d]:not([d=''])").length;
      count.highest = Math.max(count.highest, strokes);
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
    return count;
  });
  await app.draw(handwritten(1));
  await app.expectDigit(1);
  expect(await highest.jsonValue()).toEqual({ highest: 1 });
});

test("pixel mode predicts with the Predict button and sends 28 by 28 pixels", async ({ app }) => {
  await app.page.getByRole("switch", { name: "Predict while I draw" }).click();
  await app.page.getByRole("radio", { name: "Pixels" }).check({ force: true });
  await app.draw(handwritten(7));
  await expect(app.heading).toHaveText("Not read yet");
  const request = app.page.waitForRequest("**/api/v1/predictions**");
  await app.button(/^Predict/).click();
  const { pixels } = (await request).postDataJSON() as { pixels: number[][] };
  expect(pixels).toHaveLength(28);
  expect(new Set(pixels.flat())).toEqual(new Set([0, 255]));
  await app.expectDigit(7);
});

test("sends the drawing as an image in base64", async ({ app }) => {
  const request = app.page.waitForRequest("**/api/v1/predictions**");
  await app.draw(handwritten(2));
  const { image } = (await request).postDataJSON() as { image: string };
  expect(image).toMatch(/^data:image\/png;base64,[A-Za-z0-9+/]+=*$/);
});

test("rejects a scribble", async ({ app }) => {
  await app.draw(SCRIBBLE);
  await expect(app.heading).toHaveText("This does not look like a digit");
  await app.expectDigit("none");
});

test("starts from a sample", async ({ app }) => {
  for (const digit of [0, 5, 8]) {
    await app.button(new RegExp(`^Sample ${digit}$`)).click();
    await app.expectDigit(digit);
  }
});

test("recent drawings are stored in the browser, opened and deleted", async ({ app }) => {
  await app.draw(handwritten(6));
  const recent = app.button(/^Open drawing: 6/);
  await expect(recent).toBeVisible();
  await app.page.reload();
  await app.button(/^Clear/).click();
  await expect(app.ink).toHaveCount(0);
  await recent.click();
  await app.expectDigit(6);
  await app.button(/^Delete drawing: 6/).click();
  await expect(recent).toHaveCount(0);
});

test("a reload loses nothing", async ({ app }) => {
  await app.draw(handwritten(9));
  await app.expectDigit(9);
  // Drawings are saved with a short delay.
  await app.page.waitForFunction(() => sessionStorage["inkdigits.freehand"]?.includes("points"));
  await app.page.reload();
  await expect(app.ink).toHaveCount(1);
  await app.expectDigit(9);
});

test("a finger does not draw while a pen does", async ({ app }) => {
  const down = {
    bubbles: true,
    button: 0,
    buttons: 1,
    isPrimary: true,
    clientX: 400,
    clientY: 400,
  };
  await app.drawingArea.evaluate((element) => {
    element.setPointerCapture = () => undefined;
  });
  const event = (type: string, rest: object) =>
    app.drawingArea.dispatchEvent(type, { ...down, ...rest });
  await event("pointerdown", { pointerId: 1, pointerType: "touch", width: 20, height: 20 });
  await event("pointerdown", { pointerId: 2, pointerType: "pen", pressure: 0.5 });
  await event("pointermove", { pointerId: 1, pointerType: "touch", clientX: 500 });
  await event("pointermove", { pointerId: 2, pointerType: "pen", pressure: 0.5, clientY: 500 });
  await event("pointerup", { pointerId: 1, pointerType: "touch" });
  await event("pointerup", { pointerId: 2, pointerType: "pen" });
  await event("pointerdown", { pointerId: 3, pointerType: "touch", width: 20, height: 20 });
  await event("pointerup", { pointerId: 3, pointerType: "touch" });
  await expect(app.ink).toHaveCount(1);
});

test("draws with the keyboard alone", async ({ app }) => {
  const { keyboard } = app.page;
  for (let tab = 0; tab < 20; tab++) {
    await keyboard.press("Tab");
    if (await app.drawingArea.evaluate((element) => element === document.activeElement)) break;
  }
  await expect(app.drawingArea).toBeFocused();
  await expect(app.page.getByText("arrow keys move the pen")).toBeVisible();
  await keyboard.press("Space");
  for (let row = 0; row < 16; row++) await keyboard.press("ArrowDown");
  await keyboard.press("Space");
  await app.expectDigit(1);
  await keyboard.press("Control+Enter");
  await keyboard.press("Delete");
  await expect(app.heading).toHaveText("No digit yet");
});

test("lists the shortcuts, and turns off single-key shortcuts", async ({ app }) => {
  await app.page.keyboard.press("?");
  const dialog = app.page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await expect(dialog).toBeVisible();
  await dialog.getByRole("switch", { name: "Single-key shortcuts" }).click();
  await app.page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await app.page.keyboard.press("e");
  await expect(app.button(/^Pen/)).toHaveAttribute("aria-pressed", "true");
});

test("explains how it works, with the numbers of the model", async ({ app, service }) => {
  const response = await fetch(new URL("api/v1/models", service.address));
  const { models, default: name } = await response.json();
  const model = models.find((model: { name: string }) => model.name === name);
  await app.page.getByRole("link", { name: "How it works" }).click();
  const how = app.page.getByRole("region", { name: "How it works" });
  await expect(how).toContainText(new Intl.NumberFormat("en").format(model.parameters));
  await expect(how).toContainText(String(model.training.recipe.epochs));
  await expect(how.getByAltText(/^The same 2/)).toBeVisible();
});
