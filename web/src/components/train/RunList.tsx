import { memo, useDeferredValue, useState } from "react";
import { formatAddress } from "../../lib/address";
import type { RunSummary } from "../../lib/lab/schemas";
import { stateInWords } from "../../lib/lab/words";
import { formatValue } from "./Chart";

interface Props {
  readonly runs: readonly RunSummary[];
  readonly selected: string | null;
  readonly marked: ReadonlySet<string>;
  readonly onMark: (name: string, marked: boolean) => void;
}

const MANY = 12;

/** The runs, the newest first; each can be opened, and marked to compare or delete it. */
export function RunList({ runs, selected, marked, onMark }: Props) {
  const [typed, setTyped] = useState("");
  const search = useDeferredValue(typed.trim().toLowerCase());
  const shown = search
    ? runs.filter(({ name, state }) => `${name} ${state}`.toLowerCase().includes(search))
    : runs;
  return (
    <>
      {runs.length > MANY && (
        <label className="run-search">
          <span className="visually-hidden">Search the runs</span>
          <input
            type="search"
            placeholder={`Search ${runs.length} runs`}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </label>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard */}
      <section className="run-list" tabIndex={0} aria-label="Runs">
        <ul>
          {shown.map((run) => (
            <Row
              key={run.name}
              run={run}
              selected={run.name === selected}
              marked={marked.has(run.name)}
              onMark={onMark}
            />
          ))}
        </ul>
        {shown.length === 0 && <p className="muted">No run has “{typed.trim()}” in its name.</p>}
      </section>
    </>
  );
}

interface RowProps {
  readonly run: RunSummary;
  readonly selected: boolean;
  readonly marked: boolean;
  readonly onMark: Props["onMark"];
}

const Row = memo(function Row({ run, selected, marked, onMark }: RowProps) {
  const { name, state, validation_accuracy, accuracy } = run;
  const measured = validation_accuracy ?? accuracy;
  return (
    <li data-selected={selected || undefined}>
      <input
        type="checkbox"
        aria-label={`Mark ${name}`}
        checked={marked}
        onChange={(event) => onMark(name, event.target.checked)}
      />
      <a
        href={formatAddress({ view: "train", parameters: { run: name } })}
        aria-current={selected ? "true" : undefined}
      >
        <span className="run-name">{name}</span>
        <span className="run-state" data-state={state}>
          {stateInWords(state)}
        </span>
        <span className="run-accuracy">{measured === null ? "" : formatValue(measured, true)}</span>
      </a>
    </li>
  );
});
