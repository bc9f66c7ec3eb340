import { useEffect, useState } from "react";
import { onThemeChange, parseColor, resolveColor } from "../lib/themeColors";

/** The color that a custom property of the page has in its theme, for pictures. */
export function useThemeColor(property: string) {
  const [color, setColor] = useState(() => read(property));
  useEffect(() => onThemeChange(() => setColor(read(property))), [property]);
  return color;
}

const read = (property: string) => parseColor(resolveColor(document.body, property));
