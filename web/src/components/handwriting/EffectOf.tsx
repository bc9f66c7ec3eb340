import { useEffect, useRef } from "react";
import type { Effect } from "../../hooks/useLearning";
import {
  answerOf,
  effectInWords,
  isChanged,
  isRight,
  weakeningInWords,
} from "../../lib/handwriting/words";
import type { ProfileSample } from "../../lib/profiles/api";
import { Written } from "./WrittenSheet";

interface Props {
  readonly effect: Effect;
  /** All samples, with what the network sees of them. */
  readonly kept: readonly ProfileSample[];
  /** Whether to move the focus to it: it has taken the place of what had it. */
  readonly focus: boolean;
}

/** The same digits before and after they were learned. */
export function EffectOf({ effect, kept, focus }: Props) {
  const { digits, change } = effect;
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (focus && change.version) title.current?.focus({ preventScroll: true });
  }, [focus, change.version]);
  const weakened = weakeningInWords(change.personal_model);
  return (
    <div className="effect">
      <h3 ref={title} tabIndex={-1}>
        Learned
      </h3>
      <p>{effectInWords(change.samples)}</p>
      {weakened && <p className="notice">{weakened}</p>}
      <ul className="before-after">
        {change.samples.map((sample, index) => {
          const written = kept.find(({ id }) => id === sample.id) ?? digits[index];
          const changed = isChanged(sample);
          return (
            <li key={sample.id} data-changed={changed || undefined}>
              {written && <Written {...written} />}
              <span className="answers">
                <span className="visually-hidden">{changed ? "was " : "still "}</span>
                {changed && (
                  <>
                    <s data-rejected={sample.before.digit === null || undefined}>
                      {answerOf(sample.before)}
                    </s>
                    <span aria-hidden="true"> → </span>
                    <span className="visually-hidden">, is now </span>
                  </>
                )}
                <span
                  data-wrong={!isRight(sample, "after") || undefined}
                  data-rejected={sample.after.digit === null || undefined}
                >
                  {answerOf(sample.after)}
                </span>
                {!isRight(sample, "after") && (
                  <span className="visually-hidden">, which is wrong</span>
                )}
              </span>
            </li>
          );
        })}
      </ul>
      <p className="muted">
        The model was fitted to these very digits. How it does on digits that it was not fitted to
        is shown below.
      </p>
    </div>
  );
}
