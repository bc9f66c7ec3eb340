import { useEffect } from "react";
import * as v from "valibot";
import { THEMES, type Theme } from "../components/Header";
import { useStored } from "./useStored";

const KEPT_THEME = v.picklist(THEMES);

/** The colours: the system's, or those that were chosen here. */
export function useTheme() {
  const [theme, setTheme] = useStored<Theme>("local", "theme", KEPT_THEME, "system");
  useEffect(() => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
  return [theme, setTheme] as const;
}
