import { useLayoutEffect, useRef } from "react";
import "../styles/pixel-picture.css";

interface Props {
  /** Red, green, blue and alpha of each pixel, row by row; null while the colors are not known. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer> | null;
  readonly width: number;
  readonly height: number;
  /** What the picture shows; without it, the picture is left to the text around it. */
  readonly label?: string | undefined;
  readonly className?: string | undefined;
}

/** A picture of an array with one pixel for each number, which CSS enlarges. */
export function PixelPicture({ pixels, width, height, label, className }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    if (!pixels) return;
    const context = canvas.current?.getContext("2d");
    context?.putImageData(new ImageData(pixels, width, height), 0, 0);
  }, [pixels, width, height]);
  return (
    <canvas
      ref={canvas}
      className={className ? `pixel-picture ${className}` : "pixel-picture"}
      width={width}
      height={height}
      {...(label === undefined ? { "aria-hidden": true } : { role: "img", "aria-label": label })}
    />
  );
}
