import type { Page } from '@playwright/test';
import { enter, expect, expectAccessible, expectNoSidewaysScroll, hydrated, test } from '../support/fixtures';
import { mainPages } from '../support/pages';

test.describe.configure({ mode: 'parallel' });

/** The demonstration, as it is when the server has just been started. */
test.beforeAll(async ({ server }) => server.reset());

/**
 * How a page can look: each language and each theme. A theme changes colours and a language words, neither the other's.
 * Without scripts a page looks the same, and is opened once.
 */
const looks = [
  { language: 'en', theme: 'light' },
  { language: 'fr', theme: 'dark' },
];

async function wear(page: Page, base: string, language: string, theme: string): Promise<void> {
  const cookie = (name: string, value: string) => ({ name, value, url: base });
  await page.context().addCookies([cookie('lang', language), cookie('theme', theme)]);
}

for (const { name, path, who, status = 200 } of mainPages) {
  test(`${name} opens, fits and is accessible`, { tag: ['@phone', '@plain'] }, async ({ page, server, watch, javaScriptEnabled }) => {
    if (who) await enter(page.context(), server, who);
    if (status !== 200) watch.allow(new RegExp(`status of ${status}`));
    const address = await path(page);
    for (const { language, theme } of javaScriptEnabled ? looks : looks.slice(0, 1)) {
      await test.step(`${language}, ${theme}`, async () => {
        await wear(page, server.url, language, theme);
        const answer = await page.goto(address);
        expect(answer?.status()).toBe(status);
        await hydrated(page);
        await expect(page.locator('html')).toHaveAttribute('lang', language);
        await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
        // The page of components shows headings of pages among its samples.
        if (name !== 'components') await expect(page.locator('h1')).toHaveCount(1);
        await expect(page).toHaveTitle(/\S/);
        await expectNoSidewaysScroll(page);
        await expectAccessible(page);
      });
    }
  });
}
