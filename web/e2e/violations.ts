import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

/**
 * Expect that axe finds nothing inaccessible in the page, or in a part of it.
 *
 * The same rules run as by default, in a quarter of the time: details are collected of violations
 * only, and in the page itself (“legacy”), which has no frames, not in a new one.
 */
export async function expectNoViolations(page: Page, part = "html"): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .setLegacyMode()
    .options({ resultTypes: ["violations"] })
    .include(part)
    .analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
}
