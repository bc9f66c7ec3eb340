/** When a request that failed is sent again. */

import { ApiError } from "./api/errors";

export function isRetryable(_: number, error: Error): boolean {
  return error instanceof ApiError && error.retryable;
}

export function retryDelay(failures: number, error: Error): number {
  if (error instanceof ApiError && error.failure.kind === "busy") {
    return error.failure.retry_after_ms;
  }
  return Math.min(8000, 500 * 2 ** failures);
}
