import { useEffect } from "react";
import { isTheme, type Theme } from "../components/Header";
import { useStored } from "./useStored";

/** The colours: the system's, or those that were chosen here. */
export function useTheme() {
  const [theme, setTheme] = useStored<Theme>("local", "theme", isTheme, "system");
  useEffect(() => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
  return [theme, setTheme] as const;
}
