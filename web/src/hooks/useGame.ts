import { useQuery } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useMemo, useReducer, useRef, useState } from "react";
import type { PredictionApi } from "../lib/api/client";
import { ApiError, type ApiFailure } from "../lib/api/errors";
import { type FreehandDrawing, newFreehandDrawing } from "../lib/drawing";
import type { Random } from "../lib/game/random";
import {
  type Answer,
  answerOf,
  isRight,
  newRound,
  type Round,
  type Score,
  scoreOf,
  withAnswer,
} from "../lib/game/round";
import { strokesToPng } from "../lib/render";
import { isRetryable, retryDelay } from "../lib/retry";
import type { Stroke } from "../lib/strokes";
import type { Update } from "./useHistory";

/** After the last stroke, a digit is taken as finished; long enough to set down the pen again. */
export const PAUSE_MS = 1000;
/** How long an answer is shown before the next digit. */
const RIGHT_MS = 1100;
const WRONG_MS = 2200;

interface State {
  readonly round: Round;
  readonly drawing: FreehandDrawing;
  /** Whether the drawing is finished and sent. */
  readonly sent: boolean;
  /** Place in the round of the digit that is shown. */
  readonly place: number;
}

interface Options {
  /** The time in milliseconds, from any start. */
  readonly now?: (() => number) | undefined;
  /** Called with the score once the last digit has been answered. */
  readonly onOver?: ((score: Score) => void) | undefined;
}

type Action =
  | { readonly type: "draw"; readonly change: Parameters<Update<FreehandDrawing>>[0] }
  | { readonly type: "clear" | "next"; readonly fresh: FreehandDrawing }
  | { readonly type: "send" }
  | { readonly type: "answer"; readonly answer: Answer };

function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "draw": {
      // What was sent stays as it is: it may become a sample.
      if (state.sent) return state;
      const { change } = action;
      return { ...state, drawing: typeof change === "function" ? change(state.drawing) : change };
    }
    case "clear":
      return { ...state, drawing: action.fresh, sent: false };
    case "next":
      return { ...state, drawing: action.fresh, sent: false, place: state.place + 1 };
    case "send":
      return state.drawing.strokes.length > 0 ? { ...state, sent: true } : state;
    case "answer":
      if (state.round.answers.length > state.place) return state;
      return { ...state, round: withAnswer(state.round, action.answer) };
  }
}

/** One round of the game: asks for ten digits, and has each recognized.
 *
 * @param model   the model to request; null for the default one
 * @param random  chooses the order
 * @param auto    whether a digit is sent after a pause, and the next one asked for by itself; what
 *                is drawn with the keyboard never is
 */
export function useGame(
  api: Pick<PredictionApi, "predict">,
  model: string | null,
  random: Random,
  auto: boolean,
  { now = () => performance.now(), onOver }: Options = {},
) {
  const [state, dispatch] = useReducer(reduce, undefined, () => ({
    round: newRound(random),
    drawing: newFreehandDrawing(),
    sent: false,
    place: 0,
  }));
  const { round, drawing, sent, place } = state;
  const asked = round.digits[place];
  const answer = round.answers[place];
  const [down, setDown] = useState(false);
  const [byKeyboard, setByKeyboard] = useState(false);
  const asked_ms = useRef(0);
  const drawn_ms = useRef(0);

  const startClock = useEffectEvent(() => {
    asked_ms.current = now();
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: begins again with each digit
  useEffect(() => startClock(), [place]);

  const { strokes } = drawing;
  const image = useMemo(() => (sent ? strokesToPng(strokes) : ""), [sent, strokes]);
  const { data, error, failureReason, isFetching } = useQuery({
    queryKey: ["game", sent && drawing.id],
    queryFn: ({ signal }) => api.predict({ image }, model, signal),
    enabled: sent,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    networkMode: "always",
    retry: isRetryable,
    retryDelay,
  });
  const blank = data?.reason === "blank";
  const takeAnswer = useEffectEvent((prediction: NonNullable<typeof data>) => {
    if (!sent || asked === undefined || prediction.reason === "blank") return;
    const time_ms = Math.max(0, drawn_ms.current - asked_ms.current);
    dispatch({ type: "answer", answer: answerOf(asked, prediction, image, time_ms) });
  });
  useEffect(() => {
    if (data) takeAnswer(data);
  }, [data]);

  const canSend = strokes.length > 0 && !sent;
  // The reducer decides whether there is anything to send: a stroke may be ended by the same key.
  const send = () => dispatch({ type: "send" });
  const next = () => {
    if (answer) dispatch({ type: "next", fresh: newFreehandDrawing() });
  };
  const noteScore = useEffectEvent(() => onOver?.(scoreOf(round)));
  const isOver = round.answers.length === round.digits.length;
  useEffect(() => {
    if (isOver) noteScore();
  }, [isOver]);
  const goOn = useEffectEvent(() => (answer ? next() : send()));
  useEffect(() => {
    const waits = answer !== undefined || (canSend && !down);
    if (!auto || byKeyboard || !waits) return;
    const wait_ms = !answer ? PAUSE_MS : isRight(answer) ? RIGHT_MS : WRONG_MS;
    const timer = setTimeout(goOn, wait_ms);
    return () => clearTimeout(timer);
  }, [auto, byKeyboard, down, answer, canSend]);

  return {
    round,
    place,
    /** The digit that is asked for; undefined when the round is over. */
    asked,
    /** The answer to it, once there is one. */
    answer,
    drawing,
    update: ((change) => {
      if (!sent) drawn_ms.current = now();
      dispatch({ type: "draw", change });
    }) as Update<FreehandDrawing>,
    onPointerDown: () => {
      setByKeyboard(false);
      setDown(true);
    },
    onKey: () => setByKeyboard(true),
    onDraft: (draft: Stroke | null) => setDown(draft !== null),
    clear: () => {
      if (!answer) dispatch({ type: "clear", fresh: newFreehandDrawing() });
    },
    canSend,
    send,
    next,
    isWaiting: auto && !byKeyboard && canSend && !down,
    isChecking: isFetching,
    /** Whether the API found nothing in the drawing. */
    blank,
    failure: sent && !data ? failureOf(error ?? failureReason) : null,
    isRetrying: error === null,
  };
}

export type Game = ReturnType<typeof useGame>;

function failureOf(error: Error | null): ApiFailure | null {
  if (!error) return null;
  return error instanceof ApiError ? error.failure : { kind: "page_error" };
}
