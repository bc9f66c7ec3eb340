import { useMemo } from "react";
import type { RunActions } from "../components/train/RunView";
import { type LabClient, refusal } from "../lib/lab/client";
import type { LabBody, Refusal } from "../lib/lab/options";

interface Effects {
  /** Called after anything has changed. */
  readonly onChanged: () => void;
  readonly onStarted: (name: string) => void;
  readonly onServed: (name: string) => Promise<void>;
  readonly onDelete: (names: readonly string[]) => void;
}

/** What one can do with runs; each action returns the API's sentence if it refuses. */
export function useRunActions(client: LabClient, effects: Effects) {
  const { onChanged, onStarted, onServed, onDelete } = effects;
  return useMemo(() => {
    const refused = async (action: () => Promise<unknown>): Promise<Refusal | null> => {
      try {
        await action();
        onChanged();
        return null;
      } catch (error) {
        return refusal(error);
      }
    };
    const attempt = async (action: () => Promise<unknown>): Promise<string | null> =>
      (await refused(action))?.problem ?? null;
    const actions: RunActions & {
      readonly start: (body: LabBody) => Promise<Refusal | null>;
      readonly deleteAll: (names: readonly string[]) => Promise<string | null>;
    } = {
      start: (body) => refused(async () => onStarted((await client.start(body)).name)),
      again: (name, replay) =>
        attempt(async () => onStarted((await client.again(name, replay)).name)),
      serve: (name) =>
        attempt(async () => {
          await client.serve(name);
          await onServed(name);
        }),
      record: (name) => attempt(async () => download(await client.record(name), `${name}.json`)),
      command: (name, control, value = null) => attempt(() => client.command(name, control, value)),
      delete: (name) => onDelete([name]),
      deleteAll: (names) =>
        attempt(async () => {
          for (const name of names) await client.delete(name);
        }),
    };
    return actions;
  }, [client, onChanged, onStarted, onServed, onDelete]);
}

/** Save a file where the browser saves downloads. */
function download(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
