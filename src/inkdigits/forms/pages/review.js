/** The page on which a person checks doubtful fields, mostly by keyboard. */

import { fetchQueue, pictureOf, sendAnswer } from "./review-api.js";

const element = (id) => document.getElementById(id);
const value = element("value");
const who = element("who");

const MAX_CONFIDENCE_SHOWN = 0.999; // no prediction is certain

/** Every field that is shown: {id, name, row, place, value, confidence, reason, candidates,
 * group (an index), initial (the value before the first answer here), answered, skipped}. */
let items = [];
let current = 0;
let queue = { answered: 0, waiting: 0, hints: {} };
let undoable = []; // answers, the last one at the end: [{item, old, valueBefore, answeredBefore}]
let sending = false;
let warnedOf = null; // the value of which a rule says that it is unusual

async function load() {
  queue = await fetchQueue();
  items = queue.groups.flatMap((group, index) =>
    group.map((item) => ({ ...item, group: index, skipped: false })),
  );
  undoable = undoable.map((step) =>
    step.map((part) => ({
      ...part,
      item: items.find(({ id }) => id === part.item.id) ?? part.item,
    })),
  );
  current = 0;
  element("title").textContent = queue.title;
  if (!who.value) who.value = sessionStorage.getItem("who") ?? queue.who;
  const first = items.findIndex((item) => !item.answered);
  if (items.length) show(Math.max(0, first));
  else showDone();
}

function percent(confidence) {
  return `${(100 * Math.min(confidence, MAX_CONFIDENCE_SHOWN)).toFixed(1)}%`;
}

function show(index) {
  current = index;
  warnedOf = null;
  const item = items[index];
  element("review").hidden = false;
  element("done").hidden = true;
  element("problem").hidden = true;
  element("name").textContent = `${item.name}, row ${item.row}`;
  element("place").textContent = item.place;
  const crop = element("crop");
  crop.src = pictureOf(item);
  crop.alt = `Handwriting in the field ${item.name} of row ${item.row}`;
  element("hint").textContent = queue.hints[item.name] ?? "";
  element("recognized").replaceChildren(...described(item));
  value.value = item.value;
  value.select();
  showCandidates(item);
  showGroup(item);
  showProgress();
  updateButtons();
  element("status").textContent =
    `${item.name}, row ${item.row}: ${element("recognized").textContent}`;
  preload(index + 1);
}

function described(item) {
  const strong = document.createElement("strong");
  const nodes = [strong];
  if (item.answered) {
    strong.textContent = item.value || "empty";
    nodes.unshift("Answered: ");
  } else if (item.value) {
    strong.textContent = item.value;
    nodes.unshift("Recognized as ");
    nodes.push(`, ${percent(item.confidence)} sure`);
  } else {
    strong.textContent = "Not recognized";
  }
  if (item.reason && !item.answered) {
    const reason = document.createElement("span");
    reason.className = "reason";
    reason.textContent = item.reason;
    nodes.push(" ", reason);
    if (item.sum) nodes.push(` ${item.sum}`);
  }
  return nodes;
}

function showCandidates(item) {
  element("others").hidden = item.candidates.length === 0;
  element("candidates").replaceChildren(
    ...item.candidates.map((text) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.addEventListener("click", () => {
        value.value = text;
        updateButtons();
        answer([item]);
      });
      const entry = document.createElement("li");
      entry.append(button);
      return entry;
    }),
  );
}

const groupOf = (item) => items.filter((other) => other.group === item.group);
const openAlike = (item) => groupOf(item).filter((other) => !other.answered);

function showGroup(item) {
  const group = groupOf(item);
  element("alike").hidden = group.length < 2;
  element("alike-title").textContent = `${group.length} alike`;
  element("group").replaceChildren(
    ...group.map((other) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.state = other.answered ? "answered" : "open";
      if (other === item) button.setAttribute("aria-current", "true");
      const picture = document.createElement("img");
      picture.src = pictureOf(other);
      picture.alt = `${other.name}, row ${other.row}, ${other.place}`;
      const text = document.createElement("span");
      text.textContent = other.answered
        ? `✓ ${other.value || "empty"}`
        : other.value
          ? `${other.value} · ${percent(other.confidence)}`
          : "?";
      button.append(picture, text);
      button.addEventListener("click", () => {
        show(items.indexOf(other));
        value.focus();
      });
      const entry = document.createElement("li");
      entry.append(button);
      return entry;
    }),
  );
}

function showProgress() {
  const total = queue.answered + queue.waiting;
  element("bar").max = Math.max(1, total);
  element("bar").value = queue.answered;
  element("count").textContent = `${queue.answered} of ${total} answered`;
}

function updateButtons() {
  const text = value.value.trim();
  const item = items[current];
  element("accept-text").textContent = text ? `Accept ${text}` : "Accept as empty";
  element("accept-all").hidden = openAlike(item).length < 2;
  element("accept-all-text").textContent =
    `Accept ${text || "as empty"} for all ${openAlike(item).length}`;
  element("undo").disabled = undoable.length === 0;
  element("undo-last").hidden = undoable.length === 0;
  element("previous").disabled = current === 0;
  element("next").disabled = current === items.length - 1;
}

function preload(index) {
  const next = items[index];
  if (next) new Image().src = pictureOf(next);
}

function showProblem(text) {
  element("problem").textContent = text;
  element("problem").hidden = false;
}

/** Run one request after the other: keys that come in between are kept in the input. */
async function exclusively(work) {
  if (sending) return;
  sending = true;
  try {
    await work();
  } catch (error) {
    showProblem(error.message);
    if (error.status === 409) {
      warnedOf = value.value.trim();
      showProblem(`${error.message} If it is written so, accept it again to keep it.`);
    }
  } finally {
    sending = false;
  }
}

const answer = (chosen) =>
  exclusively(async () => {
    const before = value.value;
    const text = before.trim();
    value.select(); // what is typed from now on is for the next field
    sessionStorage.setItem("who", who.value);
    const kept = await sendAnswer(
      chosen.map((item) => item.id),
      text,
      who.value,
      warnedOf === text,
    );
    undoable.push(
      chosen.map((item, index) => ({
        item,
        old: kept[index].old,
        valueBefore: item.value,
        answeredBefore: item.answered,
      })),
    );
    for (const item of chosen) {
      mark(item, text, true);
    }
    const typed = value.value;
    await goOn();
    if (typed !== before) {
      value.value = typed;
      updateButtons();
    }
  });

function mark(item, text, answered) {
  const change = Number(answered) - Number(item.answered);
  queue.answered += change;
  queue.waiting -= change;
  Object.assign(item, { value: text, answered, skipped: false });
}

/** Show the next field without an answer, after the present one or from the start. */
async function goOn() {
  const isOpen = (item) => !item.answered && !item.skipped;
  const after = items.findIndex((item, index) => index > current && isOpen(item));
  const next = after >= 0 ? after : items.findIndex(isOpen);
  if (next >= 0) {
    show(next);
    return;
  }
  if (items.every((item) => item.answered) && queue.waiting > 0) {
    await load();
    return;
  }
  showDone();
}

function showDone() {
  const skipped = items.filter((item) => item.skipped).length;
  element("review").hidden = true;
  element("done").hidden = false;
  element("done-title").textContent = skipped
    ? `${skipped} ${skipped === 1 ? "field is" : "fields are"} left`
    : "Everything is answered";
  element("done-text").textContent = skipped
    ? "You have skipped them. They stay marked in the table until they are answered."
    : "The answers are in the table. Close this page, and stop the command with Ctrl-C.";
  element("again").hidden = !skipped;
  element("undo-last").hidden = undoable.length === 0;
  showProgress();
  element("status").textContent = element("done-title").textContent;
  element("done-title").focus();
}

function skip() {
  const item = items[current];
  if (!item.answered) item.skipped = true;
  goOn().then(() => value.focus());
}

const undo = () =>
  exclusively(async () => {
    const step = undoable.at(-1);
    if (!step) return;
    for (const { item, old } of step) {
      await sendAnswer([item.id], old, who.value, true);
    }
    undoable.pop();
    for (const { item, valueBefore, answeredBefore } of step) {
      mark(item, valueBefore, answeredBefore);
    }
    const place = items.indexOf(step[0].item);
    if (place >= 0) show(place);
    else await load();
    value.focus();
  });

function move(step) {
  const place = current + step;
  if (items[place]) show(place);
}

function onKey(event) {
  if (element("help").open || event.target === who || event.isComposing) return;
  const edited = event.target === value && value.value !== items[current]?.value;
  const command = event.ctrlKey || event.metaKey;
  if (command && !event.shiftKey && event.key.toLowerCase() === "z" && !edited) undo();
  else if (command || event.altKey) return;
  else if (event.key === "?") element("help").showModal();
  else if (element("review").hidden) return;
  else if (event.key === "Escape") skip();
  else if (event.key === "ArrowUp" || (event.key === "ArrowLeft" && !edited)) move(-1);
  else if (event.key === "ArrowDown" || (event.key === "ArrowRight" && !edited)) move(1);
  else if (event.key === "Enter" && event.shiftKey) answer(openAlike(items[current]));
  // From anywhere on the page, typing starts an answer.
  else if (/^[0-9]$/.test(event.key) && event.target !== value) {
    value.focus();
    value.select();
    return;
  } else return;
  event.preventDefault();
}

document.addEventListener("keydown", onKey);
value.addEventListener("input", () => {
  element("problem").hidden = true;
  warnedOf = null;
  updateButtons();
});
who.addEventListener("change", () => sessionStorage.setItem("who", who.value));
element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  answer([items[current]]);
  value.focus();
});
element("accept-all").addEventListener("click", () => answer(openAlike(items[current])));
element("skip").addEventListener("click", skip);
element("undo").addEventListener("click", undo);
element("undo-last").addEventListener("click", undo);
element("previous").addEventListener("click", () => move(-1));
element("next").addEventListener("click", () => move(1));
element("again").addEventListener("click", () => {
  for (const item of items) item.skipped = false;
  goOn().then(() => value.focus());
});
element("keyboard").addEventListener("click", () => element("help").showModal());
element("close-help").addEventListener("click", () => element("help").close());

load().then(
  () => {
    // On a phone, the keyboard would cover the picture before anybody has seen it.
    if (matchMedia("(pointer: fine)").matches) value.focus();
  },
  (error) => {
    element("review").hidden = true;
    element("count").textContent = error.message;
  },
);
