/** `fetch` for answers that are not read beyond a size. */

export class ResponseTooLargeError extends Error {
  override name = "TooLargeError";
}

/** Fetch as `fetch` does, and read the body. Past `most_bytes` of it, decompressed, the connection is closed.
 *
 * @throws TooLargeError if the answer declares such a size, or has it
 */
export async function limitedFetch(request: Request, most_bytes: number): Promise<Response> {
  const response = await fetch(request);
  const reader = response.body?.getReader();
  if (!reader) return response;
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size_bytes = 0;
  const declared_bytes = Number(response.headers.get("Content-Length"));
  for (;;) {
    if (Math.max(size_bytes, declared_bytes) > most_bytes) {
      void reader.cancel().catch(() => undefined);
      throw new ResponseTooLargeError();
    }
    const { done, value } = await reader.read();
    if (done) return new Response(new Blob(chunks), response);
    chunks.push(value);
    size_bytes += value.byteLength;
  }
}
