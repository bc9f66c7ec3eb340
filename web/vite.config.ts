import react from "@vitejs/plugin-react";
import type { Rolldown } from "vite";
import { defineConfig } from "vitest/config";

const api = process.env.INKDIGITS_API ?? "http://127.0.0.1:5000";
const API_PATHS = ["/api", "/predict", "/docs", "/openapi.json", "/healthz", "/readyz"];

/** Whether the page imports a module, directly or indirectly, when it starts. */
function isInitial(id: string, modules: Rolldown.ChunkingContext, seen = new Set()): boolean {
  if (seen.has(id)) return false;
  seen.add(id);
  const info = modules.getModuleInfo(id);
  return info?.isEntry || info?.importers.some((by) => isInitial(by, modules, seen)) || false;
}

export default defineConfig({
  // Relative, so that the same build can be served at any path.
  base: "./",
  plugins: [react()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          // One file for the first load, also for what views use that are loaded later: it is
          // smaller than several.
          groups: [
            {
              debugName: "first",
              name: (id, modules) => (isInitial(id, modules) ? "first" : null),
            },
          ],
        },
      },
    },
  },
  server: {
    proxy: Object.fromEntries(API_PATHS.map((path) => [path, api])),
  },
  test: {
    include: ["src/**/*.test.{ts,tsx}", "tests/**/*.test.ts"],
    // Tests that need a DOM select happy-dom in their first line.
    environment: "node",
    restoreMocks: true,
    // Canvas, camera and dialogs are tested in a browser (e2e/), which is not counted here.
    coverage: {
      thresholds: { lines: 70, branches: 67 },
      include: ["src/**/*.{ts,tsx}"],
      exclude: ["src/**/*.test.{ts,tsx}", "src/lib/api/schema.d.ts", "src/main.tsx"],
      reporter: [["text", { skipFull: true }]],
    },
  },
});
