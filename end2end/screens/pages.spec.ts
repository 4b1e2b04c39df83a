import { resolve } from 'node:path';
import { expect, hydrated, signIn, test } from '../support/fixtures';
import { mainPages } from '../support/pages';

const folder = resolve(__dirname, '../../docs/screens');
const sizes = { 1280: { width: 1280, height: 800 }, 320: { width: 320, height: 700 } };

// A Monday morning: the same hour in every picture, so that a new picture shows only what changed.
test.beforeAll(async ({ server }) => server.setClock('2026-11-23T09:00:00Z'));

for (const { name, path, who, status } of mainPages) {
  for (const [width, viewport] of Object.entries(sizes)) {
    for (const theme of ['light', 'dark'] as const) {
      test(`${name} ${width} ${theme}`, async ({ page, watch }) => {
        if (status) watch.allow(new RegExp(`status of ${status}`));
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
        if (who) await signIn(page, who);
        await page.goto(await path(page));
        await hydrated(page);
        await page.evaluate(() => document.fonts.ready);
        const picture = await page.screenshot({ path: `${folder}/${name}-${width}-${theme}.png`, fullPage: true });
        expect(picture.length).toBeGreaterThan(0);
      });
    }
  }
}
