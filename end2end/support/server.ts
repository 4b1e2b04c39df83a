import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, resolve } from 'node:path';
import { createDatabase, dropDatabase, urlOf } from './database';

const root = resolve(__dirname, '../..');
/** Migrating and seeding an empty database on a loaded machine. */
const READY_WITHIN_MS = 90_000;
/** Open requests are finished and streams closed within this. */
const STOPPED_WITHIN_MS = 60_000;

/** What `POST /dev/tick` counts, by kind of work. */
export type TickCounts = Record<string, number>;

/** A release server of its own, on a database of its own, with the demonstration's data. */
export class Server {
  private constructor(
    readonly url: string,
    readonly database: string,
    readonly log: string,
    private readonly process: ChildProcess,
  ) {}

  /** Starts the server named by LECTERN_SERVER_BIN and waits until it is ready. */
  static async start(name: string, environment: Record<string, string> = {}): Promise<Server> {
    const binary = process.env.LECTERN_SERVER_BIN;
    if (!binary) throw new Error('LECTERN_SERVER_BIN is not set; run: make test, or scripts/journeys');
    const database = `lectern_${name}`;
    await createDatabase(database);
    const address = `127.0.0.1:${await freePort()}`;
    const log = resolve(root, `end2end/test-results/server-${name}.log`);
    mkdirSync(dirname(log), { recursive: true });
    const output = openSync(log, 'w');
    const child = spawn(binary, ['serve', '--seed'], {
      cwd: root,
      stdio: ['ignore', output, output],
      env: {
        ...process.env,
        DATABASE_URL: urlOf(database),
        LECTERN_DATA: resolve(root, `end2end/test-results/data-${name}`),
        LECTERN_ENV: 'development',
        LECTERN_ADDR: address,
        PUBLIC_URL: `http://${address}`,
        RATE_LIMITS: 'off',
        ...environment,
      },
    });
    closeSync(output);
    const server = new Server(`http://${address}`, database, log, child);
    await server.waitUntilReady();
    return server;
  }

  /** Sets the product's clock, which then stands still; `null` is real time again. */
  async setClock(now: string | Date | null): Promise<void> {
    const value = now instanceof Date ? now.toISOString() : now;
    await this.dev('PUT', '/dev/clock', { now: value });
  }

  /** Runs everything that is due and waits for it. */
  async tick(): Promise<TickCounts> {
    return (await this.dev('POST', '/dev/tick')) as TickCounts;
  }

  /** Back to the freshly seeded demonstration, in real time. */
  async reset(): Promise<void> {
    await this.dev('POST', '/dev/reset');
  }

  /** Ends the server in good order and deletes its database. */
  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const ended = new Promise<void>((done) => this.process.once('exit', () => done()));
      this.process.kill('SIGTERM');
      const late = setTimeout(() => this.process.kill('SIGKILL'), STOPPED_WITHIN_MS);
      await ended;
      clearTimeout(late);
      if (this.process.signalCode === 'SIGKILL') throw new Error(`the server did not stop in time:\n${this.tail()}`);
    }
    await dropDatabase(this.database);
  }

  /** The last lines that the server wrote. */
  tail(lines = 30): string {
    return readFileSync(this.log, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }

  private async dev(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(this.url + path, {
      method,
      headers: { 'content-type': 'application/json', accept: 'application/json', origin: this.url },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    const json: unknown = text ? JSON.parse(text) : null;
    return json !== null && typeof json === 'object' && 'data' in json ? json.data : json;
  }

  private async waitUntilReady(): Promise<void> {
    const deadline = Date.now() + READY_WITHIN_MS;
    while (Date.now() < deadline) {
      if (this.process.exitCode !== null) throw new Error(`the server ended while starting:\n${this.tail()}`);
      const answer = await fetch(`${this.url}/readyz`).catch(() => null);
      if (answer?.ok) return;
      await new Promise((wait) => setTimeout(wait, 50));
    }
    this.process.kill('SIGKILL');
    throw new Error(`the server is not ready after ${READY_WITHIN_MS} ms:\n${this.tail()}`);
  }
}

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const probe = createServer();
    probe.once('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      if (address === null || typeof address === 'string') return failed(new Error('no port'));
      probe.close(() => done(address.port));
    });
  });
}
