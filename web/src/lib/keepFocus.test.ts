// @vitest-environment happy-dom

import { afterEach, beforeEach, expect, it } from "vitest";
import { keepFocus } from "./keepFocus";

let stop: () => void;

beforeEach(() => {
  document.body.innerHTML = `
    <header><a href="#list">Skip</a></header>
    <section id="list">
      <h2 tabindex="-1">List</h2>
      <ul>
        <li><button>open a</button><button>delete a</button></li>
        <li><button>open b</button><button>delete b</button></li>
        <li><button>open c</button><button>delete c</button></li>
      </ul>
    </section>
    <div id="place"><p>text</p><div tabindex="0" id="old"></div></div>`;
  stop = keepFocus(document);
});
afterEach(() => stop());

const button = (text: string) =>
  [...document.querySelectorAll("button")].find(({ textContent }) => textContent === text);
const settle = () => new Promise((resolve) => setTimeout(resolve));
const focused = () => document.activeElement;

/** Remove an element as a browser does: the focus falls to <body>. */
async function removeFocused(element: Element | null | undefined) {
  element?.remove();
  (document.activeElement as HTMLElement).blur?.();
  await settle();
}

it("moves the focus to the element at the same place of the next item", async () => {
  button("delete b")?.focus();
  await removeFocused(button("delete b")?.parentElement);
  expect(focused()?.textContent).toBe("delete c");
});

it("moves the focus to the last item after the last one was removed", async () => {
  button("delete c")?.focus();
  await removeFocused(button("delete c")?.parentElement);
  expect(focused()?.textContent).toBe("delete b");
});

it("moves the focus to the heading of a list that is gone", async () => {
  button("delete a")?.focus();
  await removeFocused(document.querySelector("ul"));
  expect(focused()?.tagName).toBe("H2");
});

it("moves the focus to the element that replaces the focused one", async () => {
  const old = document.getElementById("old") as HTMLElement;
  old.focus();
  const replacement = document.createElement("div");
  replacement.tabIndex = 0;
  old.replaceWith(replacement);
  await settle();
  expect(focused()).toBe(replacement);
});

it("skips what cannot be focused", async () => {
  const old = document.getElementById("old") as HTMLElement;
  old.insertAdjacentHTML("afterend", "<button disabled>no</button><button>yes</button>");
  old.focus();
  await removeFocused(old);
  expect(focused()?.textContent).toBe("yes");
});

it("leaves the focus alone if it was elsewhere, or nowhere", async () => {
  button("open a")?.focus();
  button("delete b")?.parentElement?.remove();
  await settle();
  expect(focused()?.textContent).toBe("open a");
  button("open a")?.blur();
  await settle();
  button("open a")?.parentElement?.remove();
  await settle();
  expect(focused()).toBe(document.body);
});
