import { useCallback, useMemo, useState } from "react";
import type { NumberBody, PredictionApi } from "../lib/api/client";
import {
  fieldOf,
  NO_CONSTRAINTS,
  type TypedConstraints,
  TypedConstraintsSchema,
  toRequest,
} from "../lib/constraints";
import type { NumberDrawing, OpenedImage } from "../lib/drawing";
import { type Edits, NO_EDITS } from "../lib/numberEdits";
import {
  chooseText,
  correctDigit,
  leastSure,
  onSheet,
  type SheetAnswer,
  shownNumber,
  uncorrectDigit,
} from "../lib/numbers";
import { objectId } from "../lib/objectId";
import { useDebouncedValue } from "./useDebouncedValue";
import type { InkRequest } from "./useDrawing";
import type { Update } from "./useHistory";
import { usePersistentState } from "./usePersistentState";
import { type PredictionRequest, usePrediction } from "./usePrediction";

interface Sent {
  readonly body: NumberBody;
  readonly opened: OpenedImage | null;
}

const TYPING_MS = 400;

/** The number in a drawing: the answer of the API, the constraints, and a person's corrections.
 *
 * @param ink  the drawing to recognize; null in other modes, and if there is nothing
 */
export function useNumber(
  api: Pick<PredictionApi, "recognizeNumber">,
  drawing: NumberDrawing,
  update: Update<NumberDrawing>,
  ink: InkRequest | null,
  model: string | null,
  live: boolean,
) {
  const [typed, setTyped] = usePersistentState<TypedConstraints>(
    "session",
    "number-constraints",
    TypedConstraintsSchema,
    NO_CONSTRAINTS,
  );
  const settled = useDebouncedValue(typed, TYPING_MS);
  const constraints = useMemo(() => toRequest(settled), [settled]);
  const request = useMemo(
    (): PredictionRequest<Sent> | null =>
      ink && {
        ...ink,
        revision: `${ink.revision} constraints ${objectId(constraints)}`,
        body: () => ({ body: { ...ink.body(), ...constraints }, opened: ink.opened }),
      },
    [ink, constraints],
  );
  const state = usePrediction(
    async ({ body, opened }: Sent, model, signal): Promise<SheetAnswer> =>
      onSheet(await api.recognizeNumber(body, model, signal), opened),
    request,
    model,
    live,
  );
  const { prediction, failure } = state;

  const { edits, id } = drawing;
  const answer = prediction?.reason === "blank" ? undefined : prediction;
  const shown = useMemo(() => answer && shownNumber(answer, edits), [answer, edits]);
  const edit = useCallback(
    (change: (edits: Edits) => Edits) =>
      update((present) => ({ ...present, edits: change(present.edits) })),
    [update],
  );

  const [chosen, setChosen] = useState<{ id: string; index: number } | null>(null);
  const select = (index: number) => setChosen({ id, index });
  /** Change one digit, which stays the one whose probabilities are shown. */
  const editDigit = (index: number, change: (edits: Edits) => Edits) => {
    select(index);
    edit(change);
  };
  const digits = shown?.digits ?? [];
  const isChosen = chosen?.id === id && chosen.index < digits.length;

  const detail = failure?.kind === "http_error" && failure.status === 422 ? failure.detail : "";
  const field = detail ? fieldOf(detail, typed) : null;
  return {
    ...state,
    answer,
    shown,
    /** Index of the digit whose probabilities are shown: the chosen one, or the least sure. */
    selected: isChosen ? chosen.index : leastSure(digits),
    isChosen,
    select,
    correct: (index: number, digit: number) =>
      shown && editDigit(index, (edits) => correctDigit(shown, edits, index, digit)),
    uncorrect: (index: number) =>
      shown && editDigit(index, (edits) => uncorrectDigit(shown, edits, index)),
    choose: (text: string) => answer && edit((edits) => chooseText(answer, edits, text)),
    takeBack: () => edit(() => NO_EDITS),
    typed,
    setTyped,
    /** What the API says about a constraint, and the constraint's field. */
    invalid: field && { field, detail },
  };
}

export type NumberState = ReturnType<typeof useNumber>;
