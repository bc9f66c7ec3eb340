import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { AccuracyPlot } from "../components/handwriting/AccuracyPlot";
import { Moving } from "../components/handwriting/Moving";
import { Off, ProfilesAbsent } from "../components/handwriting/Off";
import { OwnSamples } from "../components/handwriting/OwnSamples";
import { WritingSection } from "../components/handwriting/WritingSection";
import { Switch } from "../components/Switch";
import { type Handwriting, useHandwriting } from "../hooks/useHandwriting";
import { useLearning } from "../hooks/useLearning";
import { profileApi } from "../hooks/useTeaching";
import { areDigits, classesOf } from "../lib/classes";
import { download, fileNameOf, MAX_FILE_BYTES } from "../lib/handwriting/files";
import { savePending } from "../lib/handwriting/pending";
import { countOf } from "../lib/handwriting/words";
import { PageProblem, type Profile, type ProfileApi, problemOf } from "../lib/profiles/api";
import { isUsed, setUsed } from "../lib/profiles/token";
import type { ViewProps } from "./viewProps";
import "../styles/notice.css";
import "../styles/handwriting.css";
import "../styles/handwriting-samples.css";

function focusTitle(): void {
  document.getElementById("view-title")?.focus({ preventScroll: true });
}

/** Teaches the models one's own handwriting. */
export default function HandwritingView(props: ViewProps) {
  const { models, model } = props;
  const profiles = profileApi();
  const available = models.list?.profiles ?? false;
  const [announced, announce] = useState("");
  const [deleted, setDeleted] = useState(false);
  const [busy, setBusy] = useState(false);
  const digits = model !== undefined && areDigits(classesOf(model));
  const handwriting = useHandwriting(profiles, digits ? model.name : undefined, available);
  const { profile, consent, gone, run } = handwriting;

  useEffect(() => {
    if (deleted) focusTitle();
  }, [deleted]);

  const turnOn = async (action: () => Promise<Profile>) => {
    setBusy(true);
    setDeleted(false);
    if (await run(action)) {
      announce("My handwriting is on.");
      focusTitle();
    }
    setBusy(false);
  };
  const importFile = (file: File) =>
    turnOn(async () => {
      if (file.size > MAX_FILE_BYTES) {
        throw new PageProblem("This file is larger than any exported profile. Choose another one.");
      }
      return profiles.importFile(await file.text());
    });
  const enterToken = (token: string) => void turnOn(() => profiles.enterToken(token));
  const content = (): ReactNode => {
    if (!models.list) return <p className="muted">Waiting for the server…</p>;
    if (!available) return <ProfilesAbsent />;
    if (handwriting.token === undefined || gone) {
      return (
        <Off
          consent={consent.data}
          busy={busy}
          message={
            <OffMessage
              gone={gone}
              deleted={deleted}
              problem={
                handwriting.problem ??
                (consent.failureReason ? problemOf(consent.failureReason) : null)
              }
            />
          }
          onTurnOn={() => void turnOn(() => profiles.create())}
          onToken={enterToken}
          onFile={(file) => void importFile(file)}
        />
      );
    }
    if (!profile.data) {
      const reason = profile.failureReason ?? profile.error;
      return reason ? (
        <div className="notice">
          <p role="alert">
            <strong>{problemOf(reason)}</strong> <span>{profile.error ? "" : "Trying again…"}</span>
          </p>
          {profile.error && (
            <button type="button" onClick={() => void profile.refetch()}>
              Try again
            </button>
          )}
        </div>
      ) : (
        <p className="muted">Loading…</p>
      );
    }
    return (
      <On
        {...props}
        profiles={profiles}
        profile={profile.data}
        handwriting={handwriting}
        digits={digits}
        announce={announce}
        onToken={enterToken}
        onFile={(file) => void importFile(file)}
        onDeleted={() => {
          setDeleted(true);
          announce("Your handwriting is deleted.");
        }}
      />
    );
  };
  return (
    <div className="handwriting">
      <p
        className="visually-hidden"
        role="status"
        aria-live="polite"
        data-testid="handwriting-status"
      >
        {announced}
      </p>
      {content()}
    </div>
  );
}

interface OnProps extends ViewProps {
  readonly profiles: ProfileApi;
  readonly profile: Profile;
  readonly handwriting: Handwriting;
  /** Whether the current model recognizes digits. */
  readonly digits: boolean;
  readonly announce: (text: string) => void;
  readonly onToken: (token: string) => void;
  readonly onFile: (file: File) => void;
  readonly onDeleted: () => void;
}

/** What one sees while it is on. */
function On(props: OnProps) {
  const { api, model, profiles, profile, handwriting, digits, announce } = props;
  const { samples, accuracy, run, elsewhere, problem } = handwriting;
  const name = digits && model ? model.name : null;
  const learning = useLearning(profiles, handwriting, name);
  const [used, setUsedHere] = useState(isUsed);
  const kept = samples.data ?? [];
  const use = (on: boolean) => {
    setUsed(on);
    setUsedHere(on);
    handwriting.forgetPredictions();
  };
  const exportFile = useCallback(
    () =>
      run(async () => {
        download(await profiles.exportFile(), fileNameOf(profile.name));
        return undefined;
      }),
    [run, profiles, profile.name],
  );
  const deleteAll = async () => {
    const done = await run(async () => {
      await profiles.delete();
      return undefined;
    });
    if (done) {
      learning.setPending([]);
      savePending([]);
      handwriting.forget();
      props.onDeleted();
    }
    return done;
  };
  return (
    <>
      <div className="handwriting-head">
        <Switch label="Use my handwriting in this browser" on={used} onChange={use} />
        <span className="muted">
          {profile.samples === 0
            ? "No samples yet"
            : `${countOf(profile.samples, "sample")}, version ${profile.version}`}
        </span>
      </div>
      {elsewhere !== null && (
        <p className="notice" role="status">
          {`Your handwriting was changed in another tab or on another device: this is now version ${elsewhere}.`}
        </p>
      )}
      {problem !== null && <Problem text={problem} />}
      {digits ? (
        <WritingSection
          api={api}
          model={name}
          kept={kept}
          learning={learning}
          announce={announce}
        />
      ) : (
        model && (
          <p>{`The model ${model.name} does not recognize digits. Choose another model in Draw to write more.`}</p>
        )
      )}
      {profile.samples > 0 && digits && (
        <section className="card" aria-labelledby="accuracy-title">
          <h3 id="accuracy-title">Is it better now?</h3>
          {accuracy.data ? (
            <AccuracyPlot
              accuracy={accuracy.data}
              outdated={accuracy.isPlaceholderData}
              withWeakening={learning.effect === null}
            />
          ) : (
            <p className="muted accuracy-pending">
              {accuracy.error
                ? problemOf(accuracy.error)
                : "Counting how many of your samples are recognized…"}
            </p>
          )}
        </section>
      )}
      {samples.data && (
        <OwnSamples
          api={profiles}
          profile={profile}
          samples={kept}
          handwriting={handwriting}
          model={name}
          announce={announce}
        />
      )}
      <Moving
        profile={profile}
        token={handwriting.token ?? ""}
        reason={learning.busy ? "Wait until your digits are learned." : null}
        onExport={() => void exportFile()}
        onFile={props.onFile}
        onNewToken={async () => {
          const done = await run(async () => {
            await profiles.renewToken();
            return profiles.profile();
          });
          if (done) announce("This browser has a new token. Copy it for your other devices.");
          return done;
        }}
        onToken={props.onToken}
        onDelete={deleteAll}
        announce={announce}
      />
    </>
  );
}

/** Why the last action was not done. It is scrolled to: the button may be far below. */
function Problem({ text }: { readonly text: string }) {
  const shown = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    // Without braces, the promise that new browsers return would be taken for a clean-up function.
    shown.current?.scrollIntoView({ block: "nearest" });
  }, []);
  return (
    <p className="notice" role="alert" ref={shown}>
      {text}
    </p>
  );
}

interface OffMessageProps {
  readonly gone: boolean;
  readonly deleted: boolean;
  readonly problem: string | null;
}

/** Why it is off, or still off. */
function OffMessage({ gone, deleted, problem }: OffMessageProps) {
  return (
    <>
      {problem !== null && <Problem text={problem} />}
      {gone && (
        <p className="notice" role="alert">
          <strong>This browser’s token is not valid any more.</strong> Your handwriting was deleted,
          or its token was replaced, on another device. Paste the new token, or turn it on anew.
        </p>
      )}
      {deleted && !gone && (
        <p className="notice" role="status">
          <strong>Your handwriting is deleted.</strong> Nothing of it is left on the server, and
          this browser has forgotten its token.
        </p>
      )}
    </>
  );
}
