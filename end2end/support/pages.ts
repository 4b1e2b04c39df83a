import type { Page } from '@playwright/test';
import type { Who } from './fixtures';

/** A main page: its name in reports and pictures, how to get there, and who may see it. */
export interface MainPage {
  name: string;
  path: (page: Page) => Promise<string> | string;
  who?: Who;
  /** With which status it answers; 200 where nothing is said. */
  status?: number;
}

/** The first address in a page's HTML that matches, read without the browser. */
async function firstLink(page: Page, from: string, pattern: RegExp): Promise<string> {
  const html = await (await page.request.get(from)).text();
  const link = [...html.matchAll(/href="([^"]+)"/g)].map((match) => match[1] ?? '').find((href) => pattern.test(href));
  if (!link) throw new Error(`no link like ${pattern} on ${from}`);
  return link.replaceAll('&amp;', '&');
}

export const profile = (page: Page): Promise<string> => firstLink(page, '/tutors', /^\/tutors\/[^/?#]+$/);
const lesson = (page: Page): Promise<string> => firstLink(page, '/dashboard', /^\/lessons\/[^/?#]+$/);

/** Every main page of the product. A new page is a new row. */
export const mainPages: MainPage[] = [
  { name: 'home', path: () => '/' },
  { name: 'tutors', path: () => '/tutors' },
  { name: 'tutors-none', path: () => '/tutors?q=nobody+of+this+name' },
  { name: 'tutor', path: profile },
  { name: 'tutor-week', path: async (page) => `${await profile(page)}?view=week` },
  { name: 'login', path: () => '/login' },
  { name: 'signup', path: () => '/signup' },
  { name: 'privacy', path: () => '/privacy' },
  { name: 'legal', path: () => '/legal' },
  { name: 'components', path: () => '/dev/components' },
  { name: 'not-found', path: () => '/no-such-page', status: 404 },
  { name: 'book', path: (page) => firstLink(page, '/tutors', /^\/book\/.*start=/), who: 'student' },
  { name: 'student-dashboard', path: () => '/dashboard', who: 'student' },
  { name: 'lesson', path: lesson, who: 'student' },
  { name: 'lesson-cancel', path: async (page) => `${await lesson(page)}?cancel=1`, who: 'student' },
  { name: 'charge', path: async (page) => `${await lesson(page)}/charge`, who: 'student' },
  { name: 'reschedule', path: async (page) => `${await lesson(page)}/reschedule`, who: 'student' },
  { name: 'messages', path: () => '/messages', who: 'student' },
  { name: 'conversation', path: (page) => firstLink(page, '/messages', /^\/messages\/[^/?#]+$/), who: 'student' },
  { name: 'notices', path: () => '/notices', who: 'student' },
  { name: 'student-settings', path: () => '/settings', who: 'student' },
  { name: 'tutor-console', path: () => '/tutor', who: 'tutor' },
  { name: 'tutor-requests', path: () => '/tutor/requests', who: 'tutor' },
  { name: 'tutor-hours', path: () => '/tutor/availability', who: 'tutor' },
  { name: 'tutor-offerings', path: () => '/tutor/offerings', who: 'tutor' },
  { name: 'tutor-earnings', path: () => '/tutor/earnings', who: 'tutor' },
  { name: 'tutor-attendance', path: () => '/tutor/attendance', who: 'tutor' },
  { name: 'tutor-profile', path: () => '/tutor/profile', who: 'tutor' },
  { name: 'tutor-rules', path: () => '/tutor/settings', who: 'tutor' },
  { name: 'admin', path: () => '/admin', who: 'admin' },
  { name: 'disputes', path: () => '/admin/disputes', who: 'admin' },
  { name: 'reconciliation', path: () => '/admin/reconciliation', who: 'admin' },
  { name: 'moderation', path: () => '/admin/moderation', who: 'admin' },
  { name: 'admin-attendance', path: () => '/admin/attendance', who: 'admin' },
  { name: 'payouts', path: () => '/admin/payouts', who: 'admin' },
  { name: 'payouts-foreseen', path: () => '/admin/payouts?state=foreseen', who: 'admin' },
  { name: 'payouts-tutor', path: (page) => firstLink(page, '/admin/payouts?state=paid', /^\/admin\/payouts\/[^/?#]+$/), who: 'admin' },
];
