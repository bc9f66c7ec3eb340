import { useEffect, useState } from "react";
import { onThemeChange } from "../lib/themeColors";

/** A number that changes when the colors of the page change, for what draws them by itself. */
export function useThemeRevision(): number {
  const [revision, setRevision] = useState(0);
  useEffect(() => onThemeChange(() => setRevision((previous) => previous + 1)), []);
  return revision;
}
