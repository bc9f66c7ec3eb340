import { memo } from "react";
import type { Change } from "../../lib/api/client";
import { formatNumber } from "../../lib/inside/formula";
import { changeText, countOf, neighborsText, rejectionText } from "../../lib/inside/words";
import { DataTable } from "../DataTable";
import { Card, type PartProps } from "./Card";
import { InputPicture } from "./InputPicture";

interface Props extends PartProps {
  readonly pixels: readonly number[] | undefined;
  readonly target: string;
  readonly answer: string | null;
}

/** What would change the answer, how the drawing was prepared, and what it is similar to. */
export const Cards = memo(function Cards({ pixels, target, answer, ...part }: Props) {
  return (
    <div className="inside-cards">
      <Card
        {...part}
        part="change"
        title={
          answer !== null && target !== answer
            ? `What would make it ${target}`
            : "What would change the answer"
        }
      >
        {({ change }) => change && <ChangeDetail change={change} pixels={pixels} />}
      </Card>
      <Card {...part} part="rejection" title="Is it a digit at all?">
        {({ rejection }) =>
          rejection && (
            <>
              <p>{rejectionText(rejection)}</p>
              {rejection.score !== null && rejection.threshold !== null && (
                <Threshold score={rejection.score} threshold={rejection.threshold} />
              )}
              {rejection.change && <ChangeDetail change={rejection.change} pixels={pixels} />}
            </>
          )
        }
      </Card>
      <Card {...part} part="steps" title="How the drawing was prepared">
        {({ steps, preprocessed }) => (
          <>
            {!preprocessed && <p>Preprocessing is off: the drawing is only scaled.</p>}
            <ol className="steps">
              {steps?.map(({ name, title, picture }) => (
                <li key={name}>
                  <img src={picture} alt="" />
                  <span>{title}</span>
                </li>
              ))}
            </ol>
          </>
        )}
      </Card>
      <Card {...part} part="neighbors" title="Similar digits it learned from">
        {({ neighbors, neighbors_reason }) =>
          neighbors && neighbors.length > 0 ? (
            <>
              <p>{neighborsText(neighbors.map(({ label }) => label))}</p>
              <ol className="neighbors">
                {neighbors.map(({ number, label, distance, picture }) => (
                  <li key={number}>
                    {picture ? (
                      <img src={picture} width={28} height={28} alt="" />
                    ) : (
                      <b aria-hidden="true">{label}</b>
                    )}
                    <span>
                      {picture && <b>{label} </b>}No. {number}
                      <span className="visually-hidden">
                        , a {label}, at distance {formatNumber(distance, 2)}
                      </span>
                    </span>
                  </li>
                ))}
              </ol>
            </>
          ) : (
            <p>{neighbors_reason ?? "There is no list of similar digits for this model."}</p>
          )
        }
      </Card>
    </div>
  );
});

interface ChangeProps {
  readonly change: Change;
  readonly pixels: readonly number[] | undefined;
}

function ChangeDetail({ change, pixels }: ChangeProps) {
  const { found, added, removed } = change;
  return (
    <div className="change">
      {found && (
        <InputPicture
          pixels={pixels}
          added={added}
          removed={removed}
          label={`The input with ${countOf(added.length, "pixel")} added and ${countOf(removed.length, "pixel")} removed`}
        />
      )}
      <div>
        <p>{changeText(change)}</p>
        {found && (
          <>
            <p className="card-note">
              <i data-color="positive" /> added <i data-color="negative" /> removed. Found step by
              step and predicted again; an even smaller change may exist.
            </p>
            <DataTable
              caption="Pixels to change"
              columns={["Pixel", "Change"]}
              rows={() =>
                [
                  ...added.map((cell) => [cell, "added"] as const),
                  ...removed.map((cell) => [cell, "removed"] as const),
                ].map(([[row = 0, column = 0], change]) => [
                  `Row ${row + 1}, column ${column + 1}`,
                  change,
                ])
              }
              summary="Table of the pixels"
            />
          </>
        )}
      </div>
    </div>
  );
}

/** Where the score is, relative to the threshold. */
function Threshold({ score, threshold }: { readonly score: number; readonly threshold: number }) {
  const reach = Math.max(8, Math.abs(score - threshold) * 1.15);
  const at = 50 + (50 * (score - threshold)) / reach;
  return (
    <div className="threshold" aria-hidden="true">
      <span className="threshold-scale">
        <i style={{ insetInlineStart: `${at}%` }} />
      </span>
      <span className="threshold-ends">
        <span>a digit</span>
        <span>rejected</span>
      </span>
    </div>
  );
}
