import { useState } from "react";
import { type DrawingRequest, useExplanation } from "../../hooks/useExplanation";
import type { sharedOptions } from "../../hooks/useInside";
import type { PredictionApi } from "../../lib/api/client";
import { GRID_SIZE } from "../../lib/grid";
import { downloadPixels } from "../../lib/inside/download";
import { formatNumber } from "../../lib/inside/formula";
import { DataTable, mapTable } from "../DataTable";
import { type Box, InputPicture } from "./InputPicture";

type Overlay = "none" | "saliency" | "occlusion";

interface Props {
  readonly api: PredictionApi;
  readonly request: DrawingRequest | null;
  readonly model: string | null;
  readonly shared: ReturnType<typeof sharedOptions>;
  readonly pixels: readonly number[] | undefined;
  readonly saliency: readonly number[] | null | undefined;
  readonly target: string;
  /** The unit under the pointer: its pixels are shown in place of the chosen overlay. */
  readonly pointed: { readonly drives: readonly number[]; readonly field: Box } | null | undefined;
}

const ENLARGED = 20;

/** The network's input: what it saw, with the pixels that matter laid over it. */
export function InputColumn(props: Props) {
  const { api, request, model, shared, pixels, saliency, target, pointed } = props;
  const [overlay, setOverlay] = useState<Overlay>("none");
  const occlusion = useExplanation(api, overlay === "occlusion" ? request : null, model, {
    parts: ["occlusion"],
    ...shared,
  }).prediction?.occlusion;
  const effects = { none: null, saliency, occlusion }[overlay];
  const shown = pointed ? pointed.drives : effects;
  const caption = pointed
    ? "Pixels that drive this unit"
    : {
        none: "What the network saw",
        saliency: `Where ink would raise or lower ${target}`,
        occlusion: `Where blank would lower or raise ${target}`,
      }[overlay];
  return (
    <div className="input-column">
      <h4>Input</h4>
      <p className="chain-shape">
        {GRID_SIZE} × {GRID_SIZE}
      </p>
      <select
        aria-label="Laid over the input"
        value={overlay}
        onChange={(event) => setOverlay(event.target.value as Overlay)}
      >
        <option value="none">Ink alone</option>
        <option value="saliency">Saliency</option>
        <option value="occlusion">Occlusion</option>
      </select>
      <InputPicture
        pixels={pixels}
        overlay={shown}
        box={pointed?.field}
        label={`${caption}, ${GRID_SIZE} by ${GRID_SIZE} pixels`}
      />
      <p className="input-caption">{caption}</p>
      <fieldset className="downloads" disabled={!pixels}>
        <legend>Download</legend>
        {[1, ENLARGED].map((scale) => (
          <button
            type="button"
            key={scale}
            aria-label={`Download what the network saw, ${GRID_SIZE * scale} by ${GRID_SIZE * scale} pixels`}
            onClick={() => pixels && downloadPixels(pixels, scale)}
          >
            {GRID_SIZE * scale} px
          </button>
        ))}
      </fieldset>
      {pixels && (
        <DataTable
          caption={overlay === "none" || !effects ? "Ink of each pixel" : `${caption}, by pixel`}
          {...mapTable(overlay === "none" || !effects ? pixels : effects, GRID_SIZE, (value) =>
            formatNumber(value, 2),
          )}
          summary={
            <>
              Table<span className="visually-hidden"> of the input</span>
            </>
          }
        />
      )}
    </div>
  );
}
