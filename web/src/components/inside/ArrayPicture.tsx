import { memo, useMemo } from "react";
import { useColors } from "../../hooks/usePalette";
import { colorValues, type Scale } from "../../lib/inside/colors";
import { largest } from "../../lib/inside/layers";
import { PixelPicture } from "../PixelPicture";

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

/** An array of numbers as a picture, in the colors of the view. */
export const ArrayPicture = memo(function ArrayPicture(props: Props) {
  const { values, width, height, scale, max, label, className } = props;
  const colors = useColors(scale);
  const pixels = useMemo(() => {
    if (!colors) return null;
    const { buffer } = colorValues(values, max ?? largest(values), colors);
    return new Uint8ClampedArray(buffer, 0, 4 * width * height);
  }, [values, width, height, max, colors]);
  return (
    <PixelPicture
      pixels={pixels}
      width={width}
      height={height}
      label={label}
      className={className}
    />
  );
});
