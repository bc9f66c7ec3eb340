import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const api = process.env.INKDIGITS_API ?? "http://127.0.0.1:5000";
const API_PATHS = ["/api", "/predict", "/docs", "/openapi.json", "/healthz", "/readyz"];

interface ModuleGraph {
  getModuleInfo(id: string): { isEntry: boolean; importers: readonly string[] } | null;
}

/** Whether a module is part of the first load: the entry imports it, though not with `import()`. */
function isInFirstLoad(id: string, graph: ModuleGraph, seen = new Set<string>()): boolean {
  if (seen.has(id)) return false;
  seen.add(id);
  const info = graph.getModuleInfo(id);
  if (!info) return false;
  return info.isEntry || info.importers.some((importer) => isInFirstLoad(importer, graph, seen));
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
        // The first load is one file: what it shares with lazily loaded files would otherwise be
        // split into several, which compress worse by 2 kB.
        codeSplitting: {
          groups: [{ name: (id, graph) => (isInFirstLoad(id, graph) ? "page" : null) }],
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
