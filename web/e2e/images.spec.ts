import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { type AppPage, expect, handwritten, test } from "./fixtures";

const file = (path: string) => fileURLToPath(new URL(`../../tests/${path}`, import.meta.url));
const golden = (digit: number) => file(`golden/${digit}.png`);
const base64 = (digit: number) => readFileSync(golden(digit)).toString("base64");

test("opens an image", async ({ app }) => {
  const chooser = app.page.waitForEvent("filechooser");
  await app.button(/^Open an image/).click();
  await (await chooser).setFiles(golden(7));
  await app.expectDigit(7);
  await expect(app.page.getByTestId("image")).toBeAttached();
});

for (const [what, type] of [
  ["pasted", "paste"],
  ["dropped", "drop"],
] as const) {
  test(`opens an image that is ${what}`, async ({ app }) => {
    await app.page.evaluate(
      ([data, type]) => {
        const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], "four.png", { type: "image/png" }));
        const options = { bubbles: true, cancelable: true };
        document.body.dispatchEvent(
          type === "paste"
            ? new ClipboardEvent("paste", { ...options, clipboardData: transfer })
            : new DragEvent("drop", { ...options, dataTransfer: transfer }),
        );
      },
      [base64(4), type] as const,
    );
    await app.expectDigit(4);
  });
}

const hint = (app: AppPage) => app.page.locator(".drawing-area-hint");
const spoken = (app: AppPage, text: string) =>
  app.page.getByRole("status").filter({ hasText: text });

test("a stroke on an image starts a new drawing, which is said; undo restores the image", async ({
  app,
}) => {
  await expect(hint(app)).toHaveCount(0);
  await app.page.locator("input[type=file]").setInputFiles(golden(3));
  await app.expectDigit(3);
  await expect(hint(app)).toHaveText("Drawing replaces the image.");
  await app.draw([
    [
      [0.5, 0.25],
      [0.5, 0.75],
    ],
  ]);
  await app.expectDigit(1);
  await expect(hint(app)).toHaveCount(0);
  await expect(spoken(app, "replaced the image. Undo brings it back.")).toBeAttached();
  await app.page.keyboard.press("Control+z");
  await app.expectDigit(3);
});

test("says that the eraser does not erase an image", async ({ app }) => {
  await app.page.locator("input[type=file]").setInputFiles(golden(3));
  await app.expectDigit(3);
  await app.page.keyboard.press("e");
  await expect(hint(app)).toHaveText("The eraser works on strokes only.");
  await app.draw(handwritten(1));
  await expect(app.page.getByTestId("image")).toBeAttached();
  await app.expectDigit(3);
  await expect(spoken(app, "strokes only. Clear removes the image.")).toBeAttached();
});

for (const [what, ink, theme] of [
  ["white", "#fff", "light"],
  ["black", "#000", "dark"],
] as const) {
  test(`${what} ink on a transparent background is visible in the ${theme} theme`, async ({
    app,
  }) => {
    const { page } = app;
    await page.emulateMedia({ colorScheme: theme });
    await page.locator("input[type=file]").setInputFiles(await drawnPng(page, ink, null));
    await expect(page.getByTestId("checkerboard")).toBeAttached();
    const shown = await app.drawingArea.screenshot();
    const luminances = await page.evaluate(async (data) => {
      const image = new Image();
      image.src = `data:image/png;base64,${data}`;
      await image.decode();
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [image.width, image.height];
      const context = canvas.getContext("2d");
      context?.drawImage(image, 0, 0);
      const at = (x: number, y: number) =>
        context?.getImageData(x * image.width, y * image.height, 1, 1).data[0] ?? 0;
      return { ink: at(0.5, 0.5), around: [at(0.3, 0.5), at(0.32, 0.52), at(0.34, 0.54)] };
    }, shown.toString("base64"));
    for (const around of luminances.around) {
      expect(Math.abs(luminances.ink - around)).toBeGreaterThan(60);
    }
    await app.expectDigit(1);
  });
}

test("says that an image is blank, and not that nothing is drawn", async ({ app }) => {
  const blank = await drawnPng(app.page, null, "#fff");
  await app.page.locator("input[type=file]").setInputFiles(blank);
  await expect(app.heading).toHaveText("This image is blank");
  await expect(app.page.getByTestId("checkerboard")).toHaveCount(0);
  await expect(app.page.getByTestId("announcer")).toHaveText("This image is blank.");
  await app.button(/^Clear/).click();
  await expect(app.heading).toHaveText("No digit yet");
});

test("gives the API's reason for not reading an animated GIF", async ({ app, consoleErrors }) => {
  await app.page.locator("input[type=file]").setInputFiles({
    name: "animated.gif",
    mimeType: "image/gif",
    buffer: animatedGif(),
  });
  await expect(app.notice).toContainText("The image is animated");
  await expect(app.notice).toContainText("Choose another image.");
  // The browser reports the status 415.
  consoleErrors.length = 0;
});

for (const name of ["7.heic", "7.tiff"]) {
  test(`reads ${name}, which the browser cannot show`, async ({ app }) => {
    const { page } = app;
    const buffer = name === "7.tiff" ? sevenAsTiff() : readFileSync(file(`imaging/files/${name}`));
    await page.locator("input[type=file]").setInputFiles({ name, mimeType: "", buffer });
    await app.expectDigit(7);
    await expect(page.getByTestId("unshown")).toHaveText("This browser cannot show this image.");
    await page.reload();
    await app.expectDigit(7);
    await expect(page.getByTestId("unshown")).toBeAttached();
  });
}

for (const [name, content, told] of [
  ["page.pdf", "%PDF-1.4", "“page.pdf” is a PDF file. Export its page as a PNG."],
  ["seven.svg", "<svg xmlns='x'><path/></svg>", "“seven.svg” is an SVG file. Export it as a PNG."],
] as const) {
  test(`says what to do with ${name}`, async ({ app }) => {
    await app.page.locator("input[type=file]").setInputFiles({
      name,
      mimeType: "",
      buffer: Buffer.from(content),
    });
    await expect(app.notice).toHaveText(told);
  });
}

/** An uncompressed TIFF file of 28 by 28 pixels with a 7. */
function sevenAsTiff(): Buffer {
  const side = 28;
  const tags = [
    [256, side],
    [257, side],
    [258, 8],
    [259, 1],
    [262, 1],
    [273, 8 + 2 + 12 * 8 + 4],
    [278, side],
    [279, side * side],
  ] as const;
  const header = Buffer.alloc(8 + 2 + 12 * tags.length + 4);
  header.write("II*\0", 0, "latin1");
  header.writeUInt32LE(8, 4);
  header.writeUInt16LE(tags.length, 8);
  tags.forEach(([tag, value], index) => {
    const at = 10 + 12 * index;
    header.writeUInt16LE(tag, at);
    header.writeUInt16LE(4, at + 2); // LONG
    header.writeUInt32LE(1, at + 4);
    header.writeUInt32LE(value, at + 8);
  });
  const pixels = Buffer.alloc(side * side, 255);
  const dot = (x: number, y: number) => {
    for (const shift of [0, 1, side, side + 1]) pixels[y * side + x + shift] = 0;
  };
  for (let x = 8; x < 19; x++) dot(x, 6);
  for (let y = 6; y < 21; y++) dot(Math.round(18 - (y - 6) / 2), y);
  return Buffer.concat([header, pixels]);
}

/** A PNG file of 280 by 280 pixels: a vertical stroke on a background, or without one of them. */
async function drawnPng(page: Page, ink: string | null, background: string | null) {
  const url = await page.evaluate(
    ([ink, background]) => {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = 280;
      const context = canvas.getContext("2d");
      if (!context) throw new Error("no canvas");
      if (background) {
        context.fillStyle = background;
        context.fillRect(0, 0, 280, 280);
      }
      if (ink) {
        context.fillStyle = ink;
        context.fillRect(130, 50, 20, 180);
      }
      return canvas.toDataURL("image/png");
    },
    [ink, background],
  );
  const buffer = Buffer.from(url.slice(url.indexOf(",") + 1), "base64");
  return { name: "drawn.png", mimeType: "image/png", buffer };
}

/** A GIF file of two frames, each of one pixel. */
function animatedGif(): Buffer {
  const frame = "2c0000000001000100000202440100";
  return Buffer.from(`47494638396101000100800000000000ffffff${frame}${frame}3b`, "hex");
}

test("explains that a file is not an image, and keeps the drawing", async ({ app }) => {
  await app.draw([
    [
      [0.5, 0.25],
      [0.5, 0.75],
    ],
  ]);
  await app.expectDigit(1);
  await app.page.locator("input[type=file]").setInputFiles({
    name: "letter.txt",
    mimeType: "text/plain",
    buffer: Buffer.from("not an image"),
  });
  await expect(app.notice).toContainText("“letter.txt” cannot be opened as an image.");
  await expect(app.ink).toHaveCount(1);
});

test("scales a large photo down before it is sent", async ({ app }) => {
  const url = await app.page.evaluate(() => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [3000, 4000];
    const context = canvas.getContext("2d");
    if (!context) throw new Error("no canvas");
    context.fillStyle = "#eee";
    context.fillRect(0, 0, 3000, 4000);
    context.lineWidth = 200;
    context.lineCap = "round";
    context.beginPath();
    context.moveTo(1500, 800);
    context.lineTo(1500, 3200);
    context.stroke();
    return canvas.toDataURL("image/jpeg");
  });
  const request = app.page.waitForRequest("**/api/v1/predictions**");
  await app.page.locator("input[type=file]").setInputFiles({
    name: "photo.jpg",
    mimeType: "image/jpeg",
    buffer: Buffer.from(url.slice(url.indexOf(",") + 1), "base64"),
  });
  expect((await request).postData()?.length).toBeLessThan(1_000_000);
  await app.expectDigit(1);
});

test("takes a photo with the camera, and sends what the preview shows", async ({ app }) => {
  await app.button(/^Camera/).click();
  const take = app.button(/^Take photo/);
  await expect(take).toBeEnabled();
  const preview = app.page.getByLabel("Camera preview");
  const fit = await preview.evaluate((video) => getComputedStyle(video).objectFit);
  expect(fit).toBe("contain");
  await expect(preview).toBeInViewport({ ratio: 1 });
  await expect(take).toBeInViewport({ ratio: 1 });
  await take.click();
  await expect(app.page.getByRole("dialog")).toHaveCount(0);
  await expect(app.page.getByTestId("image")).toBeAttached();
});
