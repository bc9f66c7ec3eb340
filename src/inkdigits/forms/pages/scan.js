/** The page on which a person draws the fields of a form on its scan. */

import {
  described,
  freeName,
  isLargeEnough,
  likelyLength,
  moved,
  rectangle,
  resized,
  typedOf,
  withoutNull,
} from "./scan-fields.js";

const STOPPED = "The command that shows this page has stopped. Start it again.";
const MAX_UNDO = 100;
const SVG = "http://www.w3.org/2000/svg";
const INPUTS = ["name", "length", "least", "most", "pattern", "choices", "checksum", "sum"];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const element = (id) => document.getElementById(id);
const drawing = element("drawing");

let size = [1, 1]; // of the scan, in pixels
let fields = [];
let selected = -1;
let undoable = []; // earlier fields, the last ones at the end
let drag = null; // {kind: "draw" | "move" | "resize", from, before}
let saved = ""; // what is in the file

const current = () => JSON.stringify({ title: element("title").value, fields });

async function request(body) {
  const options = body && {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  let response;
  try {
    response = await fetch("form", options);
  } catch {
    throw new Error(STOPPED);
  }
  const content = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(content.detail ?? "The fields were not saved.");
  return content;
}

function tell(problem, status = "") {
  element("problem").hidden = !problem;
  element("problem").textContent = problem;
  element("status").textContent = status;
}

function remember() {
  undoable = [...undoable.slice(1 - MAX_UNDO), { fields: structuredClone(fields), selected }];
}

function select(index) {
  selected = index;
  const field = fields[index];
  element("field").hidden = !field;
  if (field) {
    const typed = typedOf(field);
    for (const id of INPUTS) element(id).value = typed[id];
    element("boxes").checked = typed.boxes;
  }
  render();
}

function add(place) {
  remember();
  fields.push({
    name: freeName(fields),
    length: likelyLength(place),
    rectangle: place,
    boxes: true,
  });
  select(fields.length - 1);
  element("name").focus();
  element("name").select();
}

function remove() {
  if (!fields[selected]) return;
  remember();
  fields.splice(selected, 1);
  select(Math.min(selected, fields.length - 1));
}

function undo() {
  const before = undoable.pop();
  if (!before) return;
  fields = before.fields;
  select(before.selected);
}

function shape(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

function drawn(field, index) {
  const [x, y, width, height] = field.rectangle;
  const group = shape("g", {
    tabindex: 0,
    role: "button",
    "aria-pressed": index === selected,
    "aria-label": field.name,
    "data-index": index,
  });
  group.append(shape("rect", { x, y, width, height }));
  const count = field.boxes === false ? 1 : Math.min(Number(field.length) || 1, 20);
  for (let box = 1; box < count; box += 1) {
    const at = x + (box * width) / count;
    group.append(shape("line", { x1: at, x2: at, y1: y, y2: y + height }));
  }
  if (index === selected) {
    const r = size[0] / 160;
    group.append(shape("circle", { class: "corner", cx: x + width, cy: y + height, r }));
  }
  return group;
}

function render() {
  const focused = drawing.contains(document.activeElement);
  const shapes = fields.map(drawn);
  if (drag?.kind === "draw" && drag.place) {
    const [x, y, width, height] = drag.place;
    shapes.push(shape("rect", { x, y, width, height }));
  }
  drawing.replaceChildren(...shapes);
  if (focused) drawing.querySelector('[aria-pressed="true"]')?.focus();
  element("list").replaceChildren(
    ...fields.map((field, index) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = field.name;
      button.setAttribute("aria-pressed", String(index === selected));
      button.addEventListener("click", () => select(index));
      item.append(button);
      return item;
    }),
  );
  element("undo").disabled = !undoable.length;
}

function pointOf(event) {
  const box = drawing.getBoundingClientRect();
  return {
    x: ((event.clientX - box.left) / box.width) * size[0],
    y: ((event.clientY - box.top) / box.height) * size[1],
  };
}

drawing.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  event.preventDefault();
  const group = event.target.closest("g");
  const from = pointOf(event);
  if (group) {
    const kind = event.target.classList.contains("corner") ? "resize" : "move";
    select(Number(group.dataset.index));
    drawing.querySelector('[aria-pressed="true"]')?.focus();
    drag = { kind, from, before: fields[selected].rectangle };
  } else {
    drag = { kind: "draw", from };
  }
  drawing.setPointerCapture(event.pointerId);
});

drawing.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const to = pointOf(event);
  if (drag.kind === "draw") {
    drag.place = rectangle(drag.from, to, size);
  } else {
    if (!drag.remembered) remember();
    drag.remembered = true;
    const change = drag.kind === "move" ? moved : resized;
    fields[selected].rectangle = change(drag.before, to.x - drag.from.x, to.y - drag.from.y, size);
  }
  render();
});

drawing.addEventListener("pointerup", () => {
  const { kind, place } = drag ?? {};
  drag = null;
  if (kind === "draw" && place && isLargeEnough(place)) add(place);
  else render();
});

drawing.addEventListener("pointercancel", () => {
  drag = null;
  render();
});

drawing.addEventListener("focusin", (event) => {
  const index = Number(event.target.closest("g")?.dataset.index ?? selected);
  if (index !== selected) select(index);
});

drawing.addEventListener("keydown", (event) => {
  const field = fields[selected];
  const arrow = ARROWS[event.key];
  if (!field || event.ctrlKey || event.metaKey || event.altKey) return;
  if (arrow) {
    remember();
    const change = event.shiftKey ? resized : moved;
    field.rectangle = change(field.rectangle, ...arrow, size);
    render();
  } else if (event.key === "Delete" || event.key === "Backspace") {
    remove();
  } else {
    return;
  }
  event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select");
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key === "z" && !typing) {
    event.preventDefault();
    undo();
  }
});

element("field").addEventListener("change", () => {
  if (!fields[selected]) return;
  remember();
  const typed = Object.fromEntries(INPUTS.map((id) => [id, element(id).value]));
  const place = fields[selected].rectangle;
  const label = fields[selected].label;
  fields[selected] = {
    ...described({ ...typed, boxes: element("boxes").checked }),
    ...(label && { label }),
    rectangle: place,
  };
  render();
});

element("field").addEventListener("submit", (event) => event.preventDefault());
element("add").addEventListener("click", () => {
  const [width, height] = size;
  add([width * 0.35, height * 0.45, width * 0.3, height * 0.03].map(Math.round));
});
element("remove").addEventListener("click", remove);
element("undo").addEventListener("click", undo);

element("save").addEventListener("click", async () => {
  const now = current();
  try {
    const answer = await request(JSON.parse(now));
    saved = now;
    tell("", `Saved ${answer.fields} fields in ${answer.file}.`);
    element("help").textContent =
      `Saved in ${answer.file}. Press Ctrl-C in the terminal when you are done.`;
  } catch (error) {
    tell(error.message);
  }
});

window.addEventListener("beforeunload", (event) => {
  if (current() !== saved) event.preventDefault();
});

try {
  const form = await request();
  size = form.size;
  drawing.setAttribute("viewBox", `0 0 ${size[0]} ${size[1]}`);
  drawing.setAttribute("preserveAspectRatio", "none");
  fields = form.fields.map(withoutNull);
  element("title").value = form.title || form.scan.replace(/^.*\//, "").replace(/\.\w+$/, "");
  saved = current();
  select(fields.length ? 0 : -1);
} catch (error) {
  tell(error.message);
}
