import { useEffect, useEffectEvent } from "react";
import { type Command, commandFor } from "../lib/shortcuts";

/** Handle keyboard shortcuts, except while something is typed or a dialog is open.
 *
 * @param isAvailable  whether the view has a command; other keys are left to the browser
 */
export function useShortcuts(
  onCommand: (command: Command) => void,
  singleKeys: boolean,
  isAvailable: (command: Command) => boolean,
): void {
  const handleKeyDown = useEffectEvent((event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    if (event.defaultPrevented || target.closest?.("dialog, textarea, select")) return;
    if (target instanceof HTMLInputElement && !/range|radio|checkbox/.test(target.type)) return;
    const command = commandFor(event, singleKeys);
    if (!command || !isAvailable(command)) return;
    event.preventDefault();
    onCommand(command);
  });
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => handleKeyDown(event);
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
}
