import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, hydrated } from '../support/fixtures';

const folder = resolve(__dirname, '../../docs/screens');

/** The sizes at which every page is pictured, by their width. */
export const sizes = { 1280: { width: 1280, height: 800 }, 320: { width: 320, height: 700 } };

/** Takes a picture of the whole page, once it is as a person sees it. */
export async function take(page: Page, name: string): Promise<void> {
  await hydrated(page);
  await page.evaluate(async () => {
    // No scroll bar is drawn in a picture, and its place would be an empty strip.
    document.documentElement.style.scrollbarGutter = 'auto';
    await document.fonts.ready;
  });
  const picture = await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
  expect(picture.length).toBeGreaterThan(0);
}
