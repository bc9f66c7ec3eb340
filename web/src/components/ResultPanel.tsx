import { lazy, type ReactNode, Suspense } from "react";
import { ErrorBoundary } from "react-error-boundary";
import type { Workspace } from "../hooks/useWorkspace";
import { summarize } from "../lib/constraints";
import { numberAnnouncement, numberText } from "../lib/numberText";
import { SectionBoundary } from "./ErrorFallbacks";
import { NumberPanel } from "./NumberPanel";
import { PredictionResult, resultOf } from "./PredictionResult";
import { ProbabilityBars } from "./ProbabilityBars";
import { announcement, ResultAnnouncer } from "./ResultAnnouncer";
import { WorkspaceControls } from "./WorkspaceControls";

// What comes after an answer is loaded after the first one.
const DigitFeedback = lazy(() => import("./feedback/DigitFeedback"));
const NumberFeedback = lazy(() => import("./feedback/NumberFeedback"));

interface Props {
  readonly workspace: Workspace;
  /** How copying the number went, for a moment. */
  readonly copied: "copied" | "failed" | null;
  readonly onCopyNumber: () => void;
}

/** The answer for a digit or a number, its probabilities, and when and with which model to predict. */
export function ResultPanel(props: Props) {
  const { state, request, models } = props.workspace;
  return (
    <section className="result-panel" id="result" aria-label="Result" tabIndex={-1}>
      <SectionBoundary name="The result" resetKeys={[state.prediction, request, models.list]}>
        <Content {...props} />
      </SectionBoundary>
    </section>
  );
}

// A component of its own, so that the boundary also contains errors in what is computed here.
function Content({ workspace, copied, onCopyNumber }: Props) {
  const { isNumber, drawing, settings, classes, digits, digit, number } = workspace;
  const { content, numberResult, notice, outdated } = workspace;
  const { live, keepSeparators } = settings;
  const { prediction } = digit;
  const result = resultOf(content, prediction, classes);
  const shown = prediction?.reason !== "blank" ? prediction : undefined;
  const constrained = summarize(number.typed) !== "";

  const controls = <WorkspaceControls workspace={workspace} />;
  const { list, requested: model } = workspace.models;
  const { digitRequest, numberRequest } = drawing;
  const canAsk = list?.profiles && digits && workspace.settled && !outdated;
  return (
    <>
      {isNumber ? (
        <NumberPanel
          number={number}
          result={numberResult}
          text={numberText(numberResult, live, outdated, constrained)}
          outdated={outdated}
          notice={number.invalid ? null : notice}
          keepSeparators={keepSeparators}
          onKeepSeparators={settings.setKeepSeparators}
          copied={copied}
          onCopy={onCopyNumber}
          controls={controls}
          ask={
            canAsk && numberResult.kind === "edited" && numberRequest && number.shown
              ? (text) => (
                  <Later text={text} key={`${numberRequest.revision} ${number.shown?.text}`}>
                    <NumberFeedback
                      text={number.shown?.text ?? ""}
                      body={numberRequest.body}
                      model={model}
                    >
                      {text}
                    </NumberFeedback>
                  </Later>
                )
              : undefined
          }
        />
      ) : (
        <>
          <PredictionResult
            result={result}
            classes={classes}
            stale={digit.stale}
            outdated={outdated}
            live={live}
            seen={shown?.seen ?? null}
            notice={notice}
            onReadAsNumber={
              result.kind === "rejected" && prediction?.may_be_number && digits
                ? drawing.readAsNumber
                : undefined
            }
            ask={
              canAsk && digitRequest && prediction && prediction.reason !== "blank"
                ? (text) => (
                    <Later text={text} key={digitRequest.revision}>
                      <DigitFeedback
                        digit={prediction.digit}
                        confidence={prediction.confidence}
                        body={digitRequest.body}
                        model={model}
                      >
                        {text}
                      </DigitFeedback>
                    </Later>
                  )
                : undefined
            }
          />
          <ProbabilityBars
            classes={classes}
            probabilities={shown?.probabilities}
            label={result.kind === "answer" && !outdated ? result.label : null}
          />
          {controls}
        </>
      )}
      <ResultAnnouncer
        text={
          !workspace.settled
            ? ""
            : isNumber
              ? numberAnnouncement(numberResult, outdated, constrained)
              : announcement(result, classes, outdated)
        }
      />
    </>
  );
}

/** The text alone until what adds to it is loaded, and if that fails. */
function Later({ text, children }: { readonly text: ReactNode; readonly children: ReactNode }) {
  return (
    <ErrorBoundary fallback={text}>
      <Suspense fallback={text}>{children}</Suspense>
    </ErrorBoundary>
  );
}
