// @vitest-environment happy-dom

import { act, cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { EXPLANATION, explainedUnit } from "../../../tests/explanation";
import type { ExplainedLayer } from "../../lib/api/client";
import type { UnitPlace } from "../../lib/inside/layers";
import { LayerChain } from "./LayerChain";
import { TargetChooser } from "./TargetChooser";
import { UnitDetail } from "./UnitDetail";
import { nextUnit } from "./UnitGrid";

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const LAYERS = EXPLANATION.layers as ExplainedLayer[];
const number = (text: string | null | undefined) =>
  Number((text ?? "").replace(/[=\s+]/g, "").replace("−", "-"));

/** The numbers of the equation: those that are added, and the result. */
function equation() {
  const values = within(screen.getByTestId("equation"))
    .getAllByRole("cell")
    .filter(({ className }) => className === "equation-value")
    .map(({ textContent }) => number(textContent));
  return { terms: values.slice(0, -1), result: values.at(-1) ?? Number.NaN };
}

function expectToAddUp(result: number) {
  const { terms, result: shown } = equation();
  expect(shown).toBeCloseTo(Math.round(1000 * result) / 1000, 9);
  expect(terms.reduce((a, b) => a + b, 0)).toBeCloseTo(shown, 9);
}

function Detail({ start }: { readonly start: UnitPlace }) {
  const [unit, setUnit] = useState<UnitPlace | null>(start);
  const layer = unit && LAYERS[unit.layer];
  if (!unit || !layer) return <p>closed</p>;
  const explained =
    unit.layer === 1 || unit.layer === 5 ? explainedUnit(unit.layer, [...unit.index]) : undefined;
  return (
    <UnitDetail
      layers={LAYERS}
      layer={layer}
      unit={unit}
      names={EXPLANATION.class_names}
      pixels={LAYERS[0]?.activation}
      explained={explained}
      current={true}
      onUnit={setUnit}
      onClose={() => setUnit(null)}
    />
  );
}

describe("the formula of a convolution", () => {
  it("adds up to the network's value at every position it is moved to", async () => {
    render(<Detail start={{ layer: 1, index: [0, 24, 1] }} />);
    const at = (row: number, column: number) => LAYERS[1]?.activation[(row * 26 + column) * 2 + 1];
    expectToAddUp(at(0, 24) ?? 0);
    await userEvent.click(screen.getByRole("button", { name: "Step" }));
    await userEvent.click(screen.getByRole("button", { name: "Step" }));
    expect(screen.getByRole("heading").textContent).toContain("Map 2, row 2, column 1");
    expectToAddUp(at(1, 0) ?? 0);
    await userEvent.click(screen.getByRole("button", { name: "Step back" }));
    const column = screen.getByRole("spinbutton", { name: "Column" });
    await userEvent.clear(column);
    await userEvent.type(column, "9");
    expect(screen.getByRole("heading").textContent).toContain("Map 2, row 1, column 9");
    expectToAddUp(at(0, 8) ?? 0);
  });
  it("plays and pauses", async () => {
    vi.useFakeTimers();
    render(<Detail start={{ layer: 1, index: [0, 0, 0] }} />);
    fireEvent.click(screen.getByRole("button", { name: "Play" }));
    for (let step = 0; step < 2; step++) act(() => vi.advanceTimersByTime(400));
    const paused = screen.getByRole("heading").textContent;
    expect(paused).toContain("row 1, column 3");
    fireEvent.click(screen.getByRole("button", { name: "Pause" }));
    act(() => vi.advanceTimersByTime(5000));
    expect(screen.getByRole("heading").textContent).toBe(paused);
  });
});

it("a dense unit's largest products, the others and the bias add up to its value", () => {
  render(<Detail start={{ layer: 5, index: [7] }} />);
  expect(screen.getByRole("heading").textContent).toContain("Class 7");
  expect(screen.getByRole("rowheader", { name: /^33\d other products$/ })).toBeTruthy();
  expectToAddUp(LAYERS[5]?.activation[7] ?? 0);
});

it("shows pooling and activation as a formula, and closes", async () => {
  const { unmount } = render(<Detail start={{ layer: 2, index: [1, 2, 0] }} />);
  const [numbers = "", result] = (screen.getByTestId("formula-line").textContent ?? "").split(
    ") =",
  );
  const values = numbers.replace("max(", "").split(", ").map(number);
  expect(values).toHaveLength(4);
  expect(number(result)).toBe(Math.max(...values));
  unmount();
  render(<Detail start={{ layer: 3, index: [1, 2, 0] }} />);
  expect(screen.getByTestId("formula-line").textContent).toMatch(
    /^max\(0, −?\d\.\d{3}\) = \d\.\d{3}$/,
  );
  await userEvent.click(screen.getByRole("button", { name: "Close" }));
  expect(screen.getByText("closed")).toBeTruthy();
});

function Chain({ onUnit = () => undefined }: { readonly onUnit?: (unit: UnitPlace) => void }) {
  return (
    <LayerChain
      layers={LAYERS}
      weights={null}
      classNames={EXPLANATION.class_names}
      target="7"
      unit={null}
      onUnit={onUnit}
      onPoint={() => undefined}
    >
      <p>input</p>
    </LayerChain>
  );
}

describe("the chain of layers", () => {
  it("has one tab stop for the units of a layer, and opens one with Enter", async () => {
    const onUnit = vi.fn();
    render(<Chain onUnit={onUnit} />);
    const logits = screen.getByRole("listbox", { name: /^Units of the dense/ });
    const units = within(logits).getAllByRole("option");
    expect(units).toHaveLength(10);
    expect(units.filter(({ tabIndex }) => tabIndex === 0)).toHaveLength(1);
    units[0]?.focus();
    await userEvent.keyboard("{End}{ArrowLeft}{Enter}");
    expect(document.activeElement).toBe(units[8]);
    expect(onUnit).toHaveBeenCalledWith({ layer: 5, index: [8] });
  });
  it("shows another layer of a stage", async () => {
    render(<Chain />);
    await userEvent.selectOptions(screen.getByRole("combobox"), "Sums");
    const maps = screen.getByRole("listbox", { name: "Feature maps of the convolution, layer 1" });
    expect(within(maps).getAllByRole("option")).toHaveLength(2);
  });
  it("has a table behind each picture", async () => {
    render(<Chain />);
    const summary = screen.getAllByText("Table").at(-1) as HTMLElement;
    await userEvent.click(summary);
    const table = screen.getByRole("table", { name: "Values of the dense, layer 5" });
    expect(within(table).getAllByRole("row")).toHaveLength(11);
  });
});

it.each([
  ["ArrowRight", 3, 4],
  ["ArrowRight", 9, 9],
  ["ArrowDown", 3, 7],
  ["ArrowDown", 7, 7],
  ["ArrowUp", 7, 3],
  ["Home", 7, 0],
  ["End", 0, 9],
  ["x", 0, undefined],
])("%s moves from unit %i to %s, of ten in rows of four", (key, from, to) => {
  expect(nextUnit(key, from, 10, 4)).toBe(to);
});

it("asks why not another class", async () => {
  const onChoose = vi.fn();
  render(
    <TargetChooser
      classes={EXPLANATION.class_names}
      probabilities={EXPLANATION.prediction.probabilities}
      answer="7"
      target="1"
      chosen="1"
      onChoose={onChoose}
    />,
  );
  expect(screen.getByRole("heading").textContent).toBe("Why not a 1?");
  await userEvent.click(screen.getByRole("radio", { name: /^nine, 2\.0%/ }));
  expect(onChoose).toHaveBeenLastCalledWith("9");
  await userEvent.click(screen.getByRole("button", { name: "Follow the answer" }));
  expect(onChoose).toHaveBeenLastCalledWith(null);
});
