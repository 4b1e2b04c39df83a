import { expect, expectAccessible, expectNoSidewaysScroll, test } from '../support/fixtures';
import { begin, bubble, field, follow, look, talking, told, write } from '../support/chat';
import { newStudent, newTutor } from '../support/people';
import { atNow, loads, open, withScripts } from '../support/steps';
import { texts } from '../support/texts';

const t = texts('en');
test.beforeEach(atNow);

/** A picture of one pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const SHEET = Buffer.from('%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF');

test('a picture and a sheet are sent, and the other opens them @phone @plain', async ({ server, person, watch }) => {
  watch.allow(/status of 400/);
  const [tutor, student] = [await newTutor(server), await newStudent(server)];
  const [one, other] = [await person(student), await person(tutor)];
  await begin(one, tutor);
  await write(one, 'Here is my exercise');
  await follow(other, student);
  const send = async (name: string, mimeType: string, buffer: Buffer, caption: string): Promise<void> => {
    await one.getByText(t('chat.attach'), { exact: true }).click();
    await one.locator('input[type=file]').setInputFiles({ name, mimeType, buffer });
    await one.getByLabel(t('chat.caption')).fill(caption);
    await loads(one, () => one.getByRole('button', { name: t('chat.file_send') }).click());
    await expect(bubble(one, caption)).toHaveCount(1);
  };
  await send('board.png', 'image/png', PIXEL, 'My board');
  await send('sheet.pdf', 'application/pdf', SHEET, 'My sheet');
  // A picture needs no words.
  const alone = { name: t('chat.image', { name: 'alone.png' }) };
  await one.getByText(t('chat.attach'), { exact: true }).click();
  await one.locator('input[type=file]').setInputFiles({ name: 'alone.png', mimeType: 'image/png', buffer: PIXEL });
  await one.getByRole('button', { name: t('chat.file_send') }).click();
  await expect(one.getByRole('img', alone)).toHaveCount(1);

  await look(other);
  const picture = bubble(other, 'My board').getByRole('img', { name: t('chat.image', { name: 'board.png' }) });
  await expect(picture).toBeVisible();
  if (withScripts()) await expect(picture).toHaveJSProperty('naturalWidth', 1);
  await expect(other.getByRole('img', alone)).toBeVisible();
  const link = bubble(other, 'My sheet').getByRole('link', { name: 'sheet.pdf' });
  const [download] = await Promise.all([other.waitForEvent('download'), link.click()]);
  expect(download.suggestedFilename()).toBe('sheet.pdf');
  await expectAccessible(other);
  await expectNoSidewaysScroll(other);

  // What a file is, its content says: a page that calls itself a picture is none.
  await one.getByText(t('chat.attach'), { exact: true }).click();
  const page = { name: 'board.png', mimeType: 'image/png', buffer: Buffer.from('<script>alert(1)</script>') };
  await one.locator('input[type=file]').setInputFiles(page);
  await one.getByRole('button', { name: t('chat.file_send') }).click();
  await expect(one.locator('#file-error')).not.toBeEmpty();
  await expect(told(one)).toHaveText(['Here is my exercise', 'My board', 'My sheet']);
});

test('what was said is found again, and shown in its place @plain', async ({ server, person }) => {
  const { one, other } = await talking(server, person);
  for (const text of ['Bring the Café case', 'And the statute', 'See you on Thursday']) await write(other, text);
  await expect(told(other)).toHaveCount(4);
  await one.reload();
  const search = one.getByRole('searchbox', { name: t('chat.search') });
  await search.fill('cafe case');
  await search.press('Enter');
  await expect(one.locator('.chat-found .chat-text')).toHaveText(['Bring the Café case']);
  await expectAccessible(one);
  await one.getByRole('link', { name: t('chat.search_show') }).click();
  await one.waitForURL(/\/messages\/[^/]+\?at=/);
  await expect(bubble(one, 'Bring the Café case')).toBeInViewport();

  await one.getByRole('searchbox', { name: t('chat.search') }).fill('tort');
  await one.getByRole('searchbox', { name: t('chat.search') }).press('Enter');
  await expect(one.getByText(t('chat.search_none', { text: 'tort' }))).toBeVisible();
});

test('who is insulted blocks and reports, and an admin decides @plain', async ({ server, person }) => {
  const { one, other, tutor, student } = await talking(server, person);
  await write(one, 'You are a fool');
  await expect(told(one)).toHaveText(['Hello', 'You are a fool']);
  await look(other);
  await bubble(other, 'You are a fool').getByRole('link', { name: t('safety.report') }).click();
  await expect(other.getByRole('heading', { level: 1 })).toHaveText(t('safety.report_message', { name: student.name }));
  await expectAccessible(other);
  await other.getByRole('radio', { name: t('safety.harassment') }).check();
  await other.getByRole('button', { name: t('safety.send') }).click();
  await expect(other.getByText(t('safety.reported'))).toBeVisible();

  await other.getByRole('link', { name: t('safety.open') }).click();
  await other.getByRole('button', { name: t('safety.block', { name: student.name }) }).click();
  await expect(other.getByRole('button', { name: t('safety.unblock', { name: student.name }) })).toBeVisible();
  await open(one, new URL(one.url()).pathname);
  await expect(one.getByText(t('safety.blocked', { name: tutor.name }))).toBeVisible();
  await expect(field(one)).toHaveCount(0);

  const admin = await person('admin');
  await open(admin, '/admin/moderation');
  const report = admin.locator('[id^=report-]').filter({ hasText: t('moderation.about_message', { name: student.name }) });
  await expect(report.locator('[data-reported]')).toContainText('You are a fool');
  await expectAccessible(admin);
  await report.getByLabel(t('moderation.why')).fill('An insult');
  await report.getByRole('button', { name: t('moderation.remove') }).click();
  await expect(report).toHaveCount(0);

  await open(one, new URL(one.url()).pathname);
  await expect(bubble(one, t('chat.removed'))).toBeVisible();
  await expect(one.getByText('You are a fool')).toHaveCount(0);
  await expectNoSidewaysScroll(one);
});
