import { type UseQueryResult, useQueries } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { Comparison } from "../components/train/Comparison";
import { ControlButton } from "../components/train/ControlButton";
import { DeleteDialog } from "../components/train/DeleteDialog";
import { LabOff, TokenForm } from "../components/train/LabAbsent";
import { RunForm } from "../components/train/RunForm";
import { RunList } from "../components/train/RunList";
import { RunView } from "../components/train/RunView";
import { useLab } from "../hooks/useLab";
import { useRunActions } from "../hooks/useRunActions";
import { formatAddress } from "../lib/address";
import { LabClient, problemOf } from "../lib/lab/client";
import { isActive } from "../lib/lab/controls";
import { NO_OPTIONS } from "../lib/lab/options";
import type { LabDescription, RunDetail, RunSummary } from "../lib/lab/schemas";
import type { ViewProps } from "./viewProps";
import "../styles/notice.css";
import "../styles/train.css";
import "../styles/train-run.css";
import "../styles/train-pictures.css";

/** Trains a network, and shows how it learns. */
export default function TrainView(props: ViewProps) {
  const [client] = useState(() => sharedClient());
  const state = useLab(client);
  const { lab, runs, needsToken, wrongToken, enterToken } = state;
  if (lab.data && needsToken) {
    return (
      <div className="train">
        <TokenForm wrong={wrongToken} onEnter={enterToken} />
      </div>
    );
  }
  if (lab.data && runs.data) {
    const refetch = () => void runs.refetch();
    return (
      <Lab {...props} client={client} lab={lab.data} runs={runs.data.runs} refetch={refetch} />
    );
  }
  const error = lab.error ?? runs.error;
  return (
    <div className="train">
      {error ? (
        <LabOff
          detail={problemOf(error)}
          onRetry={() => void (lab.error ? lab.refetch() : runs.refetch())}
        />
      ) : (
        <p className="muted" role="status">
          {lab.failureReason || runs.failureReason ? "Waiting for the server…" : "Loading…"}
        </p>
      )}
    </div>
  );
}

let client: LabClient | undefined;

/** One client for as long as the page is open: it has the token. */
function sharedClient(): LabClient {
  client ??= new LabClient(document.baseURI);
  return client;
}

interface LabProps extends ViewProps {
  readonly client: LabClient;
  readonly lab: LabDescription;
  readonly runs: readonly RunSummary[];
  readonly refetch: () => void;
}

function Lab({ client, lab, runs, refetch, models, request, address, navigate }: LabProps) {
  const [typed, setTyped] = useState(NO_OPTIONS);
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const [deleting, setDeleting] = useState<readonly string[]>([]);
  const { run: requested, compare, form } = address.parameters;
  const names = useMemo(() => new Set(runs.map(({ name }) => name)), [runs]);
  const compared = useMemo(
    () => (compare ?? "").split(",").filter((name) => names.has(name)),
    [compare, names],
  );
  const newest = runs.find(({ state }) => isActive(state)) ?? runs[0];
  const isForm = form !== undefined || (requested === undefined && !newest);
  const selected = isForm || compared.length > 0 ? null : (requested ?? newest?.name ?? null);

  const { choose, refetch: refetchModels } = models;
  const onStarted = useCallback(
    (name: string) => navigate({ view: "train", parameters: { run: name } }),
    [navigate],
  );
  const onServed = useCallback(
    async (name: string) => {
      await refetchModels();
      choose(name);
      navigate({ view: "draw", parameters: {} });
    },
    [navigate, choose, refetchModels],
  );
  const actions = useRunActions(client, {
    onChanged: refetch,
    onStarted,
    onServed,
    onDelete: setDeleting,
  });

  const onMark = useCallback(
    (name: string, mark: boolean) =>
      setMarked((previous) => {
        const next = new Set(previous);
        if (mark) next.add(name);
        else next.delete(name);
        return next;
      }),
    [],
  );
  const chosen = runs.filter(({ name }) => marked.has(name));
  const active = chosen.filter(({ state }) => isActive(state));
  const deleteMarked = async () => {
    const refused = await actions.deleteAll(deleting);
    if (refused !== null) return refused;
    setMarked(new Set([...marked].filter((name) => !deleting.includes(name))));
    if (selected !== null && deleting.includes(selected)) {
      // Not to the newest run, which may be this one until the list has been loaded again.
      navigate({ view: "train", parameters: { form: "new" } }, { replace: true });
    }
    return null;
  };

  return (
    <div className="train">
      <aside className="runs" aria-label="Runs">
        <a
          className="button-link"
          href={formatAddress({ view: "train", parameters: { form: "new" } })}
          aria-current={isForm ? "true" : undefined}
        >
          New run
        </a>
        {runs.length > 0 && (
          <>
            <RunList runs={runs} selected={selected} marked={marked} onMark={onMark} />
            <div className="control-row marked-actions">
              <ControlButton
                reason={chosen.length > 1 ? null : "Select two or more runs first."}
                onClick={() =>
                  navigate({
                    view: "train",
                    parameters: { compare: chosen.map(({ name }) => name).join(",") },
                  })
                }
              >
                {chosen.length > 1 ? `Compare ${chosen.length}` : "Compare"}
              </ControlButton>
              <ControlButton
                kind="danger"
                reason={
                  chosen.length === 0
                    ? "Select a run first."
                    : active.length > 0
                      ? `Stop ${active[0]?.name} first.`
                      : null
                }
                onClick={() => setDeleting(chosen.map(({ name }) => name))}
              >
                {chosen.length > 0 ? `Delete ${chosen.length}` : "Delete"}
              </ControlButton>
              {chosen.length > 0 && (
                <button type="button" className="ghost" onClick={() => setMarked(new Set())}>
                  Clear selection
                </button>
              )}
            </div>
          </>
        )}
      </aside>
      <div className="train-content">
        {isForm && (
          <>
            <h3>{runs.length === 0 ? "Train your first network" : "New run"}</h3>
            <RunForm lab={lab} typed={typed} onType={setTyped} onStart={actions.start} />
          </>
        )}
        {compared.length > 0 && !isForm && <Compared client={client} names={compared} />}
        {selected !== null && (
          <RunView
            key={selected}
            client={client}
            name={selected}
            listed={runs.find(({ name }) => name === selected)?.state}
            request={request}
            actions={actions}
            drawLink={
              <a href={formatAddress({ view: "draw", parameters: {} })}>
                {request ? "Change the drawing" : "Draw a digit"}
              </a>
            }
          />
        )}
      </div>
      {deleting.length > 0 && (
        <DeleteDialog names={deleting} onDelete={deleteMarked} onClose={() => setDeleting([])} />
      )}
    </div>
  );
}

interface ComparedProps {
  readonly client: LabClient;
  readonly names: readonly string[];
}

/** The runs that are compared, as soon as each has arrived. */
function Compared({ client, names }: ComparedProps) {
  const { runs, pending } = useQueries({
    queries: names.map((name) => ({
      queryKey: ["lab", "run", name],
      // Without its pictures, which take most of the memory and are not compared.
      queryFn: async ({ signal }: { signal: AbortSignal }) => ({
        ...(await client.run(name, signal)),
        picture: null,
      }),
      staleTime: 10_000,
      gcTime: 60_000,
      networkMode: "always" as const,
      retry: 2,
    })),
    combine,
  });
  return <Comparison runs={runs} pending={pending} />;
}

function combine(results: readonly UseQueryResult<RunDetail>[]) {
  return {
    runs: results.flatMap(({ data }) => data ?? []),
    pending: results.filter(({ isPending }) => isPending).length,
  };
}
