import { expect, expectAccessible, expectNoSidewaysScroll, test } from '../support/fixtures';
import { book, call, newStudent, newTutor, tokenOf, type Account, type Tutor } from '../support/people';
import type { Server } from '../support/server';
import { atNow, later, LESSON, open, shows, startsWith } from '../support/steps';
import { texts } from '../support/texts';

const t = texts('en');
const END = later(LESSON, 60);
/** Just after the end of the dispute window: 72 hours. */
const PAYDAY = later(END, 72 * 60 + 1);
test.beforeEach(atNow);

/** An hour for 30 EUR to which both came, and which is over. */
async function taught(server: Server, student: Account, tutor: Tutor, card: string): Promise<string> {
  const { id } = await book(server, student, tutor, LESSON, card);
  await server.setClock(LESSON);
  for (const who of [student, tutor]) {
    await call(server, 'POST', `/api/v2/bookings/${id}/join`, {}, await tokenOf(server, who));
  }
  await server.setClock(END);
  await server.tick();
  return id;
}

test('a tutor sets up payouts, is paid after the window, and keeps the statement', { tag: '@phone' }, async ({ server, person, watch }) => {
  // The provider's page has no icon.
  watch.allow(/favicon\.ico/);
  const tutor = await newTutor(server);
  const student = await newStudent(server);
  await taught(server, student, tutor, 'pm_card_visa');
  const [desk, office] = [await person(tutor), await person('admin')];

  // Nobody can be paid without an account: the admin sees for what the money waits.
  await server.setClock(PAYDAY);
  await open(office, `/admin/payouts/${tutor.id}`);
  await expect(office.getByRole('heading', { level: 1 })).toHaveText(t('payouts.of_tutor', { name: tutor.name }));
  await expect(office.getByText(t('payouts.account_missing')).first()).toBeVisible();
  const line = office.getByRole('row').filter({ hasText: student.name });
  await expect(line).toContainText('€27.00');
  await expect(line).toContainText(t('earnings.is_payable'));
  await expectNoSidewaysScroll(office);
  await expectAccessible(office);

  // The tutor gives the provider what it asks for, on its own page, and comes back.
  await open(desk, '/tutor/earnings');
  await desk.getByRole('button', { name: t('earnings.set_up') }).click();
  await desk.getByRole('button', { name: startsWith('Complete') }).click();
  await expect(desk).toHaveURL(/\/tutor\/earnings\?onboarding=done$/);
  await expect(desk.getByText(t('earnings.ready'), { exact: true })).toBeVisible();

  // What was sent is there without a reload, on both pages.
  await server.tick();
  const earnings = desk.locator('#earnings');
  await shows(desk, earnings.getByText(t('earnings.payout_paid')).first());
  await expect(earnings.getByRole('row').filter({ hasText: student.name })).toContainText('€27.00');
  await expect(earnings.getByRole('link', { name: 'March 2027' }), 'the month that is shown').toHaveCount(0);
  await expect(earnings.getByRole('link', { name: 'April 2027' }), 'a month to come').toHaveCount(0);
  await expect(earnings.getByRole('link', { name: 'February 2027' })).toBeVisible();
  await expectNoSidewaysScroll(desk);
  await expectAccessible(desk);
  const file = await desk.request.get('/tutor/earnings/statement.csv?month=2027-03');
  expect(await file.text()).toContain(`${student.name},EUR,30.00,3.00,27.00,0.00,paid,`);
  await shows(office, line.getByText(t('earnings.is_paid')));
});

test('an admin forgives a debt, and its student can book again', { tag: '@plain' }, async ({ server, person, watch }) => {
  watch.allow(/status of 400/);
  const tutor = await newTutor(server);
  const student = await newStudent(server);
  const id = await taught(server, student, tutor, 'pm_card_chargeCustomerFail');
  const [page, office] = [await person(student), await person('admin')];
  await open(page, `/lessons/${id}/charge`);
  await expect(page.getByText(t('charge.owed_student'))).toBeVisible();

  await open(office, '/admin/payouts');
  const row = office.locator('#debts').getByRole('row').filter({ hasText: student.name });
  await expect(row).toContainText('€30.00');
  await row.getByRole('link').click();
  await office.getByRole('link', { name: t('charge.forgive') }).click();
  const dialog = office.getByRole('dialog', { name: t('charge.forgive_title') });
  await expect(dialog).toContainText(t('charge.forgive_text', { amount: '€30.00', payout: '€27.00' }));
  await expectNoSidewaysScroll(office);
  await expectAccessible(office);
  await dialog.getByRole('textbox').fill('Your tutor was not at fault, and neither were you.');
  await dialog.getByRole('button', { name: t('charge.forgive') }).click();
  await expect(office.getByText(t('charge.forgiven_text'))).toBeVisible();

  await shows(page, page.getByText(t('charge.forgiven_text')));
  await expect(page.locator('#charge')).toContainText('neither were you');
  await expectAccessible(page);
  await book(server, student, tutor, later(LESSON, 24 * 60));
});
