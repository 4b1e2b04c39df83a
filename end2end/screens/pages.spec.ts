import { signIn, test } from '../support/fixtures';
import { mainPages } from '../support/pages';
import { sizes, take } from './picture';

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
        await take(page, `${name}-${width}-${theme}`);
      });
    }
  }
}
