import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo, useRef } from "react";
import mnistSamples from "../assets/mnist.png";
import { HandwritingTable } from "../components/HandwritingTable";
import { NetworkDiagram } from "../components/NetworkDiagram";
import { useInView } from "../hooks/useInView";
import type { Model, PredictionApi } from "../lib/api/client";
import { ApiError } from "../lib/api/errors";
import { areDigits, classesOf, DIGITS, listClasses } from "../lib/classes";
import { sampleStrokes } from "../lib/digitPaths";
import { formatCount } from "../lib/format";
import {
  accuracyStats,
  datasetDescriptions,
  diagramStages,
  handwritingRows,
  type Stat,
  sizeStats,
  trainingStats,
} from "../lib/modelDescription";
import { strokesToPng } from "../lib/render";
import type { ViewProps } from "./viewProps";
import "../styles/how-it-works.css";

/** Explains how a network learns and predicts, with the numbers of the current model. */
export default function HowView({ api, model }: ViewProps) {
  const datasets = useMemo(() => (model ? datasetDescriptions(model.training) : []), [model]);
  const stages = useMemo(() => (model ? diagramStages(model) : []), [model]);
  const classes = model ? classesOf(model) : DIGITS;
  const handwriting = useMemo(() => (model ? handwritingRows(model.metrics) : []), [model]);
  return (
    <section className="how" aria-labelledby="view-title">
      <Step
        title="Training data"
        text={
          areDigits(classes)
            ? "The network was trained on labeled images of digits. These are some of them."
            : `The network was trained on labeled images of ${formatCount(classes.length)} classes: ${listClasses(classes, 200)}.`
        }
      >
        {areDigits(classes) && (
          <img
            className="mnist-samples"
            src={mnistSamples}
            width={280}
            height={140}
            loading="lazy"
            alt="Five rows of the digits 0 to 9 from the MNIST data set, in different handwriting, white on black"
          />
        )}
        {datasets.length > 0 && (
          <ul className="dataset-list">
            {datasets.map((dataset) => (
              <li key={dataset}>{dataset}</li>
            ))}
          </ul>
        )}
      </Step>

      <Step title="Preprocessing" text={preprocessingText(model)}>
        <PreprocessingDemo api={api} model={model?.name} />
      </Step>

      <Step title="The network" text={networkText(model)}>
        {stages.length > 0 && <NetworkDiagram stages={stages} />}
        {model && <StatList stats={sizeStats(model)} />}
      </Step>

      <Step
        title="Training"
        text="Training starts from random parameters. After each batch of images, the optimizer adjusts every parameter slightly so that the predictions get better."
      >
        {model && (
          <StatList
            stats={[
              ...trainingStats(model.training),
              ...accuracyStats(model.metrics, areDigits(classes)),
            ]}
          />
        )}
      </Step>

      {handwriting.length > 0 && (
        <Step
          title="Whose digits it recognizes"
          text="The network was not trained on these people's digits. A digit that is rejected does not count as recognized."
        >
          <HandwritingTable rows={handwriting} />
        </Step>
      )}
    </section>
  );
}

interface StepProps {
  readonly title: string;
  readonly text: string;
  readonly children: ReactNode;
}

function Step({ title, text, children }: StepProps) {
  return (
    <article>
      <div>
        <h3>{title}</h3>
        <p>{text}</p>
      </div>
      <div className="how-content">{children}</div>
    </article>
  );
}

function StatList({ stats }: { readonly stats: readonly Stat[] }) {
  return (
    <dl className="stats">
      {stats.map(({ value, label }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

interface DemoProps {
  readonly api: PredictionApi;
  readonly model: string | undefined;
}

/** A small 2 in a corner, before and after preprocessing by the API. */
function PreprocessingDemo({ api, model }: DemoProps) {
  const container = useRef<HTMLDivElement>(null);
  const inView = useInView(container);
  const image = useMemo(() => (inView ? strokesToPng(smallTwoInCorner()) : ""), [inView]);
  const { data } = useQuery({
    queryKey: ["preprocessing-demo", model],
    queryFn: ({ signal }) => api.predict({ image }, model ?? null, signal),
    enabled: inView && model !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    networkMode: "always",
    retry: (_, error) => error instanceof ApiError && error.retryable,
    retryDelay: (failures) => Math.min(15_000, 1000 * 2 ** failures),
  });
  return (
    <div className="preprocessing-demo" ref={container}>
      <figure>
        <div className="demo-image">
          {image && <img src={image} alt="A small 2 in a corner of the drawing area" />}
        </div>
        <figcaption>Drawing</figcaption>
      </figure>
      <figure>
        <div className="demo-image" data-kind="pixels">
          {data?.seen && (
            <img src={data.seen} alt="The same 2, large and centered in 28 by 28 pixels" />
          )}
        </div>
        <figcaption>What the network sees</figcaption>
      </figure>
    </div>
  );
}

function smallTwoInCorner() {
  return sampleStrokes(2, 4).map((stroke) => ({
    ...stroke,
    points: stroke.points.map(
      ([x, y, pressure]) => [x * 0.42 + 128, y * 0.42 + 6, pressure] as const,
    ),
  }));
}

function preprocessingText(model: Model | undefined): string {
  return model?.preprocessing.name === "classic"
    ? "Every drawing is made to look like the training images: it is turned into black and white, centered, and given gray edges."
    : "Every drawing is made to look like the training images: the ink is separated from the paper, cropped, adjusted to a standard stroke width, scaled, and centered by its center of mass.";
}

function networkText(model: Model | undefined): string {
  const classes = model ? classesOf(model) : DIGITS;
  const [each, all] = areDigits(classes)
    ? ["digit", "ten"]
    : ["class", formatCount(classes.length)];
  const outlierClass = !model?.rejects_non_digits
    ? ""
    : areDigits(classes)
      ? ", and one for non-digits"
      : ", and one for images of none of them";
  return `The image passes through a sequence of layers, each of which computes new feature maps or numbers from the previous ones. The last layer outputs a logit for each ${each}${outlierClass}. Softmax turns the logits into the ${all} probabilities.`;
}
