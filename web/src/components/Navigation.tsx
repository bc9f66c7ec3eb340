import { useEffect, useRef } from "react";
import { type Address, formatAddress, VIEW_TITLES, VIEWS, type View } from "../lib/address";
import { ariaKeyShortcuts } from "../lib/shortcuts";
import "../styles/navigation.css";

export interface NavigationProps {
  readonly view: View;
  /** Whether numbers are offered too. */
  readonly numbers: boolean;
  /** Where the link to a view leads. */
  readonly addressOf: (view: View) => Address;
}

/** Links to the views. On a narrow screen they scroll sideways. */
export function Navigation({ view, numbers, addressOf }: NavigationProps) {
  const list = useRef<HTMLUListElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another view is another current link
  useEffect(() => {
    const showCurrent = () => {
      const link = list.current?.querySelector<HTMLElement>("[aria-current]");
      if (!list.current || !link) return;
      // Not `scrollIntoView`, which would scroll the page too.
      list.current.scrollLeft = link.offsetLeft - (list.current.clientWidth - link.offsetWidth) / 2;
    };
    showCurrent();
    window.addEventListener("resize", showCurrent);
    return () => window.removeEventListener("resize", showCurrent);
  }, [view]);
  return (
    <nav className="navigation" aria-label="Views">
      <ul ref={list}>
        {VIEWS.filter((name) => numbers || name !== "number" || view === "number").map((name) => (
          <li key={name}>
            <a
              href={formatAddress(addressOf(name))}
              aria-current={name === view ? "page" : undefined}
              aria-keyshortcuts={ariaKeyShortcuts(name)}
            >
              {VIEW_TITLES[name]}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
