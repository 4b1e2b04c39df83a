import type { Page } from '@playwright/test';
import { query } from '../support/database';
import { enter, expect, expectAccessible, expectNoSidewaysScroll } from '../support/fixtures';
import { LOGIN, test } from '../support/partners';
import { book, newStudent, newTutor } from '../support/people';
import type { Server } from '../support/server';
import { connect } from '../support/stand_in';
import { answerMeetings, atNow, join, later, LESSON, NOW, open, shows, startsWith } from '../support/steps';
import { clockIn, texts } from '../support/texts';
import { ZOOM_MEETINGS, type Zoom, type ZoomMeeting } from '../support/zoom';

const t = texts('en');
const ZONE = 'Europe/Paris';
const END = later(LESSON, 60);
/** When the meeting ends: 45 of 60 minutes are taught, and from 40 on the full price is due. */
const CUT = later(LESSON, 45);

/** A school whose lessons take place in accounts of tutors, and which pays them from two thirds of a lesson on. */
test.beforeEach(async ({ server }) => {
  await atNow({ server });
  await set(server, 'accepted_providers', ['zoom', 'google_meet']);
  await set(server, 'early_end_policy', 'min_payable');
});

/** Changes a setting of the platform. No page does: they are set where they are kept. */
async function set(server: Server, name: string, value: unknown): Promise<void> {
  await query(server.database, 'INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2', [name, JSON.stringify(value)]);
}

/** The part of the settings in which accounts are connected. */
const account = (page: Page, name: string) => page.locator('#video .account').filter({ hasText: name });

/** The choice of where lessons take place. */
const place = (page: Page, name: string) => page.getByRole('radio', { name: startsWith(name) });

/** Chooses where lessons take place, and saves it. */
async function choose(page: Page, name: string): Promise<void> {
  await open(page, '/tutor/settings');
  await place(page, name).check();
  await page.getByRole('button', { name: t('site.save'), exact: true }).click();
  await page.waitForURL(/saved=1/);
  await expect(place(page, name)).toBeChecked();
}

/** Disconnects an account, by the question that asks again. */
async function disconnect(page: Page, name: string): Promise<void> {
  await open(page, '/tutor/settings');
  await account(page, name).getByRole('link', { name: startsWith(t('diary.busy_disconnect')) }).click();
  const question = page.locator('dialog[open]');
  await expect(question).toContainText(t('video.disconnect_text', { name, login: LOGIN }));
  await question.getByRole('button', { name: t('diary.busy_disconnect') }).click();
  await page.waitForURL((url) => !url.searchParams.has('disconnect'));
}

/** The only meeting at Zoom. */
async function onlyMeeting(zoom: Zoom): Promise<ZoomMeeting> {
  const [meeting, ...others] = await zoom.meetings();
  if (!meeting || others.length > 0) throw new Error(`${others.length + (meeting ? 1 : 0)} meetings instead of one`);
  return meeting;
}

test('a lesson at Zoom ends early, is disputed and decided, and its tutor reads what is left', { tag: '@phone' }, async ({ page: desk, server, person, watch, zoom }) => {
  watch.allow(/status of 4(00|09)/);
  watch.allow(new RegExp(`request to another site: https://${ZOOM_MEETINGS}/`));
  const tutor = await newTutor(server, { zone: ZONE });
  const student = await newStudent(server, { zone: ZONE });
  const page = await person(student);
  const found = page.getByRole('link', { name: tutor.name, exact: true });
  const search = `/tutors?q=${encodeURIComponent(tutor.name)}`;

  // A tutor without an account is not found; who refuses the permission has connected nothing.
  await open(page, search);
  await expect(found).toHaveCount(0);
  await enter(desk.context(), server, tutor);
  await open(desk, '/tutor/settings');
  await connect(desk, t('video.connect', { name: t('video.zoom') }), LOGIN, false);
  await expect(desk.getByText(t('error.oauth_refused')).first()).toBeVisible();
  await connect(desk, t('video.connect', { name: t('video.zoom') }), LOGIN, true);
  await expect(account(desk, t('video.zoom'))).toContainText(t('video.works'));
  await expect(account(desk, t('video.zoom'))).toContainText(LOGIN);
  await expect(place(desk, t('video.zoom')), 'lessons take place there').toBeChecked();
  await expectNoSidewaysScroll(desk);
  await expectAccessible(desk);
  await open(page, search);
  await expect(found).toBeVisible();

  // A lesson gets a meeting there, and moves with its tutor to another provider and back.
  const { id } = await book(server, student, tutor, LESSON, 'pm_card_visa');
  await server.tick();
  const ready = (name: string) => desk.getByText(t('video.meeting_ready', { name: t(name) }));
  await open(desk, `/lessons/${id}`);
  await expect(ready('video.zoom')).toBeVisible();
  await open(desk, '/tutor/settings');
  await connect(desk, t('video.connect', { name: t('video.google_meet') }), LOGIN, true);
  await choose(desk, t('video.google_meet'));
  await server.tick();
  await open(desk, `/lessons/${id}`);
  await expect(ready('video.google_meet')).toBeVisible();
  expect(await zoom.meetings(), 'none is left behind').toEqual([]);
  await disconnect(desk, t('video.google_meet'));
  await expect(account(desk, t('video.google_meet'))).toContainText(t('video.none'));
  await expect(place(desk, t('video.zoom'))).toBeChecked();
  await server.tick();
  await open(desk, `/lessons/${id}`);
  await expect(ready('video.zoom')).toBeVisible();

  // The last place cannot be taken away.
  await disconnect(desk, t('video.zoom'));
  await expect(desk.getByText(t('error.provider_last')).first()).toBeVisible();
  await expect(account(desk, t('video.zoom'))).toContainText(t('video.works'));
  await expectNoSidewaysScroll(desk);
  await expectAccessible(desk);

  // Both come to the same meeting.
  await server.setClock(LESSON);
  const meeting = await onlyMeeting(zoom);
  for (const side of [page, desk]) {
    await open(side, `/lessons/${id}`);
    await answerMeetings(side, ZOOM_MEETINGS);
    expect(await join(side, t, ZOOM_MEETINGS)).toBe(meeting.join_url);
  }
  await zoom.tellJoined(server, meeting, { owner: LOGIN }, LESSON);
  await zoom.tellJoined(server, meeting, { guest: student.email }, LESSON);

  // Zoom says that it ended; that stands in the evidence at once, and settles nothing before the scheduled end.
  await server.setClock(CUT);
  await zoom.tellEnded(server, meeting, CUT);
  const evidence = page.locator('.trail').filter({ hasText: t('lesson.attendance_ended') });
  await shows(page, evidence.first());
  await expect(evidence.first()).toContainText(t('video.zoom'));
  await server.setClock(END);
  await server.tick();
  await open(page, `/lessons/${id}/charge`);
  const minutes = (count: number) => t('time.minutes', { count });
  const told = { ended: clockIn('en', ZONE, CUT), taught: minutes(45), least: minutes(40), amount: '€30.00' };
  await expect(page.getByText(t('charge.rule_nearly_payable', told))).toBeVisible();
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);

  // The student disputes it, and an admin gives a third back.
  await open(page, `/lessons/${id}`);
  await page.getByRole('link', { name: t('dispute.open') }).click();
  await page.getByRole('radio', { name: t('dispute.cut_short') }).check();
  await page.getByRole('textbox', { name: startsWith(t('dispute.statement')) }).fill('A quarter of it is missing.');
  await page.getByRole('button', { name: t('dispute.send') }).click();
  await expect(page).toHaveURL(new RegExp(`/lessons/${id}#dispute$`));
  const office = await person('admin');
  await open(office, '/admin/disputes');
  await office.getByRole('row').filter({ hasText: student.name }).getByRole('link').click();
  await expect(office.locator('#case')).toContainText(t('lesson.attendance_ended'));
  const decide = office.locator('#decision');
  await decide.getByRole('radio', { name: t('disputes.partial'), exact: true }).check();
  await decide.getByRole('textbox', { name: startsWith(t('disputes.amount', { currency: 'EUR' })) }).fill('10');
  await decide.getByRole('button', { name: t('disputes.weigh') }).click();
  const follows = office.locator('#consequences');
  await follows.getByRole('textbox', { name: startsWith(t('disputes.note')) }).fill('The meeting ended before its time.');
  await follows.getByRole('button', { name: t('disputes.send') }).click();
  await expect(office.locator('#case').getByText(t('dispute.given_back', { amount: '€10.00' }))).toBeVisible();
  await server.tick();

  // The student reads the decision and every line of the ledger.
  const dispute = page.locator('#dispute');
  await shows(page, dispute.getByText(t('dispute.given_back', { amount: '€10.00' })));
  await expect(dispute).toContainText('The meeting ended before its time.');
  const ledger = page.getByRole('table', { name: t('charge.ledger_title') });
  await shows(page, ledger.getByText(t('charge.event_refunded')).first());
  await expect(ledger.locator('tbody tr')).toHaveCount(8);
  for (const sum of ['€30.00', '€27.00', '€3.00', '€10.00', '€9.00', '€1.00']) await expect(ledger).toContainText(sum);
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);

  // The statement of the tutor says what is left of it, on the page and as a file.
  await open(desk, '/tutor/earnings');
  const row = desk.locator('#statement').getByRole('row').filter({ hasText: student.name });
  for (const sum of ['€30.00', '€3.00', '€18.00']) await expect(row).toContainText(sum);
  await expect(row).toContainText(t('earnings.given_back', { amount: '€9.00' }));
  await expect(row).toContainText(t('earnings.is_held'));
  await expect(desk.locator('#statement')).toContainText(t('earnings.total', { amount: '€18.00' }));
  await expectNoSidewaysScroll(desk);
  await expectAccessible(desk);
  const file = await desk.request.get('/tutor/earnings/statement.csv?month=2027-03');
  expect(await file.text()).toContain(`${student.name},EUR,30.00,3.00,27.00,9.00,held,`);
});

test('who removes the app at Zoom is told, and connects it again', { tag: ['@phone', '@plain'] }, async ({ page, server, zoom }) => {
  const tutor = await newTutor(server, { zone: ZONE });
  const name = t('video.zoom');
  await enter(page.context(), server, tutor);
  await open(page, '/tutor/settings');
  await connect(page, t('video.connect', { name }), LOGIN, true);
  const removed = later(NOW, 5);
  await server.setClock(removed);
  await zoom.tellRemoved(server, LOGIN, removed);
  await server.tick();
  await open(page, '/notices');
  await page.getByRole('button', { name: new RegExp(t('notices.permission_ended')) }).click();
  await page.waitForURL(/\/tutor\/settings/);
  await expect(account(page, name)).toContainText(t('video.lost'));
  await expect(page.getByText(t('video.refused', { name }))).toBeVisible();
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
  // The stand-in remembers who is signed in and what was permitted, and asks nothing.
  await page.getByRole('link', { name: t('video.again', { name }), exact: true }).click();
  await page.waitForURL(/saved=1/);
  await expect(account(page, name)).toContainText(t('video.works'));
  await expect(page.getByText(t('video.refused', { name }))).toHaveCount(0);
});
