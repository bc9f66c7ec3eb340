import { memo, useLayoutEffect, useRef } from "react";
import { useColors } from "../../hooks/usePalette";
import { colorValues, type Scale } from "../../lib/inside/colors";
import { largest } from "../../lib/inside/layers";

interface Props {
  /** In row-major order. */
  readonly values: ArrayLike<number>;
  readonly width: number;
  readonly height: number;
  readonly scale: Scale;
  /** The absolute value that gets the strongest color; by default, the largest one. */
  readonly max?: number | undefined;
  /** What the picture shows; without it, the picture is left to the text around it. */
  readonly label?: string | undefined;
  readonly className?: string | undefined;
}

/** An array of numbers as a picture, one pixel for each number. */
export const ArrayPicture = memo(function ArrayPicture(props: Props) {
  const { values, width, height, scale, max, label, className } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const colors = useColors(scale);
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || !colors) return;
    const pixels = colorValues(values, max ?? largest(values), colors);
    const bytes = new Uint8ClampedArray(pixels.buffer, 0, 4 * width * height);
    context.putImageData(new ImageData(bytes, width, height), 0, 0);
  }, [values, width, height, max, colors]);
  return (
    <canvas
      ref={canvas}
      className={className ? `array-picture ${className}` : "array-picture"}
      width={width}
      height={height}
      {...(label === undefined ? { "aria-hidden": true } : { role: "img", "aria-label": label })}
    />
  );
});
