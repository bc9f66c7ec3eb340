import { useEffect } from "react";
import * as v from "valibot";
import { THEMES, type Theme } from "../components/Header";
import { usePersistentState } from "./usePersistentState";

const ThemeSchema = v.picklist(THEMES);

/** The color theme: the system's, light or dark. */
export function useTheme() {
  const [theme, setTheme] = usePersistentState<Theme>("local", "theme", ThemeSchema, "system");
  useEffect(() => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
  return [theme, setTheme] as const;
}
