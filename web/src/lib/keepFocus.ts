/** Keeps the keyboard focus on the page when the focused element disappears.
 *
 * Browsers would move it to <body>: the keys of the drawing area would stop working, and the next
 * Tab would start at the top of the page.
 */

const FOCUSABLE =
  "a[href], button:not(:disabled), input:not(:disabled, [type=file]), select:not(:disabled), [tabindex]";

/** An element in which the focus was, and the place of the next one inward among its children. */
interface Ancestor {
  readonly element: Element;
  readonly index: number;
}

/** Move the focus to what takes the place of a focused element that is removed from the document:
 * the element at the same place, such as the next item of a list, or else the nearest one around it.
 *
 * @returns  a function that stops this
 */
export function keepFocus(document: Document): () => void {
  let focused: Element | null = null;
  let ancestors: readonly Ancestor[] = [];

  const onFocusIn = (event: FocusEvent) => {
    focused = event.target as Element;
    ancestors = ancestorsOf(focused);
  };
  const onFocusOut = (event: FocusEvent) => {
    // If the element is being removed, it is still there now, but not afterwards. If the window
    // loses the focus, the element keeps it within the document.
    queueMicrotask(() => {
      if (event.target !== focused || !focused?.isConnected) return;
      if (document.activeElement !== focused) focused = null;
    });
  };
  const observer = new MutationObserver(() => {
    if (!focused || focused.isConnected) return;
    focused = null;
    const active = document.activeElement;
    if (active === null || active === document.body) focusReplacement(ancestors, document);
  });
  document.addEventListener("focusin", onFocusIn);
  document.addEventListener("focusout", onFocusOut);
  observer.observe(document.body, { subtree: true, childList: true });
  return () => {
    document.removeEventListener("focusin", onFocusIn);
    document.removeEventListener("focusout", onFocusOut);
    observer.disconnect();
  };
}

function ancestorsOf(element: Element): readonly Ancestor[] {
  const ancestors: Ancestor[] = [];
  for (let child = element, parent = child.parentElement; parent; parent = child.parentElement) {
    ancestors.push({ element: parent, index: [...parent.children].indexOf(child) });
    child = parent;
  }
  return ancestors;
}

/** Focus what has taken the place of an element that was in these ancestors, the nearest first. */
function focusReplacement(ancestors: readonly Ancestor[], document: Document) {
  const nearest = ancestors.findIndex(({ element }) => element.isConnected);
  let place = ancestors[nearest]?.element ?? document.body;
  for (const { index } of ancestors.slice(0, nearest + 1).reverse()) {
    place = place.children[index] ?? place.lastElementChild ?? place;
  }
  for (let around: Element | null = place; around; around = around.parentElement) {
    for (const candidate of [around, ...around.querySelectorAll(FOCUSABLE)]) {
      if (!(candidate instanceof HTMLElement && candidate.matches(FOCUSABLE))) continue;
      candidate.focus({ preventScroll: true });
      if (document.activeElement === candidate) return;
    }
  }
}
