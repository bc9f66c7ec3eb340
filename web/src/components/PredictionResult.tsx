import type { CSSProperties, ReactNode } from "react";
import type { Prediction } from "../lib/api/client";
import { areDigits, listClasses } from "../lib/classes";
import type { Content } from "../lib/drawing";
import { confidenceLabel, formatPercent, withArticle } from "../lib/format";
import { DigitIcon } from "./DigitIcon";
import { Notice, type NoticeProps } from "./Notice";
import "../styles/result.css";

export type Result =
  | { readonly kind: "empty" }
  /** The API found nothing in the drawing. */
  | { readonly kind: "blank"; readonly content: Content }
  | { readonly kind: "pending" }
  | {
      readonly kind: "answer";
      readonly label: string;
      /** The same as a number, if the classes are the digits. */
      readonly digit: number | null;
      readonly confidence: number;
    }
  | { readonly kind: "rejected"; readonly mostLikely: string };

/** The result for a drawing.
 *
 * @param classes  names of the classes that the prediction has probabilities for
 */
export function resultOf(
  content: Content,
  prediction: Prediction | undefined,
  classes: readonly string[],
): Result {
  if (content === "nothing") return { kind: "empty" };
  if (!prediction) return { kind: "pending" };
  const { digit, label, reason, probabilities, confidence } = prediction;
  if (reason === "blank") return { kind: "blank", content };
  if (label !== null) return { kind: "answer", label, digit, confidence };
  const best = probabilities.indexOf(Math.max(...probabilities));
  return { kind: "rejected", mostLikely: classes[best] ?? "" };
}

/** The text of a result: a heading and a detail.
 *
 * @param live      whether the page predicts while one draws
 * @param outdated  whether the drawing has changed since, and is not being predicted
 */
export function resultText(
  result: Result,
  classes: readonly string[],
  live: boolean,
  outdated = false,
): [heading: string, detail: string] {
  const digits = areDigits(classes);
  if (outdated && result.kind !== "empty" && result.kind !== "pending") {
    return ["Your drawing has changed", "This answer is for its earlier version. Press Predict."];
  }
  switch (result.kind) {
    case "empty":
      return digits
        ? ["No digit yet", "Draw a digit from 0 to 9."]
        : ["Nothing drawn yet", `Draw one of these: ${listClasses(classes)}.`];
    case "blank":
      return result.content === "image"
        ? ["This image is blank", "Nothing is written on it. Open another one, or draw."]
        : ["There is no ink to read", "Draw larger, or in the middle of the drawing area."];
    case "pending":
      if (!live) return ["Not read yet", "Press Predict."];
      return [digits ? "Reading your digit…" : "Reading your drawing…", ""];
    case "answer":
      return [
        confidenceLabel(result.confidence),
        `${formatPercent(result.confidence)} for ${result.label}`,
      ];
    case "rejected":
      return digits
        ? [
            "This does not look like a digit",
            `If it is one, most likely ${withArticle(result.mostLikely)}.`,
          ]
        : [
            "This looks like none of the classes",
            `If it is one, most likely ${result.mostLikely}.`,
          ];
  }
}

interface Props {
  readonly result: Result;
  readonly classes: readonly string[];
  readonly stale: boolean;
  /** Whether the answer is for an earlier version of the drawing, until Predict is pressed. */
  readonly outdated: boolean;
  readonly live: boolean;
  readonly seen: string | null;
  readonly notice: NoticeProps | null;
  /** Read the drawing as a number; undefined if it does not look like one. */
  readonly onReadAsNumber?: (() => void) | undefined;
  /** Adds a question to the text of the result. */
  readonly ask?: ((text: ReactNode) => ReactNode) | undefined;
}

/** The predicted class, its confidence, and the input of the network. */
export function PredictionResult(props: Props) {
  const { result, classes, stale, outdated, live, seen, notice, onReadAsNumber, ask } = props;
  const [heading, detail] = resultText(result, classes, live, outdated);
  const digit = result.kind === "answer" ? result.digit : null;
  const text = (
    <p>
      <strong data-testid="result-heading">{heading}</strong>{" "}
      {onReadAsNumber ? (
        <button type="button" onClick={onReadAsNumber}>
          Read it as a number
        </button>
      ) : (
        <span className="result-detail">{detail}</span>
      )}
    </p>
  );
  return (
    <div
      className="result"
      data-state={result.kind}
      data-stale={stale || undefined}
      data-outdated={outdated || undefined}
    >
      <figure className="result-answer" data-testid="result" data-digit={digit ?? "none"}>
        <div className="result-frame">
          {result.kind === "answer" && result.digit === null ? (
            <ClassName key={result.label} name={result.label} />
          ) : (
            <>
              {digit !== null && <span className="visually-hidden">{digit}</span>}
              <DigitIcon key={digit} digit={digit} />
            </>
          )}
        </div>
        <figcaption>{outdated ? "Earlier answer" : "Answer"}</figcaption>
      </figure>
      <figure className="result-seen">
        <div className="result-frame" data-seen={seen !== null || undefined}>
          {seen ? (
            <img
              src={seen}
              width={28}
              height={28}
              alt="The drawing after preprocessing, 28 by 28 pixels"
              data-testid="seen"
            />
          ) : (
            <span className="visually-hidden">Nothing yet</span>
          )}
        </div>
        <figcaption>What the network saw</figcaption>
      </figure>
      <div className="result-text">{notice ? <Notice {...notice} /> : ask ? ask(text) : text}</div>
    </div>
  );
}

/** The name of a class: as large as fits, for it may be a letter or a sentence. */
function ClassName({ name }: { readonly name: string }) {
  const length = Math.max(1, ...name.split(/\s+/).map((word) => [...word].length));
  return (
    <bdi
      className="result-label"
      data-testid="result-label"
      title={name}
      style={{ "--length": Math.max(length, [...name].length / 3) } as CSSProperties}
    >
      {name}
    </bdi>
  );
}
