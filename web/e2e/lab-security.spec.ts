/** Attacks on the lab by a page of another origin, in a real browser. */

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, expect } from "@playwright/test";
import { Service } from "./service";

const test = base.extend<{ lab: Service; folder: string; foreign: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern
  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), "lab-"));
    await use(folder);
    await rm(folder, { recursive: true });
  },
  lab: async ({ folder }, use) => {
    process.env.INKDIGITS_LAB_FOLDER = folder;
    const service = await Service.start();
    delete process.env.INKDIGITS_LAB_FOLDER;
    await use(service);
    await service.kill();
  },
  /** The address of an empty page of another origin, on the same computer. */
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern
  foreign: async ({}, use) => {
    const server: Server = createServer((_, response) => {
      response.setHeader("Content-Type", "text/html");
      response.end("<!doctype html><title>Foreign</title>");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    await use(`http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/`);
    server.close();
    server.closeAllConnections();
  },
});

interface Attempt {
  readonly path: string;
  readonly method: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** In the browser: send a request in both modes; return the text of each response, or null. */
async function attempt([address, attempts]: readonly [string, readonly Attempt[]]) {
  const texts: (string | null)[] = [];
  for (const { path, ...options } of attempts) {
    for (const mode of ["cors", "no-cors"] as const) {
      const response = await fetch(address + path, { ...options, mode }).catch(() => null);
      texts.push(response && response.type !== "opaque" ? await response.text() : null);
    }
  }
  return texts;
}

test("the page of the server gets the token, and one of another origin nothing", async ({
  lab,
  folder,
  foreign,
  page,
}) => {
  const path = "api/v1/lab";
  await page.goto(lab.address);
  const described = await page.evaluate(async (at) => (await fetch(at)).json(), path);
  expect(described.token).toMatch(/^[\w-]{32,}$/);
  const runs = await page.evaluate(
    async ([at, token]) =>
      (await fetch(at, { headers: { Authorization: `Bearer ${token}` } })).status,
    [`${path}/runs`, described.token as string] as const,
  );
  expect(runs).toBe(200);

  // Even with the token, which it cannot know.
  const headers = { Authorization: `Bearer ${described.token}` };
  const json = { "Content-Type": "application/json" };
  await page.goto(foreign);
  const texts = await page.evaluate(attempt, [
    lab.address,
    [
      { path, method: "GET" },
      { path: `${path}/runs`, method: "GET" },
      { path: `${path}/runs`, method: "GET", headers },
      { path: `${path}/runs`, method: "POST", headers: { ...headers, ...json }, body: "{}" },
      { path: `${path}/runs`, method: "POST", headers: json, body: "{}" },
      { path: `${path}/runs`, method: "POST", body: "{}" },
      { path: `${path}/runs/x`, method: "DELETE", headers },
      { path: `${path}/runs/x/events`, method: "GET", headers },
    ],
  ] as const);
  expect(texts).toEqual(texts.map(() => null));

  // What needs no permission of the server: a form, and a script that would contain the token.
  await page.setContent(
    `<script src="${lab.address}${path}"></script>` +
      `<form method="post" enctype="text/plain" action="${lab.address}${path}/runs">` +
      `<input name='{"recipe":"mlp","epochs":1,"name":"' value='"}'></form>`,
  );
  const response = page.waitForResponse((each) => each.request().method() === "POST");
  await page.evaluate(() => document.forms[0]?.submit());
  expect((await response).status()).toBe(403);
  expect(await readdir(folder)).toEqual([]);
});
