/** Tests with a service that keeps profiles, in a database of each worker's own. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base } from "./fixtures";
import { Service } from "./service";

export const test = base.extend<object, { service: Service }>({
  service: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern
    async ({}, use) => {
      const folder = await mkdtemp(join(tmpdir(), "profiles-"));
      const service = await Service.start({
        INKDIGITS_DATABASE: join(folder, "profiles.sqlite3"),
      });
      await use(service);
      await service.kill();
      await rm(folder, { recursive: true, maxRetries: 5 });
    },
    { scope: "worker", timeout: 90_000 },
  ],
});
