import { useEffect, useRef } from "react";
import { VIEW_TITLES, type View } from "../lib/address";

/** Follow a change of the view: the title of the document, the place on the page and the focus.
 *
 * The focus moves to the title of the new view, which screen readers then read, except if it is on
 * something that the new view has too; then `announce` gets the title.
 */
export function useViewChange(view: View, announce: (text: string) => void): void {
  const last = useRef(view);
  useEffect(() => {
    document.title = view === "draw" ? "inkdigits" : `${VIEW_TITLES[view]} · inkdigits`;
    if (last.current === view) return;
    const stays = isDrawOrNumber(last.current) && isDrawOrNumber(view);
    last.current = view;
    if (stays && document.activeElement?.closest("main")) return announce(VIEW_TITLES[view]);
    if (!stays) window.scrollTo({ top: 0, behavior: "instant" });
    document.getElementById("view-title")?.focus({ preventScroll: true });
  }, [view, announce]);
}

const isDrawOrNumber = (view: View) => view === "draw" || view === "number";
