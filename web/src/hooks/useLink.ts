import { useCallback, useEffect, useEffectEvent, useState } from "react";
import type { LinkMessageProps } from "../components/LinkMessage";
import type { Address, View } from "../lib/address";
import { type Drawing, hasContent } from "../lib/drawing";
import { formatLink, type LinkContent, parseLink } from "../lib/link";
import { type Navigate, useFragment } from "./useAddress";
import { useCopy } from "./useCopy";
import { isDrawnIn, type Workspace } from "./useWorkspace";

interface Message extends LinkMessageProps {
  readonly view: View;
  /** The drawing that it is about, if any. */
  readonly drawing: Drawing | null;
}

const REPLACED = "The drawing of the link has replaced yours.";
const WITHOUT_IMAGE = "The link was copied without the image: links contain no images.";
const TOO_LONG = "This drawing is too large for a link.";

/** Restore what a link contains, and copy links.
 *
 * What is restored is removed from the address: it would be outdated by the next stroke.
 */
export function useLink(
  workspace: Workspace,
  address: Address,
  navigate: Navigate,
  announce: (text: string) => void,
) {
  const { view } = address;
  const { drawing } = workspace.drawing;
  const [message, setMessage] = useState<Message | null>(null);
  const show = (text: string, rest: Partial<Message> = {}) =>
    setMessage({ text, failed: false, canUndo: false, view, drawing: null, ...rest });
  // A message disappears with what it is about.
  if (message && (message.view !== view || (message.drawing && message.drawing !== drawing))) {
    setMessage(null);
  }

  const chooseModel = useLinkedModel(workspace, (name) =>
    show(`The model of this link, “${name}”, is not served here.`, { failed: true }),
  );
  const restore = ({ drawing, model, constraints }: LinkContent) => {
    if (model !== null) chooseModel(model);
    if (constraints) workspace.number.setTyped(constraints);
    if (!drawing) return;
    const { [drawing.mode]: replaced } = workspace.drawing;
    workspace.drawing.restore(drawing);
    if (hasContent(replaced.present)) show(REPLACED, { canUndo: true, drawing });
    else announce("The drawing of the link was opened.");
  };
  const openLink = useEffectEvent(() => {
    // The address now: an earlier run of the effect may have restored that of this render.
    const link = parseLink(window.location.hash);
    if (link.kind === "nothing") return;
    navigate(link.address, { replace: true });
    if (link.kind === "refused") show(link.reason, { failed: true });
    else restore(link.content);
  });
  const fragment = useFragment();
  useEffect(() => {
    if (fragment) openLink();
  }, [fragment]);

  const { outcome: copied, copy } = useCopy();
  const copyLink = async () => {
    const isDrawn = isDrawnIn(view);
    const isImage = isDrawn && drawing.mode !== "pixels" && drawing.image !== null;
    const link = formatLink(address, {
      drawing: isDrawn && !isImage && hasContent(drawing) ? drawing : null,
      model: (isDrawn && workspace.models.name) || null,
      constraints: workspace.isNumber ? workspace.number.typed : null,
    });
    if (link === null) return show(TOO_LONG, { failed: true, drawing });
    const done = await copy(new URL(link, window.location.href).href);
    if (!done) announce("The browser did not allow copying.");
    else if (isImage) show(WITHOUT_IMAGE, { drawing });
    else announce("The link was copied.");
  };
  const closeMessage = useCallback(() => setMessage(null), []);
  return { message, closeMessage, copied, copyLink };
}

/** Choose the model of a link once the models are known; returns a function that takes its name. */
function useLinkedModel({ models }: Workspace, onUnknown: (name: string) => void) {
  const [name, setName] = useState<string | null>(null);
  const { list, choose } = models;
  const chooseLinked = useEffectEvent((name: string, served: boolean) => {
    setName(null);
    if (served) choose(name);
    else onUnknown(name);
  });
  useEffect(() => {
    if (name !== null && list) {
      chooseLinked(
        name,
        list.models.some((model) => model.name === name),
      );
    }
  }, [name, list]);
  return setName;
}
