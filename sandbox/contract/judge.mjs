// A sandbox under judgement: the official SDK drives it, every request and every answer is judged.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import Stripe from 'stripe';
import { judgeAnswer, judgeRequest, operation } from './schema.mjs';

export class Judge {
  seen = new Map();
  complaints = [];

  async start(args = []) {
    const binary = process.env.SANDBOX_BIN;
    if (!binary) throw new Error('SANDBOX_BIN names the binary to be judged; run scripts/sandbox-contract');
    this.child = spawn(binary, ['--exit-with-parent', ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = await once(createInterface({ input: this.child.stdout }), 'line');
    this.url = new URL(line.replace('sandbox listening on ', ''));
    this.stripe = new Stripe('sk_test_sandbox', {
      host: this.url.hostname,
      port: this.url.port,
      protocol: 'http',
      maxNetworkRetries: 0,
      telemetry: false,
      httpClient: Stripe.createFetchHttpClient((url, init) => this.fetch(url, init)),
    });
    return this;
  }

  async stop() {
    this.child.stdin.end();
    await once(this.child, 'exit');
  }

  // Sends a request, and judges it and its answer.
  async fetch(address, init) {
    const response = await fetch(address, init);
    const url = new URL(address);
    const op = operation(init.method, url.pathname);
    const body = await response.clone().json();
    const note = (what, list) => this.complaints.push(...list.map((complaint) => `${what} ${op?.name ?? url.pathname}: ${complaint}`));
    if (!op) {
      note('address', ['is not published']);
    } else {
      this.seen.set(`${op.name} ${response.status}`, (this.seen.get(`${op.name} ${response.status}`) || 0) + 1);
      // A refused request may be wrong on purpose.
      if (response.ok) note('request', judgeRequest(op, url.search, init.body));
      note(`answer ${response.status}`, judgeAnswer(op, response.status, body));
    }
    return response;
  }

  // The control address.
  async control(method, path, body) {
    const response = await fetch(new URL(`/_control${path}`, this.url), {
      method, headers: { 'content-type': 'application/json' }, body: body && JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? null : response.json();
  }

  // The owner of a card answers the bank, the owner of an account goes through onboarding.
  async answer(url, outcome) {
    await fetch(url, { redirect: 'manual' });
    const response = await fetch(url, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ outcome }) });
    if (response.status >= 400) throw new Error(`${url}: ${response.status}`);
    return response;
  }
}
