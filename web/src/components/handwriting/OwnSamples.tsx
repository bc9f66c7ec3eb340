import { useEffect, useState } from "react";
import type { Handwriting } from "../../hooks/useHandwriting";
import { sampleAgain } from "../../lib/handwriting/files";
import { isMissing, versionRows } from "../../lib/handwriting/words";
import type { Profile, ProfileApi, ProfileSample } from "../../lib/profiles/api";
import { DataTable } from "../DataTable";
import { ControlButton } from "../train/ControlButton";
import { SampleList } from "./SampleList";

/** How long a deletion can be undone. */
const UNDO_MS = 20_000;

interface Props {
  readonly api: ProfileApi;
  readonly profile: Profile;
  readonly samples: readonly ProfileSample[];
  readonly handwriting: Handwriting;
  readonly model: string | null;
  readonly announce: (text: string) => void;
}

/** The samples to look at and to delete, and the last addition to be undone. */
export function OwnSamples({ api, profile, samples, handwriting, model, announce }: Props) {
  const { run } = handwriting;
  const [deleted, setDeleted] = useState<ProfileSample | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (!deleted) return;
    const timer = setTimeout(() => setDeleted(null), UNDO_MS);
    return () => clearTimeout(timer);
  }, [deleted]);

  const change = async (action: () => Promise<Profile>, done: string): Promise<boolean> => {
    if (busy) return false;
    setBusy(true);
    const ok = await run(action);
    setBusy(false);
    if (ok) announce(done);
    return ok;
  };
  const remove = async (sample: ProfileSample) => {
    const action = async () => {
      try {
        return await api.removeSample(sample.id);
      } catch (error) {
        // Another device was faster, so that it is gone as wished.
        if (!isMissing(error)) throw error;
        return api.profile();
      }
    };
    const done = `The ${sample.label} is deleted. It can be brought back for a moment.`;
    if (await change(action, done)) setDeleted(sample);
  };
  const bringBack = async (sample: ProfileSample) => {
    const action = async () => (await api.add([sampleAgain(sample)], model)).profile;
    if (!(await change(action, `The ${sample.label} is back.`))) return;
    setDeleted(null);
    document.getElementById("samples-title")?.focus({ preventScroll: true });
  };
  const undo = () => {
    setDeleted(null);
    void change(() => api.undo(), "The last addition is undone.");
  };
  return (
    <section className="card" aria-labelledby="samples-title">
      <h3 id="samples-title" tabIndex={-1}>
        My samples
      </h3>
      <div className="control-row sample-actions">
        <ControlButton
          reason={
            busy ? "Wait a moment." : samples.length === 0 ? "There is nothing to undo." : null
          }
          onClick={undo}
        >
          Undo the last addition
        </ControlButton>
        {deleted && (
          <span className="undo-bar">
            <span>{`A sample of ${deleted.label} is deleted.`}</span>
            <ControlButton
              reason={busy ? "Wait a moment." : null}
              onClick={() => void bringBack(deleted)}
            >
              Bring it back
            </ControlButton>
          </span>
        )}
      </div>
      {samples.length === 0 ? (
        <p className="muted">What you write will appear here.</p>
      ) : (
        <SampleList samples={samples} onDelete={(sample) => void remove(sample)} />
      )}
      {profile.versions.length > 0 && (
        <DataTable
          caption="Versions of your handwriting"
          summary="What was changed when"
          columns={["Version", "What", "Change", "Samples", "When"]}
          rows={() => versionRows(profile.versions)}
        />
      )}
    </section>
  );
}
