import { createContext, useContext, useEffect, useState } from "react";
import { flushSync } from "react-dom";
import {
  type Colors,
  interpolate,
  parseColor,
  type Rgb,
  SCALE_VARIABLES,
  type Scale,
} from "../lib/inside/colors";

export type Palette = Readonly<Record<Scale, Colors>>;

/** The colors of the theme, for pictures. They are CSS variables of the given element. */
export function usePalette(element: HTMLElement | null): Palette | null {
  const [palette, setPalette] = useState<Palette | null>(null);
  useEffect(() => {
    if (!element) return;
    const update = () => setPalette(readPalette(element));
    update();
    const queries = ["(prefers-color-scheme: dark)", "(forced-colors: active)"].map((query) =>
      window.matchMedia(query),
    );
    for (const query of queries) query.addEventListener("change", update);
    // Paper is white whatever the theme, and the page is printed right after this event.
    const print = window.matchMedia("print");
    const onPrint = () => flushSync(update);
    print.addEventListener("change", onPrint);
    const observer = new MutationObserver(update);
    observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      for (const query of queries) query.removeEventListener("change", update);
      print.removeEventListener("change", onPrint);
      observer.disconnect();
    };
  }, [element]);
  return palette;
}

function readPalette(element: HTMLElement): Palette {
  // The browser resolves variables and light-dark() in a color property only.
  const probe = element.appendChild(document.createElement("span"));
  const color = (variable: string): Rgb => {
    probe.style.color = `var(${variable})`;
    return parseColor(getComputedStyle(probe).color);
  };
  const colors = (scale: Scale) => {
    const [negative, zero, positive] = SCALE_VARIABLES[scale];
    return interpolate(color(negative), color(zero), color(positive));
  };
  const palette = {
    ink: colors("ink"),
    activation: colors("activation"),
    effect: colors("effect"),
  };
  probe.remove();
  return palette;
}

/** The palette of the view; null until it is known. */
export const PaletteContext = createContext<Palette | null>(null);

export const useColors = (scale: Scale): Colors | undefined => useContext(PaletteContext)?.[scale];
