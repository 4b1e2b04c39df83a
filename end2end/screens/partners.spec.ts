import { signIn } from '../support/fixtures';
import { LOGIN, test } from '../support/partners';
import { newTutor } from '../support/people';
import { connect } from '../support/stand_in';
import { open } from '../support/steps';
import { texts } from '../support/texts';
import { sizes, take } from './picture';

const t = texts('en');
const NOW = '2026-11-23T09:00:00Z';
const REMOVED = '2026-11-23T09:05:00Z';

// A tutor who has connected all there is, and removed one of them at the provider since.
for (const [width, viewport] of Object.entries(sizes)) {
  for (const theme of ['light', 'dark'] as const) {
    test(`tutor-accounts ${width} ${theme}`, async ({ page, server, zoom }) => {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      await server.setClock(NOW);
      await signIn(page, await newTutor(server, { name: 'Tina Lark' }));
      await open(page, '/tutor/settings');
      for (const name of ['video.zoom', 'video.google_meet']) {
        await connect(page, t('video.connect', { name: t(name) }), LOGIN, true);
      }
      await connect(page, t('diary.google_connect'), LOGIN, true);
      await server.setClock(REMOVED);
      await zoom.tellRemoved(server, LOGIN, REMOVED);
      await server.tick();
      await page.goto('/tutor/settings');
      await take(page, `tutor-accounts-${width}-${theme}`);
    });
  }
}
