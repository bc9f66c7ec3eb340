import type { ReactNode } from "react";
import type { NoticeProps } from "../components/Notice";
import type { Navigate } from "../hooks/useAddress";
import type { ModelsState } from "../hooks/useModels";
import type { PredictionRequest, PredictionState } from "../hooks/usePrediction";
import type { Address } from "../lib/address";
import type { Model, Prediction, PredictionApi, PredictionBody } from "../lib/api/client";

/** What every view gets. Its title, an `h2`, is shown above it; its own headings begin with `h3`. */
export interface ViewProps {
  readonly api: PredictionApi;
  readonly models: ModelsState;
  /** The current model; undefined until the list of models has arrived. */
  readonly model: Model | undefined;
  /** The digit that is drawn; null if there is none. */
  readonly request: PredictionRequest<PredictionBody> | null;
  /** Its parameters, without `model` and `drawing`, are the view's own. */
  readonly address: Address;
  readonly navigate: Navigate;
}

export interface InsideViewProps extends ViewProps {
  /** The drawing area with its tools, as in Draw. It is as wide as its container allows. */
  readonly drawingPanel: ReactNode;
  /** When and with which model to predict, as in Draw. */
  readonly controls: ReactNode;
  /** The prediction of the drawing, as in Draw. */
  readonly digit: PredictionState<Prediction>;
  readonly notice: NoticeProps | null;
}
