/** A game that asks for digits. */
export default function GameView() {
  return <p className="muted">Loading…</p>;
}
