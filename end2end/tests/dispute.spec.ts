import { expect, expectAccessible, expectNoSidewaysScroll, test } from '../support/fixtures';
import { book, call, newStudent, newTutor, tokenOf } from '../support/people';
import { atNow, later, LESSON, open, shows, startsWith } from '../support/steps';
import { texts } from '../support/texts';

const t = texts('en');
const fr = texts('fr');
const END = later(LESSON, 60);
test.beforeEach(atNow);

test('a lesson is disputed, answered and decided, and both read what moved', { tag: ['@phone', '@plain'] }, async ({ server, person, watch }) => {
  watch.allow(/status of 400/);
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
  await open(desk, `/lessons/${id}`);
  await open(office, '/admin/disputes');
  const row = office.getByRole('row').filter({ hasText: student.name });
  await expect(row).toHaveCount(0);

  // The student says what is wrong, on a page of its own.
  await open(page, `/lessons/${id}`);
  await page.getByRole('link', { name: t('dispute.open') }).click();
  await expect(page).toHaveURL(new RegExp(`/lessons/${id}/dispute$`));
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
  await page.getByRole('radio', { name: t('dispute.cut_short') }).check();
  await page.getByRole('textbox', { name: startsWith(t('dispute.statement')) }).fill('Forty minutes only.\nThen the line was dead.');
  await page.getByRole('button', { name: t('dispute.send') }).click();
  await expect(page).toHaveURL(new RegExp(`/lessons/${id}#dispute$`));
  const dispute = page.locator('#dispute');
  await expect(dispute.getByText(t('dispute.state_open'))).toBeVisible();
  await expect(dispute).toContainText('Then the line was dead.');
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);

  // The tutor reads it at once, in French, and answers; the student sees the answer.
  const read = desk.locator('#dispute');
  await shows(desk, read.getByText(fr('dispute.cut_short')));
  await expect(read).toContainText('Forty minutes only.');
  const answer = desk.locator('#dispute-answer').getByRole('textbox');
  await answer.fill('Fifty, and I stayed in the room.');
  await desk.getByRole('button', { name: fr('dispute.answer_send'), exact: true }).click();
  await expect(read).toContainText('Fifty, and I stayed in the room.');
  await expect(answer).toHaveValue('');
  await shows(page, dispute.getByText('Fifty, and I stayed in the room.'));

  // The admin sees it come, reads everything beside each other, and gives a part back.
  await shows(office, row);
  await row.getByRole('link').click();
  await expect(office.locator('#case')).toContainText('Forty minutes only.');
  await expect(office.locator('#case')).toContainText(t('lesson.attendance_joined', { name: tutor.name }));
  await expectNoSidewaysScroll(office);
  await expectAccessible(office);
  const decide = office.locator('#decision');
  await decide.getByRole('radio', { name: t('disputes.partial'), exact: true }).check();
  const amount = decide.getByRole('textbox', { name: startsWith(t('disputes.amount', { currency: 'EUR' })) });
  await amount.fill('30.01');
  await decide.getByRole('button', { name: t('disputes.weigh') }).click();
  await expect(decide.getByText(t('error.refund_too_much')).first()).toBeVisible();
  await amount.fill('10');
  await decide.getByRole('button', { name: t('disputes.weigh') }).click();

  // Nothing has moved yet: the page says what would, and asks why.
  const follows = office.locator('#consequences');
  await expect(follows).toContainText(`${t('disputes.student_gets')}€10.00`);
  await expect(follows).toContainText(`${t('disputes.tutor_bears')}€9.00`);
  await expect(follows).toContainText(`${t('disputes.platform_bears')}€1.00`);
  await expect(dispute.getByText(t('dispute.state_open'))).toBeVisible();
  await expectNoSidewaysScroll(office);
  await expectAccessible(office);
  await follows.getByRole('textbox', { name: startsWith(t('disputes.note')) }).fill('A third was lost.');
  await follows.getByRole('button', { name: t('disputes.send') }).click();
  await expect(office.locator('#case').getByText(t('dispute.given_back', { amount: '€10.00' }))).toBeVisible();
  await expect(follows).toHaveCount(0);

  // Both read the decision, and once the money is on its way the lines of the ledger.
  await shows(page, dispute.getByText(t('dispute.given_back', { amount: '€10.00' })));
  await shows(desk, read.getByText(fr('dispute.given_back', { amount: '10,00\u00a0€' })));
  await expect(answer).toHaveCount(0);
  await server.tick();
  for (const [side, words] of [[page, t], [desk, fr]] as const) {
    const ledger = side.getByRole('table', { name: words('charge.ledger_title') });
    await shows(side, ledger.getByText(words('charge.event_refunded')).first());
    await expect(ledger.locator('tbody tr')).toHaveCount(8);
  }
  await expect(dispute).toContainText('A third was lost.');
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
});

test('who comes too late, and who has no part in it, disputes nothing', { tag: '@plain' }, async ({ server, person, watch }) => {
  watch.allow(/status of 4(03|09)/);
  const tutor = await newTutor(server);
  const student = await newStudent(server);
  const { id } = await book(server, student, tutor, LESSON, 'pm_card_visa');
  const page = await person(student);
  const link = page.getByRole('link', { name: t('dispute.open') });
  await open(page, `/lessons/${id}`);
  await expect(link, 'before it has an outcome').toHaveCount(0);
  await server.setClock(END);
  await server.tick();
  await open(page, `/lessons/${id}`);
  await link.click();
  const statement = page.getByRole('textbox', { name: startsWith(t('dispute.statement')) });
  await page.getByRole('radio', { name: t('dispute.not_held') }).check();
  await statement.fill('Nobody was there.');
  await server.setClock(later(END, 72 * 60 + 1));
  await page.getByRole('button', { name: t('dispute.send') }).click();
  await expect(page.getByText(t('error.dispute_window')).first()).toBeVisible();
  await open(page, `/lessons/${id}`);
  await expect(link).toHaveCount(0);
  await open(page, '/admin/disputes');
  await expect(page.getByText(t('error.forbidden')).first()).toBeVisible();
});
