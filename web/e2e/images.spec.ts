import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "./fixtures";

const golden = (digit: number) =>
  fileURLToPath(new URL(`../../tests/golden/${digit}.png`, import.meta.url));
const base64 = (digit: number) => readFileSync(golden(digit)).toString("base64");

test("opens a picture", async ({ sheet }) => {
  const chooser = sheet.page.waitForEvent("filechooser");
  await sheet.button(/^Open a picture/).click();
  await (await chooser).setFiles(golden(7));
  await sheet.reads(7);
  await expect(sheet.page.getByTestId("image")).toBeAttached();
});

for (const [what, type] of [
  ["pasted", "paste"],
  ["dropped", "drop"],
] as const) {
  test(`takes a picture that is ${what}`, async ({ sheet }) => {
    await sheet.page.evaluate(
      ([data, type]) => {
        const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
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
    await sheet.reads(4);
  });
}

test("draws on a new sheet over a picture; undo brings the picture back", async ({ sheet }) => {
  await sheet.page.locator("input[type=file]").setInputFiles(golden(3));
  await sheet.reads(3);
  await sheet.draw([
    [
      [0.5, 0.25],
      [0.5, 0.75],
    ],
  ]);
  await sheet.reads(1);
  await sheet.page.keyboard.press("Control+z");
  await sheet.reads(3);
});

test("says what is wrong with a file that is no picture, and keeps the drawing", async ({
  sheet,
}) => {
  await sheet.draw([
    [
      [0.5, 0.25],
      [0.5, 0.75],
    ],
  ]);
  await sheet.reads(1);
  await sheet.page.locator("input[type=file]").setInputFiles({
    name: "letter.txt",
    mimeType: "text/plain",
    buffer: Buffer.from("not a picture"),
  });
  await expect(sheet.notice).toContainText("“letter.txt” is no picture that can be read.");
  await expect(sheet.ink).toHaveCount(1);
});

test("makes a large photograph smaller before it is sent", async ({ sheet }) => {
  const url = await sheet.page.evaluate(() => {
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
  const request = sheet.page.waitForRequest("**/api/v1/predictions**");
  await sheet.page.locator("input[type=file]").setInputFiles({
    name: "photo.jpg",
    mimeType: "image/jpeg",
    buffer: Buffer.from(url.slice(url.indexOf(",") + 1), "base64"),
  });
  expect((await request).postData()?.length).toBeLessThan(1_000_000);
  await sheet.reads(1);
});

test("takes a picture with the camera", async ({ sheet }) => {
  await sheet.button(/^Camera/).click();
  const take = sheet.button(/^Take the picture/);
  await expect(take).toBeEnabled();
  await take.click();
  await expect(sheet.page.getByRole("dialog")).toHaveCount(0);
  await expect(sheet.page.getByTestId("image")).toBeAttached();
});
