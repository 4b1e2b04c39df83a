import AxeBuilder from '@axe-core/playwright';
import { test as base, expect, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from '@playwright/test';
import { Server } from './server';
import { Watch } from './watch';

export { expect } from '@playwright/test';
export type { Server } from './server';

/** A demonstration account, or any other. */
export type Who = 'student' | 'tutor' | 'admin' | { email: string; password: string };

/** Where the lessons of these servers take place. */
export const MEETINGS = 'meet.journeys.invalid';

const DEMO_PASSWORD = 'demo-password';

function credentials(who: Who): { email: string; password: string } {
  return typeof who === 'string' ? { email: `${who}@demo.test`, password: DEMO_PASSWORD } : who;
}

/** Signs in by the form, with or without JavaScript, and waits until another page is there. */
export async function signIn(page: Page, who: Who): Promise<void> {
  const { email, password } = credentials(who);
  await page.goto('/login');
  const form = page.locator('form:has(input[name="password"])');
  await form.locator('input[name="email"]').fill(email);
  await form.locator('input[name="password"]').fill(password);
  await form.locator('button[type="submit"]').click();
  await page.waitForURL((url) => url.pathname !== '/login');
}

/** Signs in without looking at a page: every page of this browser is then that person's. */
export async function enter(context: BrowserContext, server: Server, who: Who): Promise<void> {
  const form = { ...credentials(who), next: '' };
  const answer = await context.request.post(`${server.url}/do/sign_in`, { form, headers: { origin: server.url }, maxRedirects: 0 });
  const signedIn = (await context.cookies()).some(({ name }) => name === 'lectern_session');
  expect(signedIn, `${form.email} signs in: ${answer.status()} to ${answer.headers().location}`).toBe(true);
}

/**
 * Waits until every island on the page answers, and what it asked for is there. The page's script sets
 * `data-ready` on `<html>` when it has woken the last one. Without JavaScript there is nothing to wait for.
 */
export async function hydrated(page: Page): Promise<void> {
  if (base.info().project.use.javaScriptEnabled === false) return;
  await expect(page.locator('html')).toHaveAttribute('data-ready', /.*/);
  // A page whose times stand in an assumed zone loads itself again once it has told the browser's.
  await expect(page.locator('leptos-island[data-component^="BrowserZone"][data-props*="false"]')).toHaveCount(0);
  await expect(page.locator('html')).toHaveAttribute('data-ready', /.*/);
  // A calendar that fetches another state is pale, and is exchanged.
  await expect(page.locator('.calendar-island[aria-busy]')).toHaveCount(0);
}

/**
 * Fails when axe finds anything serious or critical against WCAG 2.2 AA. Axe is a script: where the page
 * runs none it cannot, and the same markup is judged by the runs with JavaScript.
 */
export async function expectAccessible(page: Page): Promise<void> {
  if (base.info().project.use.javaScriptEnabled === false) return;
  // The page's own document, without a second page that adds up frames: those are the payment provider's.
  const found = await new AxeBuilder({ page })
    .options({ resultTypes: ['violations'] })
    .setLegacyMode()
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  const grave = found.violations.filter((one) => one.impact === 'serious' || one.impact === 'critical');
  const lines = grave.map((one) => `${one.id}: ${one.help}\n  ${one.nodes.map((node) => node.target).join('\n  ')}`);
  expect(lines, `accessibility of ${page.url()}`).toEqual([]);
}

/** Fails when the page is wider than the window. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const [content, window] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  expect(content, `width of ${page.url()}`).toBeLessThanOrEqual(window ?? 0);
}

interface TestFixtures {
  /** What went wrong in any page of the test; it fails the test in the end. */
  watch: Watch;
  /** Another browser, of nobody yet. */
  visitor: (options?: BrowserContextOptions) => Promise<Page>;
  /** Another person in a browser of her own, signed in, on no page yet: `const tutor = await person('tutor')`. */
  person: (who: Who, options?: BrowserContextOptions) => Promise<Page>;
}

interface WorkerFixtures {
  /** The server of this worker. Tests of one worker share it: begin with `server.reset()` if that matters. */
  server: Server;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  server: [
    async ({}, use, worker) => {
      // A domain that does not exist: a meeting that a test forgets to answer leads nowhere.
      const server = await Server.start(`${worker.project.name}_${worker.workerIndex}`, { JITSI_DOMAIN: MEETINGS });
      await use(server);
      await server.stop();
    },
    { scope: 'worker', timeout: 120_000 },
  ],

  baseURL: async ({ server }, use) => use(server.url),

  watch: [
    async ({ server, context }, use, info) => {
      const watch = new Watch(server.url);
      watch.context(context);
      await use(watch);
      if (info.status !== info.expectedStatus) await info.attach('server.log', { body: server.tail(200) });
      expect(watch.unexpected(), 'what the pages did that they must not').toEqual([]);
    },
    { auto: true },
  ],

  visitor: async ({ browser, server, watch, contextOptions, viewport, locale, timezoneId, javaScriptEnabled, hasTouch }, use) => {
    const opened: Awaited<ReturnType<Browser['newContext']>>[] = [];
    await use(async (options = {}) => {
      const own = { viewport, locale, timezoneId, javaScriptEnabled, hasTouch };
      const context = await browser.newContext({ ...contextOptions, ...own, baseURL: server.url, ...options });
      opened.push(context);
      watch.context(context);
      return context.newPage();
    });
    await Promise.all(opened.map((context) => context.close()));
  },

  person: async ({ server, visitor }, use) => {
    await use(async (who, options) => {
      const page = await visitor(options);
      await enter(page.context(), server, who);
      return page;
    });
  },
});
