import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './server';

const STARTED_WITHIN_MS = 30_000;
const LOGIN = 'tina';
const PASSWORD = 'app-password';

/** A CalDAV server of others, on a port and over a folder of its own, with one account and a calendar, Work. */
export class Radicale {
  readonly login = LOGIN;
  readonly password = PASSWORD;

  private constructor(
    readonly url: string,
    private readonly folder: string,
    private readonly process: ChildProcess,
  ) {}

  /** Starts the program that LECTERN_TEST_RADICALE names. */
  static async start(): Promise<Radicale> {
    const program = process.env.LECTERN_TEST_RADICALE;
    if (!program) throw new Error('LECTERN_TEST_RADICALE is not set; run: scripts/journeys');
    const folder = mkdtempSync(join(tmpdir(), 'radicale-'));
    const port = await freePort();
    writeFileSync(join(folder, 'users'), `${LOGIN}:${PASSWORD}\n`);
    writeFileSync(
      join(folder, 'config'),
      `[server]\nhosts = 127.0.0.1:${port}\n[auth]\ntype = htpasswd\nhtpasswd_filename = ${folder}/users\n` +
        `htpasswd_encryption = plain\n[storage]\nfilesystem_folder = ${folder}/data\n`,
    );
    const child = spawn(program, ['--config', join(folder, 'config')], { stdio: 'ignore' });
    const radicale = new Radicale(`http://127.0.0.1:${port}/`, folder, child);
    await radicale.waitUntilReady();
    const made = await radicale.ask('MKCALENDAR', 'work/', calendarNamed('Work'));
    if (made.status !== 201) throw new Error(`no calendar was made: ${made.status}`);
    return radicale;
  }

  /** Writes an appointment of an hour. */
  async put(name: string, start: string): Promise<void> {
    const stamp = start.replace(/[-:]/g, '');
    const lines = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//journeys//EN', 'BEGIN:VEVENT', `UID:${name}`];
    lines.push(`DTSTAMP:${stamp}`, `DTSTART:${stamp}`, 'DURATION:PT1H', 'END:VEVENT', 'END:VCALENDAR', '');
    const answer = await this.ask('PUT', `work/${name}.ics`, lines.join('\r\n'));
    if (!answer.ok) throw new Error(`nothing was written: ${answer.status}`);
  }

  /** The whole calendar as one file. */
  async calendar(): Promise<string> {
    return (await this.ask('GET', 'work/')).text();
  }

  /** Ends it and deletes what it kept. */
  stop(): void {
    this.process.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private ask(method: string, path: string, body?: string): Promise<Response> {
    const authorization = `Basic ${Buffer.from(`${LOGIN}:${PASSWORD}`).toString('base64')}`;
    return fetch(`${this.url}${LOGIN}/${path}`, { method, headers: { authorization }, body });
  }

  private async waitUntilReady(): Promise<void> {
    const deadline = Date.now() + STARTED_WITHIN_MS;
    for (;;) {
      try {
        await fetch(this.url);
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await new Promise((done) => setTimeout(done, 50));
      }
    }
  }
}

const calendarNamed = (name: string): string =>
  '<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop>' +
  `<D:displayname>${name}</D:displayname></D:prop></D:set></C:mkcalendar>`;
