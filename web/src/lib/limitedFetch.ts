/** `fetch` with a limit on the size of the response body. */

export class ResponseTooLargeError extends Error {
  override name = "ResponseTooLargeError";
}

/** Fetch and read the whole body; close the connection once it exceeds `max_bytes`, decompressed.
 *
 * @throws ResponseTooLargeError if the body is, or is declared to be, larger than `max_bytes`
 */
export async function limitedFetch(request: Request, max_bytes: number): Promise<Response> {
  const response = await fetch(request);
  // In Chromium, it may have an empty body, with which no response can be made again.
  if (response.status === 204) return response;
  const reader = response.body?.getReader();
  if (!reader) return response;
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size_bytes = 0;
  const declared_bytes = Number(response.headers.get("Content-Length"));
  for (;;) {
    if (Math.max(size_bytes, declared_bytes) > max_bytes) {
      void reader.cancel().catch(() => undefined);
      throw new ResponseTooLargeError();
    }
    const { done, value } = await reader.read();
    if (done) return new Response(new Blob(chunks), response);
    chunks.push(value);
    size_bytes += value.byteLength;
  }
}
