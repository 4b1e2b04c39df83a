import { expect, expectAccessible, expectNoSidewaysScroll, test } from '../support/fixtures';
import { book, call, newStudent, newTutor, tokenOf, type Account, type Tutor } from '../support/people';
import type { Server } from '../support/server';
import { atNow, later, LESSON, open, shows } from '../support/steps';
import { texts } from '../support/texts';

const t = texts('en');
const END = later(LESSON, 60);
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
