import type { BrowserContext, Page } from '@playwright/test';

/** The card form comes from the payment provider: in the journeys, from its sandbox beside the server. */
const PROVIDER = /^http:\/\/127\.0\.0\.1:\d+\/(v3|v1|_pages)\//;

/**
 * Collects what a page must never do: an error or a hydration warning in the console, an uncaught
 * exception, a request to another site.
 */
export class Watch {
  readonly faults: string[] = [];
  private readonly expected: RegExp[] = [];

  constructor(private readonly origin: string) {}

  /** From now on a fault that matches is expected (a refused request that the test provokes, say). */
  allow(pattern: RegExp): void {
    this.expected.push(pattern);
  }

  /** Watches every page of a browser context, those opened later too. */
  context(context: BrowserContext): void {
    context.pages().forEach((page) => this.page(page));
    context.on('page', (page) => this.page(page));
  }

  /** The faults that nobody expected. */
  unexpected(): string[] {
    return this.faults.filter((fault) => !this.expected.some((pattern) => pattern.test(fault)));
  }

  private page(page: Page): void {
    page.on('console', (message) => {
      const text = message.text();
      const hydration = /hydrat|Could not find WASM function/i.test(text);
      if (message.type() === 'error' || (message.type() === 'warning' && hydration)) {
        this.faults.push(`console ${message.type()}: ${text} (${message.location().url})`);
      }
    });
    page.on('pageerror', (error) => this.faults.push(`uncaught: ${error.stack ?? error.message}`));
    page.on('request', (request) => {
      const url = new URL(request.url());
      const local = ['data:', 'blob:', 'about:'].includes(url.protocol);
      if (!local && url.origin !== this.origin && !PROVIDER.test(request.url())) this.faults.push(`request to another site: ${request.url()}`);
    });
  }
}
