import { spawn, type ChildProcess } from 'node:child_process';
import { expect, type Page } from '@playwright/test';
import { hydrated } from './fixtures';
import { freePort } from './server';

const STARTED_WITHIN_MS = 30_000;

/** A program that stands for a provider of others: with its pages for signing in and consenting, and what is behind them. */
export abstract class StandIn {
  private process: ChildProcess | undefined;

  /** One that is not started yet: a server is told its address first. */
  constructor(
    readonly url: string,
    /** The variable that names the program. */
    private readonly program: string,
    /** Where people are sent back to, below a server's address. */
    private readonly wayBack: string,
  ) {}

  /** What tells a server where it is. */
  abstract environment(): Record<string, string>;

  /** Starts the program for one server. */
  async start(server: string): Promise<void> {
    const program = process.env[this.program];
    if (!program) throw new Error(`${this.program} is not set; run: scripts/journeys`);
    this.process = spawn('node', [program, new URL(this.url).port, server + this.wayBack], { stdio: 'ignore' });
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

  /** Ends every permission, as its owner does in the settings of the account. */
  async withdraw(): Promise<void> {
    await this.ask('withdraw');
  }

  stop(): void {
    this.process?.kill('SIGKILL');
  }

  /** Shows or changes what is there. */
  protected async ask<State>(path: string, body: unknown = {}): Promise<State> {
    const answer = await fetch(`${this.url}/test/${path}`, { method: 'POST', body: JSON.stringify(body) });
    return (await answer.json()) as State;
  }
}

/** An address for a program that is not started yet. */
export const freeUrl = async (): Promise<string> => `http://127.0.0.1:${await freePort()}`;

/** Follows the link that leads to a provider, answers on its own pages, and comes back to the tutor's settings. */
export async function connect(page: Page, name: string, login: string, permit: boolean): Promise<void> {
  await page.getByRole('link', { name, exact: true }).click();
  const field = page.getByPlaceholder('Enter any login');
  const consent = page.getByRole('button', { name: 'Continue' });
  await expect(field.or(consent).first()).toBeVisible();
  if (await field.isVisible()) {
    await field.fill(login);
    await page.getByPlaceholder('and password').fill('any');
    await page.getByRole('button', { name: 'Sign-in' }).click();
  }
  await expect(consent).toBeVisible();
  if (permit) await consent.click();
  else await page.getByRole('link', { name: 'Cancel' }).click();
  await page.waitForURL(/\/tutor\/settings/);
  await hydrated(page);
}
