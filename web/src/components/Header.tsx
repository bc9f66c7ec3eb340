import { Glyph } from "./Glyph";
import { Icon, type IconName } from "./icons";
import "../styles/header.css";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export function isTheme(value: unknown): value is Theme {
  return THEMES.includes(value as Theme);
}

const NAMES: Record<Theme, string> = {
  system: "Colours as the system's",
  light: "Light",
  dark: "Dark",
};

interface Props {
  readonly theme: Theme;
  readonly onTheme: (theme: Theme) => void;
  readonly onHelp: () => void;
}

export function Header({ theme, onTheme, onHelp }: Props) {
  return (
    <header className="head">
      <h1>
        <Glyph digit={2} />
        <Glyph digit={8} />
        <span>inkdigits</span>
      </h1>
      <nav aria-label="Page">
        <a href="#how">How it works</a>
        <button type="button" className="quiet keyboard" aria-keyshortcuts="?" onClick={onHelp}>
          <Icon name="keyboard" />
          <span>Keyboard</span>
        </button>
      </nav>
      <fieldset className="theme">
        <legend className="unseen">Colours</legend>
        {THEMES.map((one) => (
          <label key={one} title={NAMES[one]}>
            <input
              type="radio"
              name="theme"
              aria-label={NAMES[one]}
              checked={theme === one}
              onChange={() => onTheme(one)}
            />
            <Icon name={one satisfies IconName} />
          </label>
        ))}
      </fieldset>
    </header>
  );
}
