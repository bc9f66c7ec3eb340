import { useMemo } from "react";
import { useThemeColor } from "../../hooks/useThemeColor";
import { mosaicOf, weightPixels } from "../../lib/lab/pictures";
import type { FirstLayer } from "../../lib/lab/schemas";
import { DataTable } from "../DataTable";
import { PixelPicture } from "../PixelPicture";

/** The weights of the first layer, a picture a unit: where ink speaks for the unit, and where against it. */
export function WeightPictures({ layer }: { readonly layer: FirstLayer }) {
  const { values, scale, height, width } = layer;
  const count = scale.length;
  const isKernel = height < 28;
  const mosaic = useMemo(
    () => mosaicOf(count, height, width, Math.ceil(Math.sqrt(2 * count))),
    [count, height, width],
  );
  const positive = useThemeColor("--accent");
  const negative = useThemeColor("--negative");
  const pixels = useMemo(
    () => weightPixels(values, count, height, width, mosaic, positive, negative),
    [values, count, height, width, mosaic, positive, negative],
  );
  const largest = Math.max(...scale).toPrecision(2);
  const what = isKernel ? `kernels of ${height} × ${width} weights` : "units";
  return (
    <figure className="weights">
      <PixelPicture
        width={mosaic.width}
        height={mosaic.height}
        label={`Weights of the ${count} ${what} of the first layer; the largest is ${largest}.`}
        pixels={pixels}
      />
      <figcaption>
        <Sign name="positive" text="ink here raises the unit" />
        <Sign name="negative" text="ink here lowers it" />
        <span>{`Full color is the largest weight of each unit: ${largest} at most.`}</span>
      </figcaption>
      <DataTable
        caption="The units in numbers"
        columns={UNIT_COLUMNS}
        rows={() => unitRows(layer)}
      />
    </figure>
  );
}

function Sign({ name, text }: { readonly name: string; readonly text: string }) {
  return (
    <span className="sign">
      <span className="swatch" data-color={name} aria-hidden="true" />
      {text}
    </span>
  );
}

const UNIT_COLUMNS = ["Unit", "Least weight", "Greatest", "Root mean square"];

function unitRows({ values, scale, height, width }: FirstLayer): string[][] {
  const size = height * width;
  return scale.map((largest, unit) => {
    let [least, greatest, square] = [0, 0, 0];
    for (let index = unit * size; index < (unit + 1) * size; index++) {
      const value = ((values[index] ?? 0) / 127) * largest;
      least = Math.min(least, value);
      greatest = Math.max(greatest, value);
      square += value * value;
    }
    const numbers = [least, greatest, Math.sqrt(square / size)];
    return [String(unit + 1), ...numbers.map((value) => value.toFixed(3))];
  });
}
