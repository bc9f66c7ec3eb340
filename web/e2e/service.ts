/** Starts and ends the service that serves page and API, as a process of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";

/** `{port}` stands for the port to listen at. */
const COMMAND = process.env.INKDIGITS_SERVE ?? "inkdigits serve --port {port}";
const START_MS = 60_000;

export class Service {
  #process: ChildProcess | undefined;

  private constructor(readonly address: string) {}

  static async start(): Promise<Service> {
    const service = new Service(`http://127.0.0.1:${await freePort()}/`);
    await service.start();
    return service;
  }

  /** One that runs already, and that others end. */
  static at(address: string): Service {
    return new Service(address);
  }

  /** Start it where it was before, and wait until it answers. */
  async start(): Promise<void> {
    const command = COMMAND.replaceAll("{port}", new URL(this.address).port);
    const child = spawn(command, {
      shell: true,
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#process = child;
    let said = "";
    child.stderr?.on("data", (data: Buffer) => {
      said = (said + data).slice(-2000);
    });
    const until_ms = Date.now() + START_MS;
    while (Date.now() < until_ms) {
      if (child.exitCode !== null) break;
      const answer = await fetch(new URL("healthz", this.address)).catch(() => undefined);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`“${command}” does not answer at ${this.address}\n${said}`);
  }

  /** End it as a failing machine would: at once. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (!child?.pid || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    process.kill(-child.pid, "SIGKILL");
    await gone;
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
