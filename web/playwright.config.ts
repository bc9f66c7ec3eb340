import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";
import type { InputOptions } from "./e2e/fixtures";

// An installed browser; without one, Playwright uses its own.
const chromium = [
  process.env.INKDIGITS_CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
].find((path) => path && existsSync(path));

const SPEED = /speed\.spec/;
const ALL_DEVICES = /(digits|handwriting|inside|layout|train)\.spec/;
const DEPLOYED = /deployed\.spec/;

/**
 * New versions of Chromium load suggestions for the address bar of each window, which nobody sees
 * here, and which would take a quarter of the time of all tests.
 */
const WITHOUT_SUGGESTIONS = ["WebUIOmniboxPopup", "WebUIOmniboxAimPopup"];
// Playwright 1.65 disables these, in an argument that ours replaces.
const DISABLED_FEATURES = [
  "AvoidUnnecessaryBeforeUnloadCheckSync",
  "DestroyProfileOnBrowserClose",
  "HttpsUpgrades",
  "HttpsFirstBalancedModeAutoEnable",
  "LensOverlay",
  "MediaRouter",
  "PaintHolding",
  "ThirdPartyStoragePartitioning",
  "AvoidCorsURLLoaderRestartOnRedirect",
  "TcpPortRandomizationWin",
  "OptimizationHints",
  "NetworkTimeServiceQuerying",
  "AimEnabled",
  "PreconnectToSearch",
];

export default defineConfig<InputOptions>({
  testDir: "e2e",
  fullyParallel: false,
  workers: 2,
  forbidOnly: Boolean(process.env.CI),
  timeout: 30_000,
  expect: { timeout: 7_000 },
  reporter: [["list"]],
  use: {
    viewport: { width: 1280, height: 800 },
    locale: "en",
    launchOptions: {
      ...(chromium && { executablePath: chromium }),
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        `--disable-features=${[...DISABLED_FEATURES, ...WITHOUT_SUGGESTIONS].join(",")}`,
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
      ],
    },
  },
  projects: [
    {
      name: "desktop",
      testIgnore: [SPEED, DEPLOYED],
      grepInvert: /@touch/,
      use: { pointer: "mouse" },
    },
    // Not part of the tests: on a busy machine the measurement means nothing.
    ...(process.env.INKDIGITS_SPEED
      ? [{ name: "speed", testMatch: SPEED, use: { pointer: "mouse" as const } }]
      : []),
    // For a page that is already running: make test-deploy starts it in a container.
    ...(process.env.INKDIGITS_PAGE
      ? [{ name: "deployed", testMatch: DEPLOYED, use: { pointer: "mouse" as const } }]
      : []),
    {
      name: "phone",
      testMatch: ALL_DEVICES,
      grepInvert: /@desktop/,
      use: {
        pointer: "touch",
        viewport: { width: 390, height: 844 },
        hasTouch: true,
        isMobile: true,
        deviceScaleFactor: 3,
      },
    },
    {
      name: "tablet",
      testMatch: ALL_DEVICES,
      grepInvert: /@desktop/,
      use: {
        pointer: "pen",
        viewport: { width: 820, height: 1180 },
        hasTouch: true,
        deviceScaleFactor: 2,
      },
    },
  ],
});
