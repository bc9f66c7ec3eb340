import { DigitIcon } from "./DigitIcon";
import { Icon, type IconName } from "./icons";
import "../styles/header.css";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const NAMES: Record<Theme, string> = {
  system: "as the system's",
  light: "light",
  dark: "dark",
};

interface Props {
  readonly theme: Theme;
  readonly onTheme: (theme: Theme) => void;
  readonly onHelp: () => void;
}

export function Header({ theme, onTheme, onHelp }: Props) {
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
          onClick={onHelp}
        >
          <Icon name="keyboard" />
          <span>Keyboard</span>
        </button>
      </nav>
      <button
        type="button"
        className="ghost"
        aria-label={`Colours: ${NAMES[theme]}. Change`}
        title={`Colours: ${NAMES[theme]}`}
        onClick={() => onTheme(next)}
      >
        <Icon name={theme satisfies IconName} />
      </button>
    </header>
  );
}
