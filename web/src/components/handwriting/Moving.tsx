import { useState } from "react";
import { useCopy } from "../../hooks/useCopy";
import type { Profile } from "../../lib/profiles/api";
import { Dialog } from "../Dialog";
import { ControlButton } from "../train/ControlButton";
import { FileButton } from "./FileButton";
import { TokenForm } from "./Off";

interface Props {
  readonly profile: Profile;
  readonly token: string;
  /** Why nothing can be done now; null if it can. */
  readonly reason: string | null;
  readonly onExport: () => void;
  readonly onFile: (file: File) => void;
  readonly onNewToken: () => Promise<boolean>;
  readonly onToken: (token: string) => void;
  readonly onDelete: () => Promise<boolean>;
  readonly announce: (text: string) => void;
}

/** Takes the handwriting to other devices and servers, and deletes it. */
export function Moving(props: Props) {
  const { profile, token, reason, onExport, onFile, onNewToken, onToken, onDelete } = props;
  const { announce } = props;
  const { outcome, copy } = useCopy();
  const [asking, setAsking] = useState<"delete" | "token" | null>(null);
  const [file, setFile] = useState<File | null>(null);
  const close = () => {
    setAsking(null);
    setFile(null);
  };
  const copyToken = async () =>
    announce((await copy(token)) ? "The token is copied." : "The browser did not allow copying.");
  return (
    <div className="moving">
      <section className="card" aria-labelledby="devices-title">
        <h3 id="devices-title">Use it on another device</h3>
        <p>
          Copy the token, open this view in the other browser, and paste it there. Whoever has the
          token can see, change and delete your samples, so keep it like a password.
        </p>
        <div className="control-row">
          <button type="button" onClick={() => void copyToken()}>
            {outcome === "copied"
              ? "Copied"
              : outcome === "failed"
                ? "Not copied"
                : "Copy the token"}
          </button>
          <ControlButton reason={reason} onClick={() => setAsking("token")}>
            New token…
          </ControlButton>
        </div>
        <details>
          <summary>Use another profile in this browser</summary>
          <p>
            This browser then forgets the token above: copy it first, unless another device has it.
          </p>
          <TokenForm onToken={onToken} />
        </details>
      </section>
      <section className="card" aria-labelledby="file-title">
        <h3 id="file-title">As a file, or not at all</h3>
        <p>
          The file has all samples and the models fitted to them. It can be imported here and on any
          other server, and the command <code>inkdigits train</code> can train on it.
        </p>
        <div className="control-row">
          <ControlButton reason={reason} onClick={onExport}>
            Export as a file
          </ControlButton>
          <FileButton reason={reason} onFile={setFile}>
            Import a file…
          </FileButton>
          <ControlButton kind="danger" reason={reason} onClick={() => setAsking("delete")}>
            Delete everything…
          </ControlButton>
        </div>
      </section>
      {asking === "delete" && (
        <Question
          title="Delete your handwriting?"
          action="Delete everything"
          danger
          onAction={onDelete}
          onClose={close}
        >
          {`All ${profile.samples} samples, all models that were fitted to them, and the profile are deleted from the server, for good. Files that you have exported are not.`}
        </Question>
      )}
      {asking === "token" && (
        <Question
          title="Replace the token?"
          action="New token"
          onAction={onNewToken}
          onClose={close}
        >
          The old token is then invalid: your other devices need the new one.
        </Question>
      )}
      {file && (
        <Question
          title="Import this file?"
          action="Import"
          onAction={async () => {
            onFile(file);
            return true;
          }}
          onClose={close}
        >
          {`The file becomes a profile of its own, which this browser then uses. The profile that it uses now, with ${profile.samples} samples, stays on the server: copy its token first, or delete it first if you do not need it.`}
        </Question>
      )}
    </div>
  );
}

interface QuestionProps {
  readonly title: string;
  readonly action: string;
  readonly danger?: boolean;
  /** Returns whether it was done; if not, the view says why. */
  readonly onAction: () => Promise<boolean>;
  readonly onClose: () => void;
  readonly children: string;
}

function Question({ title, action, danger, onAction, onClose, children }: QuestionProps) {
  const [busy, setBusy] = useState(false);
  const act = async () => {
    if (busy) return;
    setBusy(true);
    await onAction();
    onClose();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{children}</p>
      <div className="control-row question">
        <button type="button" className={danger ? "danger" : undefined} onClick={() => void act()}>
          {busy ? "Wait…" : action}
        </button>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
      </div>
    </Dialog>
  );
}
