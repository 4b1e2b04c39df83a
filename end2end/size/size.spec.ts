import { brotliCompressSync } from 'node:zlib';
import type { Page, Request } from '@playwright/test';
import { expect, hydrated, test } from '../support/fixtures';

/** Limits for everything that a page loads until it answers, in bytes as sent (brotli). */
const LIMIT = { wasm: 180 * 1024, js: 12 * 1024 };
/** What the same page costs elsewhere; a page above it is named, not refused. */
const AIM = 116 * 1024;

interface Load {
  wasm: number;
  js: number;
  files: string[];
}

function kindOf(request: Request): 'wasm' | 'js' | null {
  const path = new URL(request.url()).pathname;
  if (path.endsWith('.wasm')) return 'wasm';
  if (path.endsWith('.js') || request.resourceType() === 'script') return 'js';
  return null;
}

/** Opens a page with an empty cache and adds up what it loads until its islands are awake and it is quiet. */
async function measure(page: Page, path: string): Promise<Load> {
  const requests: Request[] = [];
  page.on('requestfinished', (request) => requests.push(request));
  await page.goto(path);
  await hydrated(page);
  await page.waitForLoadState('networkidle');

  const load: Load = { wasm: 0, js: 0, files: [] };
  // A page that learns the browser's zone loads itself again, then from the cache: a file counts once.
  const sizes = new Map<string, { kind: 'wasm' | 'js'; size: number }>();
  for (const request of requests) {
    const kind = kindOf(request);
    if (kind === null) continue;
    const { responseBodySize: size } = await request.sizes();
    const headers = (await request.response())?.headers() ?? {};
    expect(headers['content-encoding'], `${request.url()} must be sent compressed`).toBe('br');
    sizes.set(request.url(), { kind, size: Math.max(size, sizes.get(request.url())?.size ?? 0) });
  }
  for (const [url, { kind, size }] of sizes) {
    expect(size, `${url} has no size`).toBeGreaterThan(0);
    load[kind] += size;
    load.files.push(`${new URL(url).pathname} ${size}`);
  }
  const inline = await page.locator('script:not([src]):not([type$="json"])').allTextContents();
  if (inline.length > 0) {
    const size = brotliCompressSync(Buffer.from(inline.join('\n'))).length;
    load.js += size;
    load.files.push(`inline scripts ${size}`);
  }
  return load;
}

const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KB`;

for (const path of ['/', '/tutors', '/tutors/{slug}']) {
  test(`${path} is small`, async ({ page }) => {
    const real = path.includes('{slug}') ? await firstProfile(page) : path;
    const load = await measure(page, real);
    const above = load.wasm + load.js > AIM ? ` (above the aim of ${kilobytes(AIM)})` : '';
    console.log(
      `size of ${path}: ${kilobytes(load.wasm)} wasm, ${kilobytes(load.js)} js${above}\n  ${load.files.join('\n  ')}`,
    );
    expect(load.wasm, 'no wasm was loaded: the page was not measured').toBeGreaterThan(0);
    expect(load.wasm).toBeLessThanOrEqual(LIMIT.wasm);
    expect(load.js).toBeLessThanOrEqual(LIMIT.js);
  });
}

/** The address of the first tutor in the list, read without the browser, so that nothing is cached. */
async function firstProfile(page: Page): Promise<string> {
  const html = await (await page.request.get('/tutors')).text();
  const slug = /href="\/tutors\/([^"/?#]+)"/.exec(html)?.[1];
  if (!slug) throw new Error('no tutor on /tutors');
  return `/tutors/${slug}`;
}
