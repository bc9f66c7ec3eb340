/** What every test needs: the service, the page, and a hand that draws as its profile does. */

import { test as base, expect, type Locator, type Page } from "@playwright/test";
import { DIGIT_PATHS } from "../src/lib/digitPaths";
import { parsePath } from "../src/lib/svgPath";
import { Service } from "./service";

export { expect };

export interface InputOptions {
  hand: "mouse" | "touch" | "pen";
}

/** Points as shares of the board's side, line by line. */
export type Lines = readonly (readonly (readonly [x: number, y: number])[])[];

interface Fixtures {
  /** The page, open; a test fails if the browser complains of anything. */
  sheet: DrawingPage;
  consoleErrors: string[];
}

export const test = base.extend<Fixtures & InputOptions, { service: Service }>({
  hand: ["mouse", { option: true }],
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
  sheet: async ({ page, hand, service, consoleErrors }, use) => {
    page.on("pageerror", (error) => consoleErrors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") consoleErrors.push(message.text());
    });
    await page.goto(service.address);
    await page.getByRole("application").waitFor();
    // Before its first frame is on the screen a browser may drop what a hand does, and React
    // does not listen to keys.
    await page.waitForFunction(
      () => performance.getEntriesByName("first-contentful-paint").length > 0,
    );
    await use(new DrawingPage(page, hand));
    expect(consoleErrors).toEqual([]);
  },
});

export class DrawingPage {
  readonly board: Locator;
  readonly answer: Locator;
  readonly confidenceLabel: Locator;
  readonly notice: Locator;
  readonly ink: Locator;

  constructor(
    readonly page: Page,
    private readonly hand: InputOptions["hand"],
  ) {
    this.board = page.getByRole("application");
    this.answer = page.getByTestId("result");
    this.confidenceLabel = page.getByTestId("result-heading");
    this.notice = page.getByTestId("notice");
    this.ink = this.board.locator("path.ink[d]:not([d=''])");
  }

  button(name: RegExp): Locator {
    return this.page.getByRole("button", { name });
  }

  async reads(digit: number | "none"): Promise<void> {
    await expect(this.answer).toHaveAttribute("data-digit", String(digit));
  }

  async draw(lines: Lines): Promise<void> {
    await this.board.scrollIntoViewIfNeeded();
    const box = await this.board.boundingBox();
    if (!box) throw new Error("there is no board");
    for (const line of lines) {
      const points = line.map(([x, y]) => ({
        x: box.x + x * box.width,
        y: box.y + y * box.height,
      }));
      if (this.hand === "mouse") await this.#drawByMouse(points);
      else if (this.hand === "touch") await this.#drawByTouch(points);
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

/** A digit as somebody may draw it: leaning, and not quite steady. */
export function handwritten(digit: number, seed = 1): Lines {
  const path = DIGIT_PATHS[digit];
  if (!path) throw new RangeError(`${digit} is no digit`);
  return parsePath(path).map((line) =>
    thinned(densely(line)).map(([x, y], index) => {
      const wobble = Math.sin(seed + index * 0.7) * 0.004;
      const lean = (80 - y) * 0.12;
      return [0.33 + (x + lean) / 300 + wobble, 0.23 + y / 300 - wobble] as const;
    }),
  );
}

/** With points no farther from each other than a hand would leave them. */
function densely(line: readonly (readonly [number, number])[]): [number, number][] {
  return line.flatMap(([x, y], index) => {
    const [fromX, fromY] = line[Math.max(0, index - 1)] ?? [x, y];
    const steps = Math.max(1, Math.ceil(Math.hypot(x - fromX, y - fromY) / 40));
    return Array.from({ length: steps }, (_, step): [number, number] => {
      const share = (step + 1) / steps;
      return [fromX + share * (x - fromX), fromY + share * (y - fromY)];
    });
  });
}

/** As a device tells of a hand that moves at some speed: no two points close together. */
function thinned(line: readonly (readonly [number, number])[]): (readonly [number, number])[] {
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
