import { spawn, type ChildProcess } from 'node:child_process';
import { freePort } from './server';

const STARTED_WITHIN_MS = 30_000;

/** What stands for Google: its pages for signing in and consenting, and its calendars. */
export class Google {
  private process: ChildProcess | undefined;

  private constructor(readonly url: string) {}

  /** One that is not started yet: a server is told its address first. */
  static async at(): Promise<Google> {
    return new Google(`http://127.0.0.1:${await freePort()}`);
  }

  /** What tells a server where it is. */
  environment(): Record<string, string> {
    return {
      GOOGLE_CLIENT_ID: 'lectern',
      GOOGLE_CLIENT_SECRET: 'geheim',
      GOOGLE_ISSUER: this.url,
      GOOGLE_API_BASE: this.url,
    };
  }

  /** Starts the program that LECTERN_TEST_GOOGLE names, for one server. */
  async start(server: string): Promise<void> {
    const program = process.env.LECTERN_TEST_GOOGLE;
    if (!program) throw new Error('LECTERN_TEST_GOOGLE is not set; run: scripts/journeys');
    const wayBack = `${server}/connect/google/callback`;
    this.process = spawn('node', [program, new URL(this.url).port, wayBack], { stdio: 'ignore' });
    const deadline = Date.now() + STARTED_WITHIN_MS;
    for (;;) {
      try {
        await this.ask('look');
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await new Promise((done) => setTimeout(done, 50));
      }
    }
  }

  /** The names of the events in the calendar Work. */
  async events(): Promise<string[]> {
    const state = await this.ask('look');
    return state.calendars.work.filter((event) => event.status !== 'cancelled').map((event) => event.id);
  }

  /** Ends every permission, as its owner does in the settings of the account. */
  async withdraw(): Promise<void> {
    await this.ask('withdraw');
  }

  stop(): void {
    this.process?.kill('SIGKILL');
  }

  private async ask(path: string, body: unknown = {}): Promise<State> {
    const answer = await fetch(`${this.url}/test/${path}`, { method: 'POST', body: JSON.stringify(body) });
    return (await answer.json()) as State;
  }
}

interface State {
  calendars: { work: { id: string; status: string }[] };
}
