import type { Locator, Page } from '@playwright/test';
import { expect, expectAccessible, expectNoSidewaysScroll, hydrated, test } from '../support/fixtures';
import { newStudent, newTutor, type Account, type Tutor } from '../support/people';
import { atNow, open, startsWith, withScripts } from '../support/steps';
import { texts } from '../support/texts';

const t = texts('en');
test.beforeEach(atNow);

const bubble = (page: Page, text: string): Locator => page.locator('.chat-bubble').filter({ hasText: text });

async function write(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: startsWith(t('chat.message')) }).fill(text);
  await page.getByRole('button', { name: t('chat.send'), exact: true }).click();
}

/** The student opens the conversation from the tutor's page. */
async function begin(page: Page, tutor: Tutor): Promise<void> {
  await open(page, `/tutors/${tutor.slug}`);
  await page.getByRole('button', { name: t('chat.write') }).click();
  await page.waitForURL(/\/messages\/[^/]+$/);
  await hydrated(page);
}

/** The tutor finds the conversation in the list. */
async function follow(page: Page, student: Account): Promise<void> {
  await open(page, '/messages');
  await page.getByRole('link', { name: student.name }).click();
  await page.waitForURL(/\/messages\/[^/]+$/);
  await hydrated(page);
}

/** Without scripts a page is as it was until it is loaded again. */
const look = async (page: Page): Promise<void> => {
  if (!withScripts()) await page.reload();
};

test('two people write to each other, and each sees it arrive @phone @plain', async ({ server, person }) => {
  const [tutor, student] = [await newTutor(server), await newStudent(server)];
  const [one, other] = [await person(student), await person(tutor)];
  await begin(one, tutor);
  await write(one, 'Hello, shall we look at contracts?');
  await expect(bubble(one, 'shall we look at contracts?')).toContainText(t('chat.sent'));

  await follow(other, student);
  await expect(bubble(other, 'shall we look at contracts?')).toBeVisible();
  await look(one);
  await expect(bubble(one, 'shall we look at contracts?')).toContainText(t('chat.read'));
  await write(other, 'Gladly. Call me: 06 12 34 56 78');
  await expect(bubble(other, 'Call me: •••')).toContainText(t('chat.masked_own'));
  await look(one);
  await expect(bubble(one, 'Call me: •••')).toHaveCount(1);
  if (withScripts()) {
    await expect(one.getByRole('status').filter({ hasText: `${tutor.name}: Gladly.` })).toHaveCount(1);
  }
  await expectAccessible(one);
  await expectNoSidewaysScroll(one);
});

test('what waits to be read is counted in the navigation, until it is read', async ({ server, person }) => {
  const [tutor, student] = [await newTutor(server), await newStudent(server)];
  const [one, other] = [await person(student), await person(tutor)];
  const link = other.getByRole('navigation', { name: t('site.main_nav') }).getByRole('link', { name: t('chat.title') });
  await expect(link).toHaveText(t('chat.title'));
  await hydrated(other);
  await begin(one, tutor);
  await write(one, 'Hello');
  await expect(link).toHaveText(`${t('chat.title')}1`);
  await write(one, 'Are you there?');
  await expect(link).toHaveText(`${t('chat.title')}2`);
  await follow(other, student);
  await expect(link).toHaveText(t('chat.title'));
});

test('a message that is sent without a connection is kept, and sent once', async ({ server, person, watch }) => {
  watch.allow(/ERR_INTERNET_DISCONNECTED/);
  const [tutor, student] = [await newTutor(server), await newStudent(server)];
  const [one, other] = [await person(student), await person(tutor)];
  await begin(one, tutor);
  await write(one, 'Hello');
  await expect(bubble(one, 'Hello')).toBeVisible();
  await follow(other, student);
  await hydrated(one);
  await one.context().setOffline(true);
  await write(one, 'Written in a tunnel');
  await expect(one.getByRole('alert').filter({ hasText: t('site.unreachable') })).toBeVisible();
  await expect(one.getByRole('textbox', { name: startsWith(t('chat.message')) })).toHaveValue('Written in a tunnel');
  await one.context().setOffline(false);
  await one.getByRole('button', { name: t('chat.send'), exact: true }).click();
  await expect(bubble(other, 'Written in a tunnel')).toHaveCount(1);
  await expect(bubble(one, 'Written in a tunnel')).toHaveCount(1);
});
