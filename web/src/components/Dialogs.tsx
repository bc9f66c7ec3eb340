import { lazy, Suspense, useState } from "react";
import { ErrorBoundary } from "react-error-boundary";

/** The dialogs, loaded when first opened. `lazy` caches a failed load, so a retry needs a new set. */
function lazyDialogs() {
  return {
    CameraDialog: lazy(() =>
      import("./CameraDialog").then((module) => ({ default: module.CameraDialog })),
    ),
    ShortcutsDialog: lazy(() =>
      import("./ShortcutsDialog").then((module) => ({ default: module.ShortcutsDialog })),
    ),
  };
}

export type DialogName = "none" | "camera" | "shortcuts";

interface Props {
  readonly dialog: DialogName;
  /** What a photo should show. */
  readonly subject: "digit" | "number" | "drawing";
  readonly singleKeys: boolean;
  readonly onSingleKeys: (singleKeys: boolean) => void;
  readonly onPhoto: (photo: Blob) => void;
  readonly onClose: () => void;
  /** The dialog could not be loaded or shown. */
  readonly onError: () => void;
}

/** The open dialog, if any. */
export function Dialogs(props: Props) {
  const { dialog, subject, singleKeys, onSingleKeys, onPhoto, onClose, onError } = props;
  const [{ CameraDialog, ShortcutsDialog }, setDialogs] = useState(lazyDialogs);
  return (
    <ErrorBoundary
      fallback={null}
      resetKeys={[dialog]}
      onError={() => {
        setDialogs(lazyDialogs);
        onError();
      }}
    >
      <Suspense>
        {dialog === "camera" && (
          <CameraDialog subject={subject} onPhoto={onPhoto} onClose={onClose} />
        )}
        {dialog === "shortcuts" && (
          <ShortcutsDialog singleKeys={singleKeys} onSingleKeys={onSingleKeys} onClose={onClose} />
        )}
      </Suspense>
    </ErrorBoundary>
  );
}
