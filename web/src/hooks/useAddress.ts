import { useMemo, useState, useSyncExternalStore } from "react";
import { type Address, formatAddress, HOME, parseAddress, type View } from "../lib/address";

/** Go to an address; with `replace`, the back button skips the current one. */
export type Navigate = (address: Address, options?: { readonly replace?: boolean }) => void;

const listeners = new Set<() => void>();

function subscribe(listener: () => void) {
  listeners.add(listener);
  window.addEventListener("hashchange", listener);
  window.addEventListener("popstate", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("hashchange", listener);
    window.removeEventListener("popstate", listener);
  };
}

const navigate: Navigate = (address, { replace = false } = {}) => {
  const fragment = formatAddress(address);
  if (fragment === window.location.hash) return;
  window.history[replace ? "replaceState" : "pushState"](null, "", fragment);
  for (const listener of [...listeners]) listener();
};

/** The fragment of the page's URL, whatever it is. */
export function useFragment(): string {
  return useSyncExternalStore(subscribe, () => window.location.hash);
}

/** The address of the current view, and a function that goes to another one. */
export function useAddress(): readonly [Address, Navigate] {
  const fragment = useFragment();
  const parsed = useMemo(() => parseAddress(fragment), [fragment]);
  // A fragment that is not an address changes nothing.
  const [address, setAddress] = useState(parsed ?? HOME);
  if (parsed && parsed !== address) setAddress(parsed);
  return [parsed ?? address, navigate];
}

/** The address at which each view was last shown, so that one returns to what one has left. */
export function useLastAddresses(address: Address): (view: View) => Address {
  const [last, setLast] = useState<Partial<Record<View, Address>>>({});
  if (last[address.view] !== address) setLast({ ...last, [address.view]: address });
  return (view) => last[view] ?? { view, parameters: {} };
}
