import type { Page } from '@playwright/test';
import type { Who } from './fixtures';

/** A main page: its name in reports and pictures, how to get there, and who may see it. */
export interface MainPage {
  name: string;
  path: (page: Page) => Promise<string> | string;
  who?: Who;
}

/** The first address in a page's HTML that matches, read without the browser. */
async function firstLink(page: Page, from: string, pattern: RegExp): Promise<string> {
  const html = await (await page.request.get(from)).text();
  const link = [...html.matchAll(/href="([^"]+)"/g)].map((match) => match[1] ?? '').find((href) => pattern.test(href));
  if (!link) throw new Error(`no link like ${pattern} on ${from}`);
  return link;
}

export const profile = (page: Page): Promise<string> => firstLink(page, '/tutors', /^\/tutors\/[^/?#]+$/);

/** Every main page of the product. A new page is a new row. */
export const mainPages: MainPage[] = [
  { name: 'home', path: () => '/' },
  { name: 'tutors', path: () => '/tutors' },
  { name: 'tutor', path: profile },
  { name: 'login', path: () => '/login' },
  { name: 'signup', path: () => '/signup' },
  { name: 'privacy', path: () => '/privacy' },
  { name: 'legal', path: () => '/legal' },
  { name: 'components', path: () => '/dev/components' },
  { name: 'not-found', path: () => '/no-such-page' },
  { name: 'student-dashboard', path: () => '/dashboard', who: 'student' },
  { name: 'lesson', path: (page) => firstLink(page, '/dashboard', /^\/lessons\/[^/?#]+$/), who: 'student' },
  { name: 'student-settings', path: () => '/settings', who: 'student' },
  { name: 'tutor-console', path: () => '/tutor', who: 'tutor' },
];
