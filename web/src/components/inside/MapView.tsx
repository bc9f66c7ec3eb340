import type { PointerEvent } from "react";
import { ArrayPicture } from "./ArrayPicture";
import type { Box } from "./InputPicture";

interface Props {
  readonly values: ArrayLike<number>;
  readonly width: number;
  readonly height: number;
  readonly max?: number | undefined;
  readonly box: Box;
  readonly caption: string;
  readonly label: string;
  /** A click on a pixel, for those who point; the fields for row and column do the same. */
  readonly onPosition?: ((row: number, column: number) => void) | undefined;
}

/** A large feature map with a frame around a part of it. */
export function MapView(props: Props) {
  const { values, width, height, max, box, caption, label, onPosition } = props;
  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    const area = event.currentTarget.getBoundingClientRect();
    const at = (offset: number, length: number, count: number) =>
      Math.min(count - 1, Math.max(0, Math.floor((offset / length) * count)));
    onPosition?.(
      at(event.clientY - area.top, area.height, height),
      at(event.clientX - area.left, area.width, width),
    );
  };
  return (
    <figure className="map-view">
      <div
        className="map-view-picture"
        data-clickable={onPosition ? true : undefined}
        onPointerDown={onPointerDown}
      >
        <ArrayPicture
          values={values}
          width={width}
          height={height}
          scale="activation"
          max={max}
          label={label}
        />
        <svg
          viewBox={`0 0 ${width} ${height}`}
          aria-hidden="true"
          focusable="false"
          preserveAspectRatio="none"
        >
          <rect
            className="receptive-field"
            x={box.column}
            y={box.row}
            width={box.width}
            height={box.height}
          />
        </svg>
      </div>
      <figcaption>{caption}</figcaption>
    </figure>
  );
}
