import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "./fixtures";

const golden = (digit: number) =>
  fileURLToPath(new URL(`../../tests/golden/${digit}.png`, import.meta.url));
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

test("a stroke on an image starts a new drawing; undo restores the image", async ({ app }) => {
  await app.page.locator("input[type=file]").setInputFiles(golden(3));
  await app.expectDigit(3);
  await app.draw([
    [
      [0.5, 0.25],
      [0.5, 0.75],
    ],
  ]);
  await app.expectDigit(1);
  await app.page.keyboard.press("Control+z");
  await app.expectDigit(3);
});

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

test("takes a photo with the camera", async ({ app }) => {
  await app.button(/^Camera/).click();
  const take = app.button(/^Take photo/);
  await expect(take).toBeEnabled();
  await take.click();
  await expect(app.page.getByRole("dialog")).toHaveCount(0);
  await expect(app.page.getByTestId("image")).toBeAttached();
});
