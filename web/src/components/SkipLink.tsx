import type { ReactNode } from "react";

interface Props {
  /** The id of the element that gets the focus. */
  readonly target: string;
  readonly children: ReactNode;
}

/** A link to a part of the page, for the keyboard. The address, a fragment too, stays as it is. */
export function SkipLink({ target, children }: Props) {
  return (
    <a
      className="skip-link"
      href={`#${target}`}
      onClick={(event) => {
        event.preventDefault();
        const element = document.getElementById(target);
        element?.focus();
        element?.scrollIntoView({ block: "nearest" });
      }}
    >
      {children}
    </a>
  );
}
