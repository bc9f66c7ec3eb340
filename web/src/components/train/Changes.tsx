import { formatCount } from "../../lib/format";
import type { Change } from "../../lib/lab/schemas";
import { formatSetting, settingLabel } from "../../lib/lab/settings";
import { Table } from "../DataTable";

/** What was changed while a run trained, and when. */
export function Changes({ changes }: { readonly changes: readonly Change[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
    <section className="scrolls" tabIndex={0} aria-label="Changes">
      <Table
        className="numbers"
        caption="Changes"
        columns={["Step", "What", "From", "To"]}
        rows={changes.map(({ step, setting, before, after }) => [
          formatCount(step),
          settingLabel(setting),
          formatSetting(before),
          formatSetting(after),
        ])}
      />
    </section>
  );
}
