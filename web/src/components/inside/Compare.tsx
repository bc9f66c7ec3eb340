import { memo } from "react";
import { type DrawingRequest, useExplanation } from "../../hooks/useExplanation";
import type { sharedOptions } from "../../hooks/useInside";
import type { ExplainedPrediction, Explanation, Model, PredictionApi } from "../../lib/api/client";
import { classesOf } from "../../lib/classes";
import { formatCount } from "../../lib/format";
import { inputOf } from "../../lib/inside/layers";
import { resultOf, resultText } from "../PredictionResult";
import { ProbabilityBars } from "../ProbabilityBars";
import { InputPicture } from "./InputPicture";

interface Props {
  readonly api: PredictionApi;
  readonly request: DrawingRequest | null;
  readonly models: readonly Model[];
  readonly model: Model;
  readonly main: Explanation | undefined;
  readonly second: string | null;
  readonly shared: ReturnType<typeof sharedOptions>;
  readonly target: string;
  readonly onSecond: (second: string | null) => void;
}

/** Two models side by side on the same drawing. */
export const Compare = memo(function Compare(props: Props) {
  const { api, request, models, model, main, second, shared, target, onSecond } = props;
  const others = models.filter(({ name }) => name !== model.name);
  const other = others.find(({ name }) => name === second);
  const { target: asked, ...options } = shared;
  const explanation = useExplanation(api, other ? request : null, other?.name ?? null, {
    parts: ["layers", "saliency"],
    ...options,
    ...(asked !== undefined && other?.class_names.includes(asked) && { target: asked }),
  });
  if (others.length === 0) return null;
  return (
    <section className="compare" aria-labelledby="compare-title">
      <header>
        <h3 id="compare-title">Compare with another model</h3>
        <select
          aria-label="Model to compare with"
          value={other?.name ?? ""}
          onChange={(event) => onSecond(event.target.value || null)}
        >
          <option value="">None</option>
          {others.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </header>
      {other && (
        <div className="compare-models">
          <Side model={model} explanation={main} target={target} />
          <Side model={other} explanation={explanation.prediction} target={target} />
        </div>
      )}
    </section>
  );
});

interface SideProps {
  readonly model: Model;
  readonly explanation: Explanation | undefined;
  readonly target: string;
}

function Side({ model, explanation, target }: SideProps) {
  const classes = classesOf(model);
  const shown = explanation?.model.digest === model.digest ? explanation : undefined;
  const result = resultOf("drawing", shown && complete(shown.prediction), classes);
  const [heading, detail] = resultText(result, classes, true);
  return (
    <section className="compare-side" aria-label={model.name} data-testid="compare-side">
      <h4>
        {model.name} <span>{formatCount(model.parameters)} parameters</span>
      </h4>
      <div className="compare-answer">
        <InputPicture
          pixels={inputOf(shown?.layers ?? null)}
          overlay={shown?.saliency}
          label={`What ${model.name} saw, with the pixels that matter for ${target}`}
        />
        <p>
          <strong>{shown ? heading : "…"}</strong>{" "}
          <span className="compare-detail">{shown ? detail : ""}</span>
        </p>
      </div>
      <ProbabilityBars
        classes={classes}
        probabilities={shown?.prediction.probabilities}
        label={shown?.prediction.label ?? null}
      />
    </section>
  );
}

/** A prediction with what the text of a result does not need. */
function complete(prediction: ExplainedPrediction) {
  const model = { name: "", digest: "" };
  return { ...prediction, seen: null, may_be_number: false, model, profile: null, duration_ms: 0 };
}
