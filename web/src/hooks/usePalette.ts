import { createContext, useContext, useEffect, useState } from "react";
import { flushSync } from "react-dom";
import { type Colors, interpolate, SCALE_VARIABLES, type Scale } from "../lib/inside/colors";
import { onThemeChange, parseColor, resolveColor } from "../lib/themeColors";

export type Palette = Readonly<Record<Scale, Colors>>;

/** The colors of the theme, for pictures. They are CSS variables of the given element. */
export function usePalette(element: HTMLElement | null): Palette | null {
  const [palette, setPalette] = useState<Palette | null>(null);
  useEffect(() => {
    if (!element) return;
    const update = () => setPalette(readPalette(element));
    update();
    const stop = onThemeChange(update);
    // Paper is white whatever the theme, and the page is printed right after this event.
    const print = window.matchMedia("print");
    const onPrint = () => flushSync(update);
    print.addEventListener("change", onPrint);
    return () => {
      stop();
      print.removeEventListener("change", onPrint);
    };
  }, [element]);
  return palette;
}

function readPalette(element: HTMLElement): Palette {
  const color = (variable: string) => parseColor(resolveColor(element, variable));
  const colors = (scale: Scale) => {
    const [negative, zero, positive] = SCALE_VARIABLES[scale];
    return interpolate(color(negative), color(zero), color(positive));
  };
  return {
    ink: colors("ink"),
    activation: colors("activation"),
    effect: colors("effect"),
  };
}

/** The palette of the view; null until it is known. */
export const PaletteContext = createContext<Palette | null>(null);

export const useColors = (scale: Scale): Colors | undefined => useContext(PaletteContext)?.[scale];
