import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useInView } from "../../hooks/useInView";
import { useThrottledValue } from "../../hooks/useThrottledValue";
import type { LabClient } from "../../lib/lab/client";
import { type Cell, Confusion } from "./Confusion";
import { Digits } from "./Digits";
import { Section } from "./Section";

interface Props {
  readonly client: LabClient;
  readonly name: string;
  /** Number of epochs that are done: the pictures are those after the last one. */
  readonly epoch: number;
}

/** Epochs may be short; the pictures follow more slowly. */
const INTERVAL_MS = 3000;
const SHOWN_MISTAKES = 24;

/** How the validation digits are predicted: the confusion matrix, its digits, and the worst mistakes. */
export function Validation({ client, name, epoch: newest }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const inView = useInView(frame);
  const epoch = useThrottledValue(newest, INTERVAL_MS);
  const [open, setOpen] = useState<Cell | null>(null);
  const [all, setAll] = useState(false);
  const common = {
    enabled: inView && epoch > 0,
    gcTime: 10_000,
    networkMode: "always" as const,
    retry: 2,
  };
  const ofRun = <Value,>(
    previous: Value | undefined,
    query: { readonly queryKey: readonly unknown[] } | undefined,
  ) => (query?.queryKey[2] === name ? previous : undefined);
  const matrix = useQuery({
    ...common,
    queryKey: ["lab", "confusion", name, epoch],
    queryFn: ({ signal }) => client.confusion(name, signal),
    placeholderData: ofRun,
  });
  const mistakes = useQuery({
    ...common,
    queryKey: ["lab", "mistakes", name, epoch],
    queryFn: ({ signal }) => client.mistakes(name, signal),
    placeholderData: ofRun,
  });
  const classes = matrix.data?.classes ?? [];
  const [actual, predicted] = [classes[open?.actual ?? -1], classes[open?.predicted ?? -1]];
  const cell = useQuery({
    ...common,
    enabled: common.enabled && actual !== undefined && predicted !== undefined,
    queryKey: ["lab", "digits", name, epoch, actual, predicted],
    queryFn: ({ signal }) => client.digits(name, actual ?? "", predicted ?? "", signal),
  });
  const digits = cell.data?.digits;
  const none = matrix.isSuccess && classes.length === 0;
  const missing =
    epoch === 0
      ? "Comes after the first epoch."
      : matrix.isError
        ? "Cannot be shown now."
        : none
          ? "This run has no validation digits: its recipe holds none back."
          : "Loading…";
  const wrong = mistakes.data?.digits ?? [];
  return (
    <div ref={frame} className="validation">
      <Section title="Confusion matrix">
        {classes.length > 0 ? (
          <>
            <p className="muted">
              Rows are what a digit is, columns what was predicted. Choose a cell to see its digits.
            </p>
            <Confusion
              classes={classes}
              counts={matrix.data?.counts ?? []}
              open={open}
              onOpen={(chosen) =>
                setOpen(
                  chosen.actual === open?.actual && chosen.predicted === open.predicted
                    ? null
                    : chosen,
                )
              }
            />
            {open && actual !== undefined && predicted !== undefined && (
              <div className="cell-digits" aria-live="polite">
                <h5>
                  {actual === predicted
                    ? `${actual}, predicted right`
                    : `${actual}, predicted as ${predicted}`}
                </h5>
                {digits ? (
                  digits.length > 0 ? (
                    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
                    <section className="scrolling-digits" tabIndex={0} aria-label="Its digits">
                      <Digits
                        label={`Digits ${actual} predicted as ${predicted}`}
                        digits={digits}
                      />
                    </section>
                  ) : (
                    <p className="muted">There are none any more.</p>
                  )
                ) : (
                  <p className="muted">{cell.isError ? "They cannot be shown." : "Loading…"}</p>
                )}
              </div>
            )}
          </>
        ) : (
          <p className="muted">{missing}</p>
        )}
      </Section>
      <Section title="Worst mistakes">
        {wrong.length > 0 ? (
          <>
            <p className="muted">Wrong answers of which the network is the most certain.</p>
            <Digits label="Worst mistakes" digits={all ? wrong : wrong.slice(0, SHOWN_MISTAKES)} />
            {wrong.length > SHOWN_MISTAKES && (
              <button type="button" className="ghost" onClick={() => setAll(!all)}>
                {all ? "Show fewer" : `Show all ${wrong.length}`}
              </button>
            )}
          </>
        ) : (
          <p className="muted">
            {mistakes.isSuccess && epoch > 0 && !none ? "There is no mistake." : missing}
          </p>
        )}
      </Section>
    </div>
  );
}
