import { useQuery } from "@tanstack/react-query";
import { memo, type ReactNode, useMemo, useRef } from "react";
import mosaic from "../assets/mnist.png";
import { useInView } from "../hooks/useInView";
import type { Model, Service } from "../lib/api/client";
import { ApiError } from "../lib/api/errors";
import { sampleStrokes } from "../lib/digitPaths";
import { bytes, count } from "../lib/format";
import {
  accuracyStats,
  countIn,
  datasetNames,
  diagramStages,
  nameIn,
  type Stat,
} from "../lib/modelDescription";
import { strokesPng } from "../lib/render";
import { NetworkDiagram } from "./NetworkDiagram";
import "../styles/how-it-works.css";

interface Props {
  readonly api: Service;
  readonly model: Model | undefined;
}

/** For the curious: from the digits that people wrote to the answer. Its figures are the API's. */
export const HowItWorks = memo(function HowItWorks({ api, model }: Props) {
  const training = model?.training ?? {};
  const stages = useMemo(() => diagramStages(model?.training.network), [model]);
  return (
    <section className="how" id="how" aria-labelledby="how-title" tabIndex={-1}>
      <h2 id="how-title">How it works</h2>

      <Section
        title="Digits that people wrote"
        text="The network has learnt from pictures of digits, each with the answer beside it. These are some of them."
      >
        <img
          className="mnist-samples"
          src={mosaic}
          width={280}
          height={140}
          loading="lazy"
          alt="Five rows of the digits 0 to 9 from the data set MNIST, each in another hand, light on black"
        />
        <Sources data={training.data} />
      </Section>

      <Section title="The clean-up" text={preprocessingText(model?.clean_up)}>
        <PreprocessingDemo api={api} model={model?.name} />
      </Section>

      <Section
        title="The network"
        text={`The picture goes through a chain of small steps. Each makes new pictures, or new numbers, out of those before; at the end stands a score for each digit${model?.refuses ? ", and one for what is no digit" : ""}. The scores become the ten probabilities.`}
      >
        {stages.length > 0 && <NetworkDiagram stages={stages} />}
        {model && (
          <StatList
            figures={[
              { value: count(model.parameters), what: "parameters: the numbers that were learnt" },
              { value: bytes(model.size_bytes), what: "is all that they take" },
            ]}
          />
        )}
      </Section>

      <Section
        title="The training"
        text="At first it guesses. After each handful of pictures, every parameter is moved a little in the direction that would have made the answers better."
      >
        {model && <StatList figures={trainingStats(training, model)} />}
      </Section>
    </section>
  );
});

interface PartProps {
  readonly title: string;
  readonly text: string;
  readonly children: ReactNode;
}

function Section({ title, text, children }: PartProps) {
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

function StatList({ figures }: { readonly figures: readonly Stat[] }) {
  return (
    <dl className="stats">
      {figures.map(({ value, what }) => (
        <div key={what}>
          <dt>{what}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Sources({ data }: { readonly data: unknown }) {
  const sources = datasetNames(data);
  if (sources.length === 0) return null;
  return (
    <ul className="dataset-list">
      {sources.map((source) => (
        <li key={source}>{source}</li>
      ))}
    </ul>
  );
}

/** A two, small and in a corner, and what the network gets of it: asked of the API. */
function PreprocessingDemo({
  api,
  model,
}: {
  readonly api: Service;
  readonly model: string | undefined;
}) {
  const place = useRef<HTMLDivElement>(null);
  const near = useInView(place);
  const image = useMemo(() => (near ? strokesPng(smallTwoInCorner()) : ""), [near]);
  const { data } = useQuery({
    queryKey: ["demonstration", model],
    queryFn: ({ signal }) => api.predict({ image }, model ?? null, signal),
    enabled: near && model !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    networkMode: "always",
    retry: (_, error) => error instanceof ApiError && error.retryable,
    retryDelay: (failures) => Math.min(15_000, 1000 * 2 ** failures),
  });
  return (
    <div className="preprocessing-demo" ref={place}>
      <figure>
        <div className="demo-image">
          {image && <img src={image} alt="A small figure two in the corner of a large sheet" />}
        </div>
        <figcaption>Drawn</figcaption>
      </figure>
      <figure>
        <div className="demo-image" data-kind="pixels">
          {data?.seen && (
            <img src={data.seen} alt="The same two, large and in the middle of 28 by 28 pixels" />
          )}
        </div>
        <figcaption>Seen</figcaption>
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

function preprocessingText(name: string | undefined): string {
  if (name === "classic") {
    return "Every drawing is made black and white first, moved to the middle, and given grey edges, as the digits were that the network has learnt from.";
  }
  return "Every drawing is first made into what the network knows: the ink is told from the sheet, cropped, brought to the usual width of a pen, scaled, and set with its centre of mass in the middle.";
}

function trainingStats(training: Model["training"], model: Model): Stat[] {
  const { optimizer } = training;
  const epochs = countIn(training.epochs);
  const batch_size = countIn(training.batch_size);
  const figures: Stat[] = [];
  if (epochs !== undefined) {
    figures.push({ value: count(epochs), what: "times through all pictures" });
  }
  if (batch_size !== undefined) {
    figures.push({ value: count(batch_size), what: "pictures before each step" });
  }
  if (nameIn(optimizer)) figures.push({ value: nameIn(optimizer), what: "chooses the steps" });
  return [...figures, ...accuracyStats(model.metrics)];
}
