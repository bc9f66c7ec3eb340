import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { limitedFetch, ResponseTooLargeError } from "./limitedFetch";

const MAX_BYTES = 1000;

let server: Server;

async function serve(listener: RequestListener): Promise<Request> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return new Request(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

it.each([0, 1, MAX_BYTES])("returns a response of %i bytes unchanged", async (length) => {
  const request = await serve((_, response) => {
    response.writeHead(418, { "Content-Type": "text/plain" }).end("x".repeat(length));
  });
  const response = await limitedFetch(request, MAX_BYTES);
  expect(response.status).toBe(418);
  expect(response.headers.get("Content-Type")).toBe("text/plain");
  expect(await response.text()).toBe("x".repeat(length));
});

it("returns a response without a body", async () => {
  const request = await serve((_, response) => response.writeHead(204).end());
  expect((await limitedFetch(request, MAX_BYTES)).status).toBe(204);
});

it("rejects a response whose declared size is too large", async () => {
  const request = await serve((_, response) => {
    response.writeHead(200, { "Content-Length": MAX_BYTES + 1 }).write("x");
  });
  await expect(limitedFetch(request, MAX_BYTES)).rejects.toBeInstanceOf(ResponseTooLargeError);
});

it("closes the connection of an endless response", async () => {
  let closed = () => {};
  const close = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const request = await serve((_, response) => {
    const timer = setInterval(() => response.write("x".repeat(100)), 1);
    response.on("close", () => {
      clearInterval(timer);
      closed();
    });
  });
  await expect(limitedFetch(request, MAX_BYTES)).rejects.toBeInstanceOf(ResponseTooLargeError);
  await close;
});
