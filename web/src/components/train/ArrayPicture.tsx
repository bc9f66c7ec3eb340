import { useEffect, useEffectEvent, useRef } from "react";
import { useThemeRevision } from "../../hooks/useThemeRevision";

interface Props {
  readonly width: number;
  readonly height: number;
  /** What it shows in words; decorative, beside a text that says the same, if it is "". */
  readonly label: string;
  /** The pixels, RGBA; `element` has the colors of the theme. It is drawn again when this changes. */
  readonly pixels: (element: HTMLElement) => Uint8ClampedArray<ArrayBuffer>;
  readonly className?: string;
}

/** An array as a picture with one pixel a number, which CSS enlarges. */
export function ArrayPicture({ width, height, label, pixels, className }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useThemeRevision();
  const draw = useEffectEvent((element: HTMLCanvasElement) => {
    const context = element.getContext("2d");
    context?.putImageData(new ImageData(pixels(element), width, height), 0, 0);
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: what it draws depends on them
  useEffect(() => {
    if (canvas.current) draw(canvas.current);
  }, [pixels, width, height, theme]);
  return (
    <canvas
      ref={canvas}
      width={width}
      height={height}
      className={className ? `array-picture ${className}` : "array-picture"}
      {...(label ? { role: "img", "aria-label": label } : { "aria-hidden": true })}
    />
  );
}
