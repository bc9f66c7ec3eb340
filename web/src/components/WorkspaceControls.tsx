import type { Workspace } from "../hooks/useWorkspace";
import { PredictionControls } from "./PredictionControls";

/** When and with which model the workspace predicts. */
export function WorkspaceControls({ workspace }: { readonly workspace: Workspace }) {
  const { isNumber, settings, models, digit, number, state, request } = workspace;
  const shown = digit.prediction?.reason !== "blank" ? digit.prediction : undefined;
  return (
    <PredictionControls
      live={settings.live}
      canPredict={request !== null}
      loading={state.loading}
      prediction={isNumber ? number.answer : shown}
      onLive={settings.setLive}
      onPredict={state.predict}
      models={models.list}
      invalidModels={models.invalid}
      model={models.name}
      onModel={models.choose}
    />
  );
}
