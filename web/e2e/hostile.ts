/** A proxy in front of the service that replaces chosen responses with hostile ones. */

import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

export type Respond = (response: ServerResponse) => void;

export class HostileServer {
  readonly #server: Server;
  readonly #overrides = new Map<string, Respond>();

  private constructor(private readonly service: string) {
    this.#server = createServer((request, response) => this.#serve(request, response));
  }

  static async start(service: string): Promise<HostileServer> {
    const hostile = new HostileServer(service);
    await new Promise<void>((resolve) => hostile.#server.listen(0, "127.0.0.1", resolve));
    return hostile;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Replace the response at a path, or restore the service's with null. */
  override(path: string, respond: Respond | null): void {
    if (respond) this.#overrides.set(path, respond);
    else this.#overrides.delete(path);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(incoming: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(incoming.url ?? "/", this.service);
    const respond = this.#overrides.get(pathname);
    if (respond) {
      incoming.resume();
      respond(response);
      return;
    }
    const { method, headers, url } = incoming;
    const outgoing = request(new URL(url ?? "/", this.service), { method, headers }, (upstream) => {
      response.writeHead(upstream.statusCode ?? 502, upstream.headers);
      upstream.pipe(response);
    });
    outgoing.on("error", () => response.destroy());
    incoming.pipe(outgoing);
  }
}

/** Respond with a text, or with a value as JSON. */
export function withBody(
  body: unknown,
  { status = 200, type = "application/json" }: { status?: number; type?: string } = {},
): Respond {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return (response) => response.writeHead(status, { "Content-Type": type }).end(text);
}

/** Respond with many megabytes, until the page closes the connection. */
export function withMegabytes(count: number): Respond {
  return (response) => {
    response.writeHead(200, { "Content-Type": "application/json" });
    const megabyte = " ".repeat(2 ** 20);
    let left = count;
    const send = () => {
      if (response.destroyed) return;
      if (left-- <= 0) response.end("{}");
      else response.write(megabyte, () => setImmediate(send));
    };
    send();
  };
}
