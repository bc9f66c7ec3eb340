/** Fixtures of all tests: the running service, and the page with a pointer for drawing. */

import { test as base, expect, type Locator, type Page } from "@playwright/test";
import { DIGIT_PATHS } from "../src/lib/digitPaths";
import { parsePath } from "../src/lib/svgPath";
import { Service } from "./service";

export { expect };

export interface InputOptions {
  pointer: "mouse" | "touch" | "pen";
}

/** Polylines; coordinates are fractions of the side of the drawing area. */
export type Lines = readonly (readonly (readonly [x: number, y: number])[])[];

interface Fixtures {
  /** The open page. A test fails if `consoleErrors` is not empty at its end. */
  app: AppPage;
  consoleErrors: string[];
}

export const test = base.extend<Fixtures & InputOptions, { service: Service }>({
  pointer: ["mouse", { option: true }],
  service: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern
    async ({}, use) => {
      const service = await Service.start();
      await use(service);
      await service.kill();
    },
    { scope: "worker", timeout: 90_000 },
  ],
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern
  consoleErrors: async ({}, use) => use([]),
  app: async ({ page, pointer, service, consoleErrors }, use) => {
    page.on("pageerror", (error) => consoleErrors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") consoleErrors.push(message.text());
    });
    await page.goto(service.address);
    await page.getByRole("application").waitFor();
    // Before the first paint, the browser may drop pointer events, and React does not handle keys.
    await page.waitForFunction(
      () => performance.getEntriesByName("first-contentful-paint").length > 0,
    );
    await use(new AppPage(page, pointer));
    expect(consoleErrors).toEqual([]);
  },
});

export class AppPage {
  readonly drawingArea: Locator;
  readonly result: Locator;
  readonly heading: Locator;
  readonly notice: Locator;
  readonly ink: Locator;

  constructor(
    readonly page: Page,
    private readonly pointer: InputOptions["pointer"],
  ) {
    this.drawingArea = page.getByRole("application");
    this.result = page.getByTestId("result");
    this.heading = page.getByTestId("result-heading");
    this.notice = page.getByTestId("notice");
    this.ink = this.drawingArea.locator("path.ink[d]:not([d=''])");
  }

  button(name: RegExp): Locator {
    return this.page.getByRole("button", { name });
  }

  /** Open a view with its link, and wait until it is loaded. */
  async openView(name: string): Promise<void> {
    const { page } = this;
    await page.getByRole("navigation").getByRole("link", { name }).click();
    await expect(page.getByRole("heading", { level: 2, name, exact: true })).toBeFocused();
    await expect(page.getByText("Loading…")).toHaveCount(0);
  }

  async expectDigit(digit: number | "none"): Promise<void> {
    await expect(this.result).toHaveAttribute("data-digit", String(digit));
  }

  async draw(lines: Lines): Promise<void> {
    await this.drawingArea.scrollIntoViewIfNeeded();
    const box = await this.drawingArea.boundingBox();
    if (!box) throw new Error("the drawing area is not visible");
    for (const line of lines) {
      const points = line.map(([x, y]) => ({
        x: box.x + x * box.width,
        y: box.y + y * box.height,
      }));
      if (this.pointer === "mouse") await this.#drawByMouse(points);
      else if (this.pointer === "touch") await this.#drawByTouch(points);
      else await this.#drawByPen(points);
    }
  }

  async #drawByMouse(points: readonly { x: number; y: number }[]): Promise<void> {
    const { mouse } = this.page;
    const [first, ...rest] = points;
    if (!first) return;
    await mouse.move(first.x, first.y);
    await mouse.down();
    for (const { x, y } of rest) await mouse.move(x, y);
    await mouse.up();
  }

  async #drawByTouch(points: readonly { x: number; y: number }[]): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page);
    const send = (
      type: "touchStart" | "touchMove" | "touchEnd",
      point?: { x: number; y: number },
    ) =>
      session.send("Input.dispatchTouchEvent", {
        type,
        touchPoints: point ? [{ ...point, radiusX: 8, radiusY: 8 }] : [],
      });
    await send("touchStart", points[0]);
    for (const point of points.slice(1)) await send("touchMove", point);
    await send("touchEnd");
    await session.detach();
  }

  async #drawByPen(points: readonly { x: number; y: number }[]): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page);
    const last = points.length - 1;
    for (const [index, point] of [...points, points[last] as { x: number; y: number }].entries()) {
      const type = index === 0 ? "mousePressed" : index > last ? "mouseReleased" : "mouseMoved";
      await session.send("Input.dispatchMouseEvent", {
        ...point,
        type,
        pointerType: "pen",
        button: "left",
        buttons: type === "mouseReleased" ? 0 : 1,
        clickCount: 1,
        force: type === "mouseReleased" ? 0 : 0.35 + 0.3 * Math.sin((3 * index) / last),
      });
    }
    await session.detach();
  }
}

/** A digit as a person might draw it: slanted and a little shaky. */
export function handwritten(digit: number, seed = 1): Lines {
  const path = DIGIT_PATHS[digit];
  if (!path) throw new RangeError(`${digit} is not a digit`);
  return parsePath(path).map((line) =>
    decimate(resample(line)).map(([x, y], index) => {
      const wobble = Math.sin(seed + index * 0.7) * 0.004;
      const lean = (80 - y) * 0.12;
      return [0.33 + (x + lean) / 300 + wobble, 0.23 + y / 300 - wobble] as const;
    }),
  );
}

/** Insert points, so that they are no farther apart than in real handwriting. */
function resample(line: readonly (readonly [number, number])[]): [number, number][] {
  return line.flatMap(([x, y], index) => {
    const [fromX, fromY] = line[Math.max(0, index - 1)] ?? [x, y];
    const steps = Math.max(1, Math.ceil(Math.hypot(x - fromX, y - fromY) / 40));
    return Array.from({ length: steps }, (_, step): [number, number] => {
      const t = (step + 1) / steps;
      return [fromX + t * (x - fromX), fromY + t * (y - fromY)];
    });
  });
}

/** Drop points that are close together, as if a device had sampled a fast movement. */
function decimate(line: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const kept: (readonly [number, number])[] = [];
  line.forEach((point, index) => {
    const [x, y] = kept.at(-1) ?? [Number.POSITIVE_INFINITY, 0];
    const far = Math.hypot(point[0] - x, point[1] - y) >= 12;
    if (far || index === line.length - 1) kept.push(point);
  });
  return kept;
}

export const SCRIBBLE: Lines = [
  [
    [0.2, 0.2],
    [0.8, 0.8],
    [0.2, 0.8],
    [0.8, 0.2],
    [0.5, 0.1],
    [0.1, 0.6],
    [0.9, 0.5],
    [0.3, 0.9],
    [0.6, 0.1],
    [0.15, 0.4],
  ],
];
