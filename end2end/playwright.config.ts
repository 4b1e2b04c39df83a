import { defineConfig } from '@playwright/test';
import { existsSync } from 'node:fs';

/** Chromium of the system: a browser is never downloaded. */
function chromium(): string {
  const named = process.env.CHROMIUM;
  if (named) return named;
  const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
  const found = names.map((name) => `/usr/bin/${name}`).find((path) => existsSync(path));
  if (!found) throw new Error('Chromium is missing; run: sudo apt-get install chromium, or set CHROMIUM');
  return found;
}

const desktop = { width: 1280, height: 800 };
const phone = { width: 320, height: 700 };

/**
 * A journey runs on a desktop. Tagged `@phone` it also runs at 320 px, tagged `@plain` also without
 * JavaScript. Tagged `@only-phone` or `@only-plain` it runs nowhere else.
 */
export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  snapshotPathTemplate: '{testDir}/snapshots/{testFileName}/{arg}{ext}',
  fullyParallel: false,
  forbidOnly: !!process.env.CI,
  retries: 0,
  workers: 2,
  // The first tick of a server also settles, charges and mails all lessons of the demonstration.
  timeout: 180_000,
  // What is shown is shown much sooner: on a loaded machine a page's work may wait for others'.
  expect: { timeout: 30_000 },
  reporter: [['list']],
  use: {
    // Unlike the server's zone (UTC) and unlike the demonstration tutors' commonest ones.
    timezoneId: 'Pacific/Auckland',
    locale: 'en-GB',
    // Recorded where somebody looks at it: it takes a fifth of the time. Elsewhere: --trace retain-on-failure.
    trace: process.env.CI ? 'off' : 'retain-on-failure',
    screenshot: 'only-on-failure',
    // What fades in is pale for a moment, and axe would judge that.
    contextOptions: { reducedMotion: 'reduce' },
    launchOptions: {
      executablePath: chromium(),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  projects: [
    { name: 'desktop', use: { viewport: desktop }, grepInvert: /@only-/ },
    { name: 'phone', use: { viewport: phone, hasTouch: true }, grep: /@(only-)?phone\b/ },
    { name: 'plain', use: { viewport: desktop, javaScriptEnabled: false }, grep: /@(only-)?plain\b/ },
    { name: 'size', testDir: 'size', use: { viewport: desktop } },
    // Writes into docs/: only when asked for.
    ...(process.env.LECTERN_SCREENS ? [{ name: 'screens', testDir: 'screens', use: { viewport: desktop } }] : []),
  ],
});
