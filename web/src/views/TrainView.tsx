import type { ViewProps } from "./viewProps";
import "../styles/train.css";

/** Trains a network, and shows how it learns. */
export default function TrainView(_: ViewProps) {
  return <div className="train" />;
}
