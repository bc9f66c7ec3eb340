import type { Update } from "../hooks/useHistory";
import type { NumberState } from "../hooks/useNumber";
import type { NumberDrawing } from "../lib/drawing";
import { contains } from "../lib/numberEdits";
import { CANVAS_SIZE, IMAGE_HEIGHT, isOnInk, NUMBER_WIDTH, type Stroke } from "../lib/strokes";
import { DigitBoxes } from "./DigitBoxes";
import { FreehandCanvas } from "./FreehandCanvas";

interface Props {
  readonly drawing: NumberDrawing;
  readonly update: Update<NumberDrawing>;
  readonly onDraft: (draft: Stroke | null) => void;
  readonly number: NumberState;
  readonly erasing: boolean;
  readonly width: number;
  readonly announce: (text: string) => void;
}

const TAP_DISTANCE = 12;

/** A wide sheet for a number, with a box around each digit that was found. */
export function NumberSheet(props: Props) {
  const { drawing, update, onDraft, number, erasing, width, announce } = props;
  const { shown, select } = number;
  return (
    <FreehandCanvas
      label="Sheet for a number"
      sheetWidth={NUMBER_WIDTH}
      drawing={drawing}
      placeholder="Write a number here"
      erasing={erasing}
      width={width}
      update={update}
      onDraft={onDraft}
      announce={announce}
      onTap={([x, y]) => {
        const index = shown?.digits.findIndex(({ box }) => contains(box, [x, y])) ?? -1;
        // Beside the ink of a digit, a tap may be a decimal point.
        const isDigit = drawing.image || isOnInk(drawing.strokes, [x, y], TAP_DISTANCE);
        if (index < 0 || !isDigit) return false;
        select(index);
        return true;
      }}
    >
      <DigitBoxes
        shown={shown}
        selected={number.selected}
        bottom={drawing.image ? IMAGE_HEIGHT : CANVAS_SIZE}
      />
    </FreehandCanvas>
  );
}
