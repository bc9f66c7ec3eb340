import type { InsideViewProps } from "./viewProps";
import "../styles/inside.css";

/** How the network recognizes this drawing, layer by layer. */
export default function InsideView({ drawingPanel }: InsideViewProps) {
  return <div className="inside">{drawingPanel}</div>;
}
