import { useEffect, useRef } from "react";
import { formatAddress, VIEW_TITLES, VIEWS, type View } from "../lib/address";
import { ariaKeyShortcuts } from "../lib/shortcuts";
import "../styles/navigation.css";

interface Props {
  readonly view: View;
  /** Whether numbers are offered too. */
  readonly numbers: boolean;
}

/** Links to the views. On a narrow screen they scroll sideways. */
export function Navigation({ view, numbers }: Props) {
  const list = useRef<HTMLUListElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another view is another current link
  useEffect(() => {
    const link = list.current?.querySelector<HTMLElement>("[aria-current]");
    if (!list.current || !link) return;
    // Not `scrollIntoView`, which would scroll the page too.
    list.current.scrollLeft = link.offsetLeft - (list.current.clientWidth - link.offsetWidth) / 2;
  }, [view]);
  return (
    <nav className="navigation" aria-label="Views">
      <ul ref={list}>
        {VIEWS.filter((name) => numbers || name !== "number" || view === "number").map((name) => (
          <li key={name}>
            <a
              href={formatAddress({ view: name, parameters: {} })}
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
