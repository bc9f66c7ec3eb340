import { DigitIcon } from "./DigitIcon";
import { Icon, type IconName } from "./icons";
import "../styles/header.css";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

interface Props {
  readonly theme: Theme;
  readonly onTheme: (theme: Theme) => void;
  readonly onKeyboardHelp: () => void;
}

export function Header({ theme, onTheme, onKeyboardHelp }: Props) {
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
  return (
    <header className="site-header">
      <h1>
        <DigitIcon digit={2} />
        <DigitIcon digit={8} />
        <span>inkdigits</span>
      </h1>
      <nav aria-label="Page">
        <a href="#how">How it works</a>
        <button
          type="button"
          className="ghost keyboard-button"
          aria-keyshortcuts="?"
          onClick={onKeyboardHelp}
        >
          <Icon name="keyboard" />
          <span>Keyboard</span>
        </button>
      </nav>
      <button
        type="button"
        className="ghost"
        aria-label={`Theme: ${theme}. Change theme`}
        title={`Theme: ${theme}`}
        onClick={() => onTheme(next)}
      >
        <Icon name={theme satisfies IconName} />
      </button>
    </header>
  );
}
