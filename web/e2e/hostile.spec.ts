import { deflateSync } from "node:zlib";
import * as fixtures from "../tests/fixtures";
import { AppPage, test as base, expect, handwritten } from "./fixtures";
import { HostileServer, type Respond, withBody, withMegabytes } from "./hostile";

const PREDICTIONS = "/api/v1/predictions";
const MODELS = "/api/v1/models";
const PROBLEM = "application/problem+json";
const PREDICTION = { ...fixtures.PREDICTION, seen: fixtures.SEEN };
const { MODEL } = fixtures;
const DEEP_LIST = `${"[".repeat(4000)}${"]".repeat(4000)}`;
const models = (fields: object) => ({ default: "m", models: [{ ...MODEL, ...fields }] });

const test = base.extend<{ hostile: HostileServer; errors: string[] }>({
  hostile: async ({ service }, use) => {
    const hostile = await HostileServer.start(service.address);
    await use(hostile);
    await hostile.stop();
  },
  /** Uncaught errors of the page. */
  errors: async ({ page }, use) => {
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await use(errors);
  },
  app: async ({ page, pointer, hostile, errors }, use) => {
    await page.goto(hostile.address);
    await page.getByRole("application").waitFor();
    await use(new AppPage(page, pointer));
    expect(errors).toEqual([]);
  },
});

// src/lib/api/responses.test.ts has more of them.
const INVALID_PREDICTIONS: [string, Respond][] = [
  ["null", withBody(null)],
  ["NaN", withBody(JSON.stringify(PREDICTION).replace("0.93", "NaN"))],
  ["half an object", withBody(JSON.stringify(PREDICTION).slice(0, 50))],
  ["a proxy's page", withBody("<!doctype html><h1>Sign in</h1>", { type: "text/html" })],
  ["deep nesting", withBody("[".repeat(900_000))],
  ["a script as the image", withBody({ ...PREDICTION, seen: "javascript:alert(1)" })],
  ["an image on another server", withBody({ ...PREDICTION, seen: "https://e.example/x.png" })],
  ["an SVG image", withBody({ ...PREDICTION, seen: "data:image/svg+xml;base64,PHN2Zy8+" })],
];
const LONG_PREDICTIONS: [string, Respond][] = [
  ["100 MB", withMegabytes(100)],
  ["an endless response", withMegabytes(Number.POSITIVE_INFINITY)],
];

async function expectRecovery(app: AppPage, hostile: HostileServer, respond: Respond) {
  hostile.override(PREDICTIONS, respond);
  await app.draw(handwritten(5));
  await expect(app.notice).toContainText("The server sent an unexpected reply.");
  await expect(app.notice).toContainText("Your drawing is safe");
  await expect(app.ink).toHaveCount(1);
  await app.expectDigit("none");
  hostile.override(PREDICTIONS, null);
  await app.expectDigit(5);
  await expect(app.notice).toHaveCount(0);
  await expect(app.ink).toHaveCount(1);
}

test("keeps the drawing, and recovers by itself, after any invalid prediction", async ({
  app,
  hostile,
}) => {
  test.slow();
  for (const [what, respond] of INVALID_PREDICTIONS) {
    await test.step(what, async () => {
      await expectRecovery(app, hostile, respond);
      await app.button(/^Clear/).click();
      await expect(app.heading).toHaveText("No digit yet");
    });
  }
});

for (const [what, respond] of LONG_PREDICTIONS) {
  test(`keeps the drawing, and recovers by itself, after ${what}`, async ({ app, hostile }) => {
    await expectRecovery(app, hostile, respond);
  });
}

test("loads nothing from other servers, whatever a response contains", async ({ app, hostile }) => {
  const external: string[] = [];
  app.page.on("request", (request) => {
    if (!/^data:/.test(request.url()) && !request.url().startsWith(hostile.address)) {
      external.push(request.url());
    }
  });
  hostile.override(PREDICTIONS, withBody({ ...PREDICTION, seen: "https://e.example/x.png" }));
  await app.draw(handwritten(5));
  await expect(app.notice).toBeVisible();
  expect(external).toEqual([]);
});

test("shows markup in a problem as text, shortened", async ({ app, hostile }) => {
  const detail = `<img src=x onerror="alert(1)"> ${"M".repeat(10_000)}`;
  const body = {
    type: "about:blank",
    status: 422,
    detail,
    request_id: "<script>alert(1)</script>",
  };
  hostile.override(PREDICTIONS, withBody(body, { status: 422, type: PROBLEM }));
  await app.draw(handwritten(1));
  await expect(app.notice).toContainText('<img src=x onerror="alert(1)">');
  await expect(app.notice.locator("img, script")).toHaveCount(0);
  expect((await app.notice.textContent())?.length).toBeLessThan(300);
  const width = await app.page.evaluate(() => document.documentElement.scrollWidth);
  expect(width).toBeLessThanOrEqual(1280);
  hostile.override(PREDICTIONS, null);
  await app.button(/^Predict/).click();
  await app.expectDigit(1);
});

test("handles problems that are not as in the documentation", async ({ app, hostile }) => {
  for (const body of ["null", "[]", "{}", '{"detail": null}', "<h1>no</h1>", " ".repeat(3e6)]) {
    await test.step(body.slice(0, 20), async () => {
      hostile.override(PREDICTIONS, withBody(body, { status: 400, type: PROBLEM }));
      await app.draw(handwritten(1));
      await expect(app.notice).toBeVisible();
      hostile.override(PREDICTIONS, null);
      await app.button(/^Predict/).click();
      await app.expectDigit(1);
      await app.button(/^Clear/).click();
      await expect(app.notice).toHaveCount(0);
    });
  }
});

// src/lib/*.test.ts have more of each kind.
for (const [what, respond] of [
  ["a list of null", withBody([null])],
  ["100,000 models", withBody({ default: "m", models: Array(100_000).fill({}) })],
  ["100 MB", withMegabytes(100)],
] as [string, Respond][]) {
  test(`predicts without the list of models, after ${what}`, async ({ page, hostile, errors }) => {
    hostile.override(MODELS, respond);
    await page.goto(hostile.address);
    const app = new AppPage(page, "mouse");
    await expect(page.locator(".model-info")).toContainText("unexpected list of models");
    await app.draw(handwritten(5));
    await app.expectDigit(5);
    hostile.override(MODELS, null);
    await expect(page.locator(".model-info")).toContainText("parameters", { timeout: 20_000 });
    expect(errors).toEqual([]);
  });
}

const dense = (outputs: number) => ({ ...MODEL.layers[7], output_shape: [outputs] });

test("does not draw a network of 100 layers", async ({ page, hostile, errors }) => {
  const training = { recipe: { epochs: 1e300 }, deep: JSON.parse(DEEP_LIST) };
  hostile.override(MODELS, withBody(models({ layers: Array(100).fill(dense(10)), training })));
  await page.goto(hostile.address);
  const app = new AppPage(page, "mouse");
  await expect(page.locator(".model-info")).toContainText("217,299 parameters");
  await app.draw(handwritten(5));
  await app.expectDigit(5);
  await app.openView("How it works");
  await expect(page.locator(".how .stats")).toHaveCount(2);
  await expect(page.locator(".network-diagram")).toHaveCount(0);
  expect(errors).toEqual([]);
});

test("draws a network of a million channels with no more shapes than fit", async ({
  page,
  hostile,
}) => {
  const layers = [{ ...MODEL.layers[1], output_shape: [26, 26, 1_000_000] }, dense(10)];
  hostile.override(MODELS, withBody(models({ layers })));
  await page.goto(`${hostile.address}#/how`);
  await expect(page.locator(".network-diagram li")).toHaveCount(3);
  expect(await page.locator(".network-diagram rect").count()).toBeLessThan(100);
});

test("uses the default if a proxy serves a page as config.json", async ({ page, hostile }) => {
  hostile.override("/config.json", withBody("<!doctype html>", { type: "text/html" }));
  await page.goto(hostile.address);
  const app = new AppPage(page, "mouse");
  await app.draw(handwritten(5));
  await app.expectDigit(5);
});

for (const [what, respond, text] of [
  ["a script", withBody({ api: "javascript:alert(1)" }), "Invalid API address in config.json."],
  ["100 MB", withMegabytes(100), "The server sent an unexpected reply."],
] as [string, Respond, string][]) {
  test(`recovers from a config.json that contains ${what}`, async ({ page, hostile, errors }) => {
    hostile.override("/config.json", respond);
    await page.goto(hostile.address);
    const app = new AppPage(page, "mouse");
    await app.draw(handwritten(5));
    await expect(app.notice).toContainText(text);
    await expect(app.ink).toHaveCount(1);
    hostile.override("/config.json", null);
    await app.expectDigit(5);
    expect(errors).toEqual([]);
  });
}

const GARBAGE = {
  "an object": '{"id": {}, "strokes": null, "grid": 7}',
  "deep nesting": `${"[".repeat(100_000)}${"]".repeat(100_000)}`,
};
for (const [what, garbage] of Object.entries(GARBAGE)) {
  test(`opens if the browser has stored ${what}`, async ({ page, hostile, errors }) => {
    await page.addInitScript((garbage) => {
      for (const name of ["mode", "freehand", "pixels"])
        sessionStorage[`inkdigits.${name}`] = garbage;
      for (const name of [
        "pen-width",
        "brush-size",
        "live",
        "single-keys",
        "theme",
        "model",
        "recent-drawings",
      ]) {
        localStorage[`inkdigits.${name}`] = garbage;
      }
    }, garbage);
    await page.goto(hostile.address);
    const app = new AppPage(page, "mouse");
    await app.draw(handwritten(5));
    await app.expectDigit(5);
    await page.keyboard.press("m");
    await app.draw([
      [
        [0.5, 0.25],
        [0.5, 0.75],
      ],
    ]);
    await app.expectDigit(1);
    expect(errors).toEqual([]);
  });
}

test("keeps the drawing and undo while the result cannot be shown", async ({ app }) => {
  await app.draw(handwritten(5));
  await app.expectDigit(5);
  await app.page.evaluate(() => {
    const { toFixed } = Number.prototype;
    Object.assign(window, { repair: () => Object.assign(Number.prototype, { toFixed }) });
    Number.prototype.toFixed = () => {
      throw new Error("broken");
    };
  });
  await app.draw([
    [
      [0.1, 0.1],
      [0.2, 0.1],
    ],
  ]);
  const failure = app.page.getByTestId("section-error").first();
  await expect(failure).toContainText("The result cannot be shown.");
  await expect(app.ink).toHaveCount(2);
  await app.button(/^Undo/).click();
  await expect(app.ink).toHaveCount(1);
  await app.page.evaluate(() => (window as unknown as { repair(): void }).repair());
  await failure.getByRole("button", { name: "Try again" }).click();
  await app.expectDigit(5);
  await expect(failure).toHaveCount(0);
});

test("keeps the drawing if the whole page crashes, even if it was just drawn", async ({ app }) => {
  // Drawings are saved with a short delay, which never elapses here.
  await app.page.clock.install();
  await app.page.clock.pauseAt(Date.now() + 60_000);
  await app.draw(handwritten(5));
  await expect(app.ink).toHaveCount(1);
  await app.page.evaluate(() => {
    const { find } = Array.prototype;
    Object.assign(window, { repair: () => Object.assign(Array.prototype, { find }) });
    Array.prototype.find = function (this: { preprocessing?: object }[], ...rest: [never]) {
      if (this[0]?.preprocessing) throw new Error("broken");
      return find.apply(this, rest);
    };
  });
  await app.page.keyboard.press("e");
  const { page } = app;
  await expect(page.getByRole("heading", { name: "Something went wrong" })).toBeVisible();
  await page.evaluate(() => (window as unknown as { repair(): void }).repair());
  await app.button(/^Try again/).click();
  await expect(app.ink).toHaveCount(1);
});

test("reports a dialog that could not be loaded, and opens it later", async ({ app }) => {
  await app.draw(handwritten(5));
  const chunk = "**/assets/ShortcutsDialog*";
  await app.page.route(chunk, (route) => route.abort());
  await app.button(/^Keyboard/).click();
  await expect(app.notice).toContainText("This window could not be opened.");
  await expect(app.ink).toHaveCount(1);
  await app.page.unroute(chunk);
  await app.button(/^Keyboard/).click();
  await expect(app.page.getByRole("dialog")).toBeVisible();
});

/** A white PNG image of one bit per pixel: many pixels in few bytes. */
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

test("does not open an image of 30,000 by 30,000 pixels", async ({ app }) => {
  await app.draw(handwritten(5));
  await app.expectDigit(5);
  await app.page.locator("input[type=file]").setInputFiles({
    name: "huge.png",
    mimeType: "image/png",
    buffer: png(30_000, 30_000),
  });
  await expect(app.notice).toContainText("“huge.png” cannot be opened as an image.");
  await expect(app.ink).toHaveCount(1);
});
