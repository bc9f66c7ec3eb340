import { type ReactNode, useRef } from "react";
import { ControlButton } from "../train/ControlButton";

interface Props {
  readonly children: ReactNode;
  /** Why it does nothing now; null if it works. */
  readonly reason: string | null;
  readonly onFile: (file: File) => void;
}

/** A button that opens an exported profile. */
export function FileButton({ children, reason, onFile }: Props) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <ControlButton reason={reason} onClick={() => input.current?.click()}>
        {children}
      </ControlButton>
      <input
        ref={input}
        type="file"
        accept=".json,application/json"
        hidden
        data-testid="profile-file"
        onChange={(event) => {
          const file = event.target.files?.[0];
          // The same file can be chosen again.
          event.target.value = "";
          if (file) onFile(file);
        }}
      />
    </>
  );
}
