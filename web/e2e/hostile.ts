/** A server between page and service that gives what a test says in place of the service's answers. */

import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

export type PredictionResult = (response: ServerResponse) => void;

export class HostileServer {
  readonly #server: Server;
  readonly #answers = new Map<string, PredictionResult>();
  /** How many times each path that is answered here was asked for. */
  readonly calls = new Map<string, number>();

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

  /** Answer so at a path; with null, as the service does. */
  answer(path: string, answer: PredictionResult | null): void {
    if (answer) this.#answers.set(path, answer);
    else this.#answers.delete(path);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(incoming: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(incoming.url ?? "/", this.service);
    const answer = this.#answers.get(pathname);
    if (answer) {
      this.calls.set(pathname, (this.calls.get(pathname) ?? 0) + 1);
      incoming.resume();
      answer(response);
      return;
    }
    const { method, headers, url } = incoming;
    const outgoing = request(new URL(url ?? "/", this.service), { method, headers }, (answered) => {
      response.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(response);
    });
    outgoing.on("error", () => response.destroy());
    incoming.pipe(outgoing);
  }
}

/** Answer with a text, or with a value as JSON. */
export function withBody(
  body: unknown,
  { status = 200, type = "application/json" }: { status?: number; type?: string } = {},
): PredictionResult {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return (response) => response.writeHead(status, { "Content-Type": type }).end(text);
}

/** Send megabytes until there are so many, or until the page closes the connection. */
export function withMegabytes(most: number): PredictionResult {
  return (response) => {
    response.writeHead(200, { "Content-Type": "application/json" });
    const megabyte = " ".repeat(2 ** 20);
    let left = most;
    const send = () => {
      if (response.destroyed) return;
      if (left-- <= 0) response.end("{}");
      else response.write(megabyte, () => setImmediate(send));
    };
    send();
  };
}
