import type { useDrawing } from "../hooks/useDrawing";
import type { NumberState } from "../hooks/useNumber";
import { FreehandCanvas } from "./FreehandCanvas";
import { NumberSheet } from "./NumberSheet";
import { PixelCanvas } from "./PixelCanvas";

interface Props {
  readonly drawing: ReturnType<typeof useDrawing>;
  readonly number: NumberState;
  /** Shown while no digit is drawn. */
  readonly placeholder: string;
  readonly erasing: boolean;
  readonly penWidth: number;
  readonly brush: number;
  readonly announce: (text: string) => void;
}

/** The drawing area of the current mode. */
export function Sheet(props: Props) {
  const { drawing, number, placeholder, erasing, penWidth, brush, announce } = props;
  switch (drawing.mode) {
    case "freehand":
      return (
        <FreehandCanvas
          drawing={drawing.freehand.present}
          placeholder={placeholder}
          erasing={erasing}
          width={penWidth}
          update={drawing.freehand.update}
          onDraft={drawing.setDraft}
          announce={announce}
        />
      );
    case "pixels":
      return (
        <PixelCanvas
          drawing={drawing.pixels.present}
          erasing={erasing}
          brush={brush}
          update={drawing.pixels.update}
          onPainting={drawing.setPainting}
          announce={announce}
        />
      );
    case "number":
      return (
        <NumberSheet
          drawing={drawing.number.present}
          update={drawing.number.update}
          onDraft={drawing.setDraft}
          number={number}
          erasing={erasing}
          width={penWidth}
          announce={announce}
        />
      );
  }
}
