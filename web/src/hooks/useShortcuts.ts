import { useEffect, useRef } from "react";
import { type Command, commandOf } from "../lib/shortcuts";

/** Obey the shortcuts, but not while something is typed or a dialog is open. */
export function useShortcuts(runCommand: (command: Command) => void, single: boolean): void {
  const latest = useRef(runCommand);
  latest.current = runCommand;
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.defaultPrevented || target.closest?.("dialog, textarea, select")) return;
      if (target instanceof HTMLInputElement && !/range|radio|checkbox/.test(target.type)) return;
      const command = commandOf(event, single);
      if (!command) return;
      event.preventDefault();
      latest.current(command);
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [single]);
}
