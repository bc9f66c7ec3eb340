import { gzipSync } from "node:zlib";
import { build, type Rollup } from "vite";
import { expect, it, vi } from "vitest";

const MAX_BYTES = 120_000;

it("initially loads at most 120 kB of JavaScript, gzipped, and nothing from other servers", async () => {
  // Otherwise React's larger development build is bundled.
  vi.stubEnv("NODE_ENV", "production");
  const { output } = (await build({
    logLevel: "error",
    build: { write: false },
  })) as Rollup.RollupOutput;
  const chunks = new Map(
    output.flatMap((file) => (file.type === "chunk" ? [[file.fileName, file] as const] : [])),
  );
  const first = new Set<string>();
  const need = (name: string) => {
    if (first.has(name)) return;
    first.add(name);
    chunks.get(name)?.imports.forEach(need);
  };
  for (const chunk of chunks.values()) if (chunk.isEntry) need(chunk.fileName);
  const size = [...first].reduce(
    (sum, name) => sum + gzipSync(chunks.get(name)?.code ?? "").length,
    0,
  );
  // biome-ignore lint/suspicious/noConsole: reports the measurement
  console.log(`initial load: ${size} bytes of JavaScript, gzipped`);
  expect(size).toBeGreaterThan(10_000);
  expect(size).toBeLessThanOrEqual(MAX_BYTES);

  const page = output.find((file) => file.fileName === "index.html");
  const html = page?.type === "asset" ? String(page.source) : "";
  expect(html).not.toMatch(/(src|href)="(https?:)?\/\//);
  // A strict Content-Security-Policy allows neither.
  expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=/);
}, 60_000);
