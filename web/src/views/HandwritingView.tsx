/** Teaches the network one's own handwriting. */
export default function HandwritingView() {
  return <p className="muted">Loading…</p>;
}
