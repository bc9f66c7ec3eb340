import { ariaKeyShortcuts } from "../lib/shortcuts";
import { DigitIcon } from "./DigitIcon";
import { Icon, type IconName } from "./icons";
import { Navigation, type NavigationProps } from "./Navigation";
import "../styles/header.css";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

interface Props extends NavigationProps {
  readonly theme: Theme;
  readonly onTheme: (theme: Theme) => void;
  /** How copying the link went, for a moment. */
  readonly copied: "copied" | "failed" | null;
  readonly onCopyLink: () => void;
  readonly onKeyboardHelp: () => void;
}

const COPY_LINK = { copied: "Copied", failed: "Not copied" } as const;

/** The name of the page, its views, and what applies to all of them. */
export function Header(props: Props) {
  const { theme, onTheme, copied, onCopyLink, onKeyboardHelp } = props;
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
  return (
    <header className="site-header">
      <h1>
        <DigitIcon digit={2} />
        <DigitIcon digit={8} />
        <span>inkdigits</span>
      </h1>
      <Navigation view={props.view} numbers={props.numbers} addressOf={props.addressOf} />
      <div className="header-actions">
        <button
          type="button"
          className="ghost link-button"
          aria-keyshortcuts={ariaKeyShortcuts("link")}
          title="Copy a link to what is shown here"
          onClick={onCopyLink}
        >
          <Icon name={copied === "copied" ? "done" : "link"} />
          <span>{copied ? COPY_LINK[copied] : "Copy link"}</span>
        </button>
        <button
          type="button"
          className="ghost keyboard-button"
          aria-keyshortcuts="?"
          onClick={onKeyboardHelp}
        >
          <Icon name="keyboard" />
          <span>Keyboard</span>
        </button>
        <button
          type="button"
          className="ghost"
          aria-label={`Theme: ${theme}. Change theme`}
          title={`Theme: ${theme}`}
          onClick={() => onTheme(next)}
        >
          <Icon name={theme satisfies IconName} />
        </button>
      </div>
    </header>
  );
}
