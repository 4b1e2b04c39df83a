import type { Locator, Page } from '@playwright/test';
import { expect, hydrated, type Server } from './fixtures';
import { newStudent, newTutor, type Account, type Tutor } from './people';
import { open, startsWith, withScripts } from './steps';
import { texts } from './texts';

const t = texts('en');

/** A message on the page. */
export const bubble = (page: Page, text: string): Locator => page.locator('.chat-bubble').filter({ hasText: text });

/** Where the next message is written. */
export const field = (page: Page): Locator => page.getByRole('textbox', { name: startsWith(t('chat.message')) });

/** What the server shows of the conversation, oldest first. */
export const told = (page: Page): Locator => page.locator('#conversation .chat-text');

/** Writes a message and sends it. */
export async function write(page: Page, text: string): Promise<void> {
  await field(page).fill(text);
  await page.getByRole('button', { name: t('chat.send'), exact: true }).click();
}

/** The student opens the conversation from the tutor's page. */
export async function begin(page: Page, tutor: Tutor): Promise<void> {
  await open(page, `/tutors/${tutor.slug}`);
  await page.getByRole('button', { name: t('chat.write') }).click();
  await page.waitForURL(/\/messages\/[^/]+$/);
  await hydrated(page);
}

/** The tutor finds the conversation in the list. */
export async function follow(page: Page, student: Account): Promise<void> {
  await open(page, '/messages');
  await page.getByRole('link', { name: student.name }).click();
  await page.waitForURL(/\/messages\/[^/]+$/);
  await hydrated(page);
}

/** Without scripts a page is as it was until it is loaded again. */
export const look = async (page: Page): Promise<void> => {
  if (!withScripts()) await page.reload();
};

/** Two people with the conversation open, each in a browser of their own. */
export async function talking(server: Server, person: (who: Account) => Promise<Page>): Promise<{ one: Page; other: Page; tutor: Tutor; student: Account }> {
  const [tutor, student] = [await newTutor(server), await newStudent(server)];
  const [one, other] = [await person(student), await person(tutor)];
  await begin(one, tutor);
  await write(one, 'Hello');
  await expect(told(one)).toHaveText(['Hello']);
  await follow(other, student);
  await expect(told(other)).toHaveText(['Hello']);
  return { one, other, tutor, student };
}
