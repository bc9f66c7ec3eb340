import { memo } from "react";
import { countOf } from "../../lib/handwriting/words";
import type { ProfileSample } from "../../lib/profiles/api";
import { Icon } from "../icons";

interface Props {
  readonly samples: readonly ProfileSample[];
  readonly onDelete: (sample: ProfileSample) => void;
}

const DIGITS = Array.from({ length: 10 }, (_, digit) => digit);
const SOURCES: Readonly<Record<ProfileSample["source"], string>> = {
  drawn: "drawn",
  image: "from an image",
  correction: "a correction",
  number: "from a number",
  form: "from a form",
};

/** The samples as pictures, by digit; each can be deleted. */
export const SampleList = memo(function SampleList({ samples, onDelete }: Props) {
  return (
    <ul className="samples-by-digit">
      {DIGITS.map((digit) => {
        const own = samples.filter(({ label }) => label === digit);
        if (own.length === 0) return null;
        return (
          <li key={digit}>
            <span className="digit-name">
              <span aria-hidden="true">{digit}</span>
              <span className="visually-hidden">{`${digit}: ${countOf(own.length, "sample")}`}</span>
            </span>
            <ul>
              {own.map((sample, index) => {
                const name = `${digit}, number ${index + 1} of ${own.length}, ${SOURCES[sample.source]}`;
                return (
                  <li key={sample.id}>
                    <img
                      className="seen"
                      src={sample.seen}
                      width={28}
                      height={28}
                      alt={name}
                      title={`${SOURCES[sample.source]}, ${new Date(sample.time).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" })}`}
                    />
                    <button
                      type="button"
                      aria-label={`Delete: ${name}`}
                      onClick={() => onDelete(sample)}
                    >
                      <Icon name="close" />
                    </button>
                  </li>
                );
              })}
            </ul>
          </li>
        );
      })}
    </ul>
  );
});
