/** Runs the service, which serves the page and the API, in its own process. */

import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";

/** `{port}` is replaced by the port to listen on. */
const COMMAND = process.env.INKDIGITS_SERVE ?? "inkdigits serve --port {port}";
const START_MS = 60_000;

export class Service {
  #process: ChildProcess | undefined;

  private constructor(
    readonly address: string,
    private readonly environment: Readonly<Record<string, string>> = {},
  ) {}

  /** Start it with additional environment variables. */
  static async start(environment: Readonly<Record<string, string>> = {}): Promise<Service> {
    const service = new Service(`http://127.0.0.1:${await freePort()}/`, environment);
    await service.start();
    return service;
  }

  /** A service that is already running; it cannot be started or killed here. */
  static at(address: string): Service {
    return new Service(address);
  }

  /** Start it at its address, and wait until it responds. */
  async start(): Promise<void> {
    const command = COMMAND.replaceAll("{port}", new URL(this.address).port);
    const child = spawn(command, {
      shell: true,
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, ...this.environment },
    });
    this.#process = child;
    let stderr = "";
    child.stderr?.on("data", (data: Buffer) => {
      stderr = (stderr + data).slice(-2000);
    });
    const deadline_ms = Date.now() + START_MS;
    while (Date.now() < deadline_ms) {
      if (child.exitCode !== null) break;
      const response = await fetch(new URL("healthz", this.address)).catch(() => undefined);
      if (response?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`“${command}” does not respond at ${this.address}\n${stderr}`);
  }

  /** Kill it immediately, as a crash would. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (!child?.pid || child.exitCode !== null) return;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    process.kill(-child.pid, "SIGKILL");
    await exited;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
