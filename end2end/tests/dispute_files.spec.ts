import type { Locator } from '@playwright/test';
import { expect, expectAccessible, expectNoSidewaysScroll, test } from '../support/fixtures';
import { book, call, newStudent, newTutor, tokenOf } from '../support/people';
import { atNow, later, LESSON, open, shows, startsWith, withScripts } from '../support/steps';
import { texts, type Texts } from '../support/texts';

const t = texts('en');
const fr = texts('fr');
const END = later(LESSON, 60);
test.beforeEach(atNow);

/** A picture of one pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const SHEET = Buffer.from('%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF');
const pixel = (name: string) => ({ name, mimeType: 'image/png', buffer: PIXEL });
const sheet = (name: string) => ({ name, mimeType: 'application/pdf', buffer: SHEET });

/** A picture of that name, which the browser loads once it is looked at. */
async function picture(region: Locator, words: Texts, name: string): Promise<Locator> {
  // A region may be exchanged while it scrolls.
  await expect(() => region.getByText(name).scrollIntoViewIfNeeded({ timeout: 2_000 })).toPass();
  const found = region.getByRole('img', { name: words('chat.image', { name }) });
  await expect(found).toBeVisible();
  return found;
}

test('both attach files to what they say, the admin sees them, and a stranger does not', { tag: ['@phone', '@plain'] }, async ({ server, person, watch }) => {
  watch.allow(/status of 4(00|04|13)/);
  const tutor = await newTutor(server, { locale: 'fr' });
  const student = await newStudent(server);
  const { id } = await book(server, student, tutor, LESSON, 'pm_card_visa');
  await server.setClock(LESSON);
  for (const who of [student, tutor]) {
    await call(server, 'POST', `/api/v2/bookings/${id}/join`, {}, await tokenOf(server, who));
  }
  await server.setClock(END);
  await server.tick();
  const [page, desk, office] = [await person(student), await person(tutor), await person('admin')];

  // A page that calls itself a picture is none, and what is too large is too large: both are said, nothing is opened.
  await open(page, `/lessons/${id}/dispute`);
  const file = page.locator('input[type=file]');
  const statement = page.getByRole('textbox', { name: startsWith(t('dispute.statement')) });
  const large = { name: 'film.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(14 * 1024 * 1024, '%PDF-1.7 ') };
  const html = { name: 'board.png', mimeType: 'image/png', buffer: Buffer.from('<script>alert(1)</script>') };
  await page.getByRole('radio', { name: t('dispute.cut_short') }).check();
  await statement.fill('Forty minutes only.');
  for (const [wrong, key] of [[html, 'attachment_kind'], [large, 'file_too_large']] as const) {
    await file.setInputFiles(wrong);
    await page.getByRole('button', { name: t('dispute.send') }).click();
    await expect(page.locator('#file-error')).toHaveText(t(`error.${key}`));
    await expect(statement).toHaveValue('Forty minutes only.');
    await expect(page.getByRole('radio', { name: t('dispute.cut_short') })).toBeChecked();
  }
  await expectAccessible(page);
  await file.setInputFiles([pixel('board.png'), sheet('log.pdf')]);
  await page.getByRole('button', { name: t('dispute.send') }).click();
  await expect(page).toHaveURL(new RegExp(`/lessons/${id}#dispute$`));
  const dispute = page.locator('#dispute');
  await picture(dispute, t, 'board.png');
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);

  // The tutor sees them, takes one, and answers with a picture.
  await open(desk, `/lessons/${id}`);
  const read = desk.locator('#dispute');
  const board = await picture(read, fr, 'board.png');
  if (withScripts()) await expect(board).toHaveJSProperty('naturalWidth', 1);
  const link = read.getByRole('link', { name: 'log.pdf' });
  const [download] = await Promise.all([desk.waitForEvent('download'), link.click()]);
  expect(download.suggestedFilename()).toBe('log.pdf');
  const answer = desk.locator('#dispute-answer');
  await answer.getByRole('textbox').fill('Fifty, and I stayed in the room.');
  await answer.locator('input[type=file]').setInputFiles(pixel('room.png'));
  await answer.getByRole('button', { name: fr('dispute.answer_send'), exact: true }).click();
  // The page is loaded again: the form is empty.
  await expect(answer.getByRole('textbox')).toHaveValue('');
  await picture(read, fr, 'room.png');
  await expectNoSidewaysScroll(desk);
  await expectAccessible(desk);
  await shows(page, dispute.getByText('room.png'));
  await picture(dispute, t, 'room.png');

  // The admin has them beside what was said.
  await open(office, '/admin/disputes');
  await office.getByRole('row').filter({ hasText: student.name }).getByRole('link').click();
  const found = office.locator('#case');
  for (const name of ['board.png', 'room.png']) await picture(found, t, name);
  await expect(found.getByRole('link', { name: 'log.pdf' })).toBeVisible();
  await expectNoSidewaysScroll(office);
  await expectAccessible(office);

  // Nobody else: neither the page of the lesson, nor the file by a link that was changed.
  const stranger = await person(await newStudent(server));
  expect((await stranger.goto(`/lessons/${id}`))?.status()).toBe(404);
  const own = await link.getAttribute('href');
  const forged = (own ?? '').replace(/for=[^&]+/, `for=${crypto.randomUUID()}`);
  expect((await stranger.request.get(forged)).status()).toBe(404);
});

test('each of the two has a claim of their own, and both are decided together', { tag: ['@phone', '@plain'] }, async ({ server, person, watch }) => {
  watch.allow(/status of 4(09)/);
  const tutor = await newTutor(server, { locale: 'fr' });
  const student = await newStudent(server);
  const { id } = await book(server, student, tutor, LESSON, 'pm_card_visa');
  await server.setClock(END);
  await server.tick();
  const body = { reason: 'cut_short', statement: 'Forty minutes only.' };
  await call(server, 'POST', `/api/v2/bookings/${id}/disputes`, body, await tokenOf(server, student));
  const [page, desk, office] = [await person(student), await person(tutor), await person('admin')];
  await open(page, `/lessons/${id}`);
  await expect(page.getByRole('link', { name: t('dispute.claim') }), 'the student has made theirs').toHaveCount(0);

  await open(desk, `/lessons/${id}`);
  await desk.getByRole('link', { name: fr('dispute.claim') }).click();
  await expect(desk).toHaveURL(new RegExp(`/lessons/${id}/dispute$`));
  await expect(desk.getByText(fr('dispute.join_lead', { name: student.name }))).toBeVisible();
  await expectAccessible(desk);
  await desk.getByRole('radio', { name: fr('dispute.wrong_outcome') }).check();
  await desk.locator('textarea[name=statement]').fill('The student never came.');
  await desk.locator('input[type=file]').setInputFiles(sheet('log.pdf'));
  await desk.getByRole('button', { name: fr('dispute.claim_send') }).click();
  await expect(desk).toHaveURL(new RegExp(`/lessons/${id}#dispute$`));
  await expect(desk.getByRole('link', { name: fr('dispute.claim') })).toHaveCount(0);

  // Both claims stand beside each other, for both and for the admin, who decides once.
  await open(office, '/admin/disputes');
  await office.getByRole('row').filter({ hasText: student.name }).getByRole('link').click();
  for (const [side, words] of [[desk.locator('#dispute'), fr], [page.locator('#dispute'), t], [office.locator('#case'), t]] as const) {
    await shows(side.page(), side.getByRole('heading', { name: words('dispute.wrong_outcome') }));
    await expect(side.getByRole('heading', { name: words('dispute.cut_short') })).toBeVisible();
    await expect(side.getByRole('link', { name: 'log.pdf' })).toBeVisible();
    await expectNoSidewaysScroll(side.page());
    await expectAccessible(side.page());
  }
  const decide = office.locator('#decision');
  await decide.getByRole('radio', { name: t('disputes.nothing'), exact: true }).check();
  await decide.getByRole('button', { name: t('disputes.weigh') }).click();
  const follows = office.locator('#consequences');
  await follows.getByRole('textbox', { name: startsWith(t('disputes.note')) }).fill('Both were there.');
  await follows.getByRole('button', { name: t('disputes.send') }).click();
  await expect(office.locator('#case').getByText(t('dispute.nothing'))).toBeVisible();
  await shows(page, page.locator('#dispute').getByText('Both were there.'));
  await shows(desk, desk.locator('#dispute').getByText('Both were there.'));
  for (const side of [page, desk]) await expect(side.locator('#dispute-answer').getByRole('textbox')).toHaveCount(0);
});

test('evidence for a bank is asked about before it is sent', { tag: ['@phone', '@plain'] }, async ({ server, person }) => {
  const tutor = await newTutor(server);
  const student = await newStudent(server);
  await book(server, student, tutor, LESSON, 'pm_card_createDisputeProductNotReceived');
  await server.setClock(END);
  await server.tick();
  const office = await person('admin');
  const row = office.getByRole('row').filter({ hasText: student.name });
  await expect(async () => {
    await open(office, '/admin/disputes');
    await expect(row).toBeVisible({ timeout: 5_000 });
  }).toPass();
  await row.getByRole('link').click();
  const decision = office.locator('#decision');
  await expect(decision.getByRole('textbox')).toHaveCount(0);
  await decision.getByRole('link', { name: t('disputes.evidence_prepare') }).click();
  await expect(decision.getByText(t('disputes.evidence_final'))).toBeVisible();
  await expectNoSidewaysScroll(office);
  await expectAccessible(office);
  await decision.getByRole('link', { name: t('disputes.evidence_later') }).click();
  await expect(decision.getByText(t('disputes.evidence_final'))).toHaveCount(0);
  await decision.getByRole('link', { name: t('disputes.evidence_prepare') }).click();
  await decision.getByRole('textbox', { name: startsWith(t('disputes.evidence_words')) }).fill('Both were in the call for an hour.');
  await decision.getByRole('button', { name: t('disputes.evidence_send') }).click();
  await expect(office.getByText(t('site.saved'))).toBeVisible();
  await expect(decision.getByRole('link', { name: t('disputes.evidence_prepare') })).toHaveCount(0);
});
