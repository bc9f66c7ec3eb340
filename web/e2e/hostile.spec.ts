import { deflateSync } from "node:zlib";
import { test as base, DrawingPage, expect, handwritten } from "./fixtures";
import { HostileServer, type PredictionResult, withBody, withMegabytes } from "./hostile";

const PREDICTIONS = "/api/v1/predictions";
const MODELS = "/api/v1/models";
const PROBLEM = "application/problem+json";
const SEEN = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAABwAAAAcCAAAAAA=";

const PREDICTION = {
  digit: 7,
  reason: null,
  confidence: 0.9,
  probabilities: [0.1, 0, 0, 0, 0, 0, 0, 0.9, 0, 0],
  seen: SEEN,
  model: { name: "m", digest: "0" },
  duration_ms: 1,
};
const MODEL = {
  ...{ name: "m", digest: "0", recipe: "mlp", summary: "", clean_up: "ink", refuses: true },
  ...{ parameters: 1, size_bytes: 4, metrics: {}, training: {} },
};
const models = (fields: object) => ({ default: "m", models: [{ ...MODEL, ...fields }] });

const test = base.extend<{ hostile: HostileServer; errors: string[] }>({
  hostile: async ({ service }, use) => {
    const hostile = await HostileServer.start(service.address);
    await use(hostile);
    await hostile.stop();
  },
  /** What the page threw and did not catch. */
  errors: async ({ page }, use) => {
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await use(errors);
  },
  sheet: async ({ page, hand, hostile, errors }, use) => {
    await page.goto(hostile.address);
    await page.getByRole("application").waitFor();
    await use(new DrawingPage(page, hand));
    expect(errors).toEqual([]);
  },
});

const NOT_PREDICTIONS: [string, PredictionResult][] = [
  ["null", withBody(null)],
  ["a list of null", withBody([null])],
  ["an empty body", withBody("")],
  ["NaN", withBody(JSON.stringify(PREDICTION).replace("0.9", "NaN"))],
  ["a number beyond all bounds", withBody(JSON.stringify(PREDICTION).replace("0.9", "1e999"))],
  ["half an object", withBody(JSON.stringify(PREDICTION).slice(0, 50))],
  ["a page of a proxy", withBody("<!doctype html><h1>Sign in</h1>", { type: "text/html" })],
  ["deep nesting", withBody("[".repeat(900_000))],
  ["the digit 42", withBody({ ...PREDICTION, digit: 42 })],
  ["strings for numbers", withBody({ ...PREDICTION, digit: "7", confidence: "0.9" })],
  ["three probabilities", withBody({ ...PREDICTION, probabilities: [0.2, 0.3, 0.5] })],
  ["10,000 probabilities", withBody({ ...PREDICTION, probabilities: Array(10_000).fill(1e-4) })],
  ["no duration", withBody({ ...PREDICTION, duration_ms: undefined })],
  ["a script to show", withBody({ ...PREDICTION, seen: "javascript:alert(1)" })],
  ["another server's picture", withBody({ ...PREDICTION, seen: "https://e.example/x.png" })],
  ["an SVG image", withBody({ ...PREDICTION, seen: "data:image/svg+xml;base64,PHN2Zy8+" })],
  ["100 MB", withMegabytes(100)],
  ["an answer without end", withMegabytes(Number.POSITIVE_INFINITY)],
];

for (const [what, answer] of NOT_PREDICTIONS) {
  test(`keeps the drawing, and recovers by itself, after ${what}`, async ({ sheet, hostile }) => {
    hostile.answer(PREDICTIONS, answer);
    await sheet.draw(handwritten(5));
    await expect(sheet.notice).toContainText("The answer could not be understood.");
    await expect(sheet.notice).toContainText("Your drawing is kept.");
    await expect(sheet.ink).toHaveCount(1);
    await sheet.reads("none");
    hostile.answer(PREDICTIONS, null);
    await sheet.reads(5);
    await expect(sheet.notice).toHaveCount(0);
    await expect(sheet.ink).toHaveCount(1);
  });
}

test("asks for nothing from elsewhere, whatever an answer names", async ({ sheet, hostile }) => {
  const elsewhere: string[] = [];
  sheet.page.on("request", (request) => {
    if (!/^data:/.test(request.url()) && !request.url().startsWith(hostile.address)) {
      elsewhere.push(request.url());
    }
  });
  hostile.answer(PREDICTIONS, withBody({ ...PREDICTION, seen: "https://e.example/x.png" }));
  await sheet.draw(handwritten(5));
  await expect(sheet.notice).toBeVisible();
  expect(elsewhere).toEqual([]);
});

test("shows markup in a problem as text, and cuts it", async ({ sheet, hostile }) => {
  const detail = `<img src=x onerror="alert(1)"> ${"M".repeat(10_000)}`;
  const body = {
    type: "about:blank",
    status: 422,
    detail,
    request_id: "<script>alert(1)</script>",
  };
  hostile.answer(PREDICTIONS, withBody(body, { status: 422, type: PROBLEM }));
  await sheet.draw(handwritten(1));
  await expect(sheet.notice).toContainText('<img src=x onerror="alert(1)">');
  await expect(sheet.notice.locator("img, script")).toHaveCount(0);
  expect((await sheet.notice.textContent())?.length).toBeLessThan(300);
  const wide = await sheet.page.evaluate(() => document.documentElement.scrollWidth);
  expect(wide).toBeLessThanOrEqual(1280);
  hostile.answer(PREDICTIONS, null);
  await sheet.button(/^Predict/).click();
  await sheet.reads(1);
});

for (const body of ["null", "[]", "{}", '{"detail": null}', "<h1>no</h1>", " ".repeat(3e6)]) {
  test(`bears the problem ${body.slice(0, 20)}`, async ({ sheet, hostile }) => {
    hostile.answer(PREDICTIONS, withBody(body, { status: 400, type: PROBLEM }));
    await sheet.draw(handwritten(1));
    await expect(sheet.notice).toBeVisible();
    hostile.answer(PREDICTIONS, null);
    await sheet.button(/^Predict/).click();
    await sheet.reads(1);
  });
}

for (const [what, answer] of [
  ["a list of null", withBody([null])],
  ["null metrics", withBody(models({ metrics: null }))],
  ["a parameter count as text", withBody(models({ parameters: "many" }))],
  ["a default that is not there", withBody({ ...models({}), default: "another" })],
  ["100,000 models", withBody({ default: "m", models: Array(100_000).fill({}) })],
  ["a page of a proxy", withBody("<!doctype html>", { type: "text/html" })],
  ["100 MB", withMegabytes(100)],
] as [string, PredictionResult][]) {
  test(`predicts without a list of models, after ${what}`, async ({ page, hostile, errors }) => {
    hostile.answer(MODELS, answer);
    await page.goto(hostile.address);
    const sheet = new DrawingPage(page, "mouse");
    await expect(page.locator(".model-info")).toContainText("could not be understood");
    await sheet.draw(handwritten(5));
    await sheet.reads(5);
    hostile.answer(MODELS, null);
    await expect(page.locator(".model-info")).toContainText("parameters", { timeout: 20_000 });
    expect(errors).toEqual([]);
  });
}

for (const [what, network] of [
  ["100,000,000,000 filters", "(Conv2D(filters=100000000000, side=3), Dense(outputs=10))"],
  ["10,000 layers", `(${"Dense(outputs=10), ".repeat(10_000)})`],
  ["a name of 900,000 letters", "a".repeat(900_000)],
  ["a layer that leaves nothing", "(Conv2D(filters=8, side=99), Flatten(), Dense(outputs=10))"],
  ["deep lists in place of a text", JSON.parse(`${"[".repeat(4000)}${"]".repeat(4000)}`)],
] as const) {
  test(`does not draw a network of ${what}`, async ({ page, hostile, errors }) => {
    hostile.answer(MODELS, withBody(models({ training: { network, epochs: 1e300 } })));
    await page.goto(hostile.address);
    const sheet = new DrawingPage(page, "mouse");
    await expect(page.locator(".model-info")).toContainText("1 parameters");
    await expect(page.locator(".network-diagram")).toHaveCount(0);
    await sheet.draw(handwritten(5));
    await sheet.reads(5);
    expect(errors).toEqual([]);
  });
}

test("draws a network of very many filters with no more than fit", async ({ page, hostile }) => {
  const network = "(Conv2D(filters=1000000, side=3), Flatten(), Dense(outputs=10))";
  hostile.answer(MODELS, withBody(models({ training: { network } })));
  await page.goto(hostile.address);
  await expect(page.locator(".network-diagram li")).toHaveCount(4);
  expect(await page.locator(".network-diagram rect").count()).toBeLessThan(100);
});

for (const [what, answer] of [
  ["null", withBody("null")],
  ["a list", withBody("[]")],
  ["a number as address", withBody({ api: 5 })],
  ["nothing", withBody("")],
  ["a page of a proxy", withBody("<!doctype html>", { type: "text/html" })],
] as [string, PredictionResult][]) {
  test(`takes the default for a config.json that holds ${what}`, async ({ page, hostile }) => {
    hostile.answer("/config.json", answer);
    await page.goto(hostile.address);
    const sheet = new DrawingPage(page, "mouse");
    await sheet.draw(handwritten(5));
    await sheet.reads(5);
  });
}

for (const [what, answer, words] of [
  ["a script", withBody({ api: "javascript:alert(1)" }), "config.json does not name a reader."],
  ["100 MB", withMegabytes(100), "The answer could not be understood."],
] as [string, PredictionResult, string][]) {
  test(`recovers from a config.json that holds ${what}`, async ({ page, hostile, errors }) => {
    hostile.answer("/config.json", answer);
    await page.goto(hostile.address);
    const sheet = new DrawingPage(page, "mouse");
    await sheet.draw(handwritten(5));
    await expect(sheet.notice).toContainText(words);
    await expect(sheet.ink).toHaveCount(1);
    hostile.answer("/config.json", null);
    await sheet.reads(5);
    expect(errors).toEqual([]);
  });
}

const GARBAGE = {
  text: "{",
  null: "null",
  "a list": "[null]",
  "an object": '{"id": {}, "strokes": null, "grid": 7}',
  "a huge number": "1e300",
  "deep nesting": `${"[".repeat(100_000)}${"]".repeat(100_000)}`,
};
for (const [what, garbage] of Object.entries(GARBAGE)) {
  test(`opens where the browser has kept ${what}`, async ({ page, hostile, errors }) => {
    await page.addInitScript((garbage) => {
      for (const name of ["mode", "sheet", "pixels"]) sessionStorage[`inkdigits.${name}`] = garbage;
      for (const name of ["pen", "brush", "live", "single-keys", "theme", "recents"]) {
        localStorage[`inkdigits.${name}`] = garbage;
      }
    }, garbage);
    await page.goto(hostile.address);
    const sheet = new DrawingPage(page, "mouse");
    await sheet.draw(handwritten(5));
    await sheet.reads(5);
    await page.keyboard.press("m");
    await sheet.draw([
      [
        [0.5, 0.25],
        [0.5, 0.75],
      ],
    ]);
    await sheet.reads(1);
    expect(errors).toEqual([]);
  });
}

test("keeps drawing and undo while the answer cannot be shown", async ({ sheet }) => {
  await sheet.draw(handwritten(5));
  await sheet.reads(5);
  await sheet.page.evaluate(() => {
    const { toFixed } = Number.prototype;
    Object.assign(window, { mend: () => Object.assign(Number.prototype, { toFixed }) });
    Number.prototype.toFixed = () => {
      throw new Error("broken");
    };
  });
  await sheet.draw([
    [
      [0.1, 0.1],
      [0.2, 0.1],
    ],
  ]);
  const failure = sheet.page.getByTestId("section-error").first();
  await expect(failure).toContainText("The answer cannot be shown.");
  await expect(sheet.ink).toHaveCount(2);
  await sheet.button(/^Undo/).click();
  await expect(sheet.ink).toHaveCount(1);
  await sheet.page.evaluate(() => (window as unknown as { mend(): void }).mend());
  await failure.getByRole("button", { name: "Go on" }).click();
  await sheet.reads(5);
  await expect(failure).toHaveCount(0);
});

test("keeps the drawing if the whole page fails, also one just drawn", async ({ sheet }) => {
  // The drawing is kept a moment after it is drawn; that moment never comes.
  await sheet.page.clock.install();
  await sheet.page.clock.pauseAt(Date.now() + 60_000);
  await sheet.draw(handwritten(5));
  await expect(sheet.ink).toHaveCount(1);
  await sheet.page.evaluate(() => {
    const { find } = Array.prototype;
    Object.assign(window, { mend: () => Object.assign(Array.prototype, { find }) });
    Array.prototype.find = function (this: { clean_up?: string }[], ...rest: [never]) {
      if (this[0]?.clean_up) throw new Error("broken");
      return find.apply(this, rest);
    };
  });
  await sheet.page.keyboard.press("e");
  const { page } = sheet;
  await expect(page.getByRole("heading", { name: "This page failed" })).toBeVisible();
  await page.evaluate(() => (window as unknown as { mend(): void }).mend());
  await sheet.button(/^Go on/).click();
  await expect(sheet.ink).toHaveCount(1);
});

test("says that a dialog could not be loaded, and opens it later", async ({ sheet }) => {
  await sheet.draw(handwritten(5));
  const chunk = "**/assets/ShortcutsDialog*";
  await sheet.page.route(chunk, (route) => route.abort());
  await sheet.button(/^Keyboard/).click();
  await expect(sheet.notice).toContainText("This window could not be opened.");
  await expect(sheet.ink).toHaveCount(1);
  await sheet.page.unroute(chunk);
  await sheet.button(/^Keyboard/).click();
  await expect(sheet.page.getByRole("dialog")).toBeVisible();
});

/** The file of a PNG picture, white, of one bit a pixel: few bytes for many pixels. */
function png(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const rows = deflateSync(Buffer.alloc(height * (1 + Math.ceil(width / 8)), 0));
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", rows),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function crc32(data: Buffer): number {
  let crc = ~0;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

test("does not open a picture of 30,000 by 30,000 pixels", async ({ sheet }) => {
  await sheet.draw(handwritten(5));
  await sheet.reads(5);
  await sheet.page.locator("input[type=file]").setInputFiles({
    name: "huge.png",
    mimeType: "image/png",
    buffer: png(30_000, 30_000),
  });
  await expect(sheet.notice).toContainText("“huge.png” is no picture that can be read.");
  await expect(sheet.ink).toHaveCount(1);
});
