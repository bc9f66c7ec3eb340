import { useEffect, useEffectEvent, useState } from "react";
import { nextPosition } from "../lib/inside/formula";

type Position = readonly [row: number, column: number];

const STEP_MS = 400;

/** Move a window over a feature map: step by step, or by itself while `playing`. */
export function useSliding(
  position: Position,
  size: readonly [height: number, width: number],
  onPosition: (position: Position) => void,
) {
  const [playing, setPlaying] = useState(false);
  const step = (by: 1 | -1) => onPosition(nextPosition(position, size, by));
  const onTick = useEffectEvent(() => step(1));
  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(onTick, STEP_MS);
    return () => clearInterval(timer);
  }, [playing]);
  return {
    playing,
    setPlaying,
    step: (by: 1 | -1) => {
      setPlaying(false);
      step(by);
    },
  };
}
