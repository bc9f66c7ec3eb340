/** Formats numbers and predictions for people. */

const NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

export function digitName(digit: number): string {
  return NAMES[digit] ?? String(digit);
}

/** A digit with its article: "a 7", "an 8". */
export function withArticle(digit: string): string {
  return `${digit === "8" ? "an" : "a"} ${digit}`;
}

/** Format a probability; only exact values become 0.0% or 100%. */
export function formatPercent(probability: number): string {
  if (probability >= 1) return "100%";
  if (probability > 0.999) return "99.9%";
  if (probability > 0 && probability < 0.001) return "<0.1%";
  return `${(Math.round(probability * 1000) / 10).toFixed(1)}%`;
}

/** Describe a confidence in words. */
export function confidenceLabel(confidence: number): string {
  if (confidence >= 0.99) return "Almost certain";
  if (confidence >= 0.9) return "Very likely";
  if (confidence >= 0.7) return "Likely";
  if (confidence >= 0.5) return "Not sure";
  return "Just a guess";
}

/** Format an integer with thousands separators. */
export function formatCount(value: number): string {
  return new Intl.NumberFormat("en").format(value);
}

export function formatBytes(value: number): string {
  if (value < 1000) return `${value} bytes`;
  if (value < 1e6) return `${Math.round(value / 1e3)} kB`;
  return `${(value / 1e6).toFixed(1)} MB`;
}
