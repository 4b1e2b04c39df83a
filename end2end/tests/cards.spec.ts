import type { Page } from '@playwright/test';
import { expect, expectAccessible, expectNoSidewaysScroll, hydrated, test, type Server } from '../support/fixtures';
import { answerBank, cardField, CARDS, payWith, typeCard } from '../support/cards';
import { query } from '../support/database';
import { call, newStudent, newTutor, tokenOf, type Account, type Tutor } from '../support/people';
import { atNow, bookingId, confirmBooking, figures, later, LESSON, open, openDay, slot, withScripts } from '../support/steps';
import { clockIn, languageOf, texts, type Texts } from '../support/texts';

const ZONE = 'Europe/Madrid';
const t = texts('en');
test.use({ timezoneId: ZONE });
test.beforeEach(atNow);

/** Opens the form for a new card in the settings. */
async function addCard(page: Page, words: Texts): Promise<void> {
  await open(page, '/settings');
  await page.locator('#cards summary').filter({ hasText: words('cards.add') }).click();
}

/** Holds the hour of `start` and waits for the page of its details. */
async function hold(page: Page, tutor: Tutor, start = LESSON): Promise<void> {
  await open(page, `/tutors/${tutor.slug}`);
  await (await openDay(page, ZONE, start)).click();
  await page.waitForURL(/hold=/);
  await hydrated(page);
}

/** Presses the button with the card that is chosen or typed; answers the booking. */
async function books(page: Page): Promise<string> {
  await page.getByRole('button', { name: t('booking.confirm') }).click();
  await page.waitForURL(/\/lessons\/[0-9a-f-]{36}$/);
  await hydrated(page);
  return bookingId(page);
}

/** Both come to the lesson, it ends, and what is due is charged. */
async function teach(server: Server, student: Account, tutor: Tutor, id: string): Promise<void> {
  await server.setClock(LESSON);
  for (const who of [student, tutor]) {
    await call(server, 'POST', `/api/v2/bookings/${id}/join`, {}, await tokenOf(server, who));
  }
  await server.setClock(later(LESSON, 60));
  await server.tick();
}

const save = (page: Page, words: Texts) => page.getByRole('button', { name: words('cards.save') });
const trouble = (page: Page, sentence: string) => page.locator('.card-form [role=alert]').filter({ hasText: sentence });

for (const locale of ['en-GB', 'fr-FR']) {
  test.describe(`in ${locale}`, () => {
    test.use({ locale });
    const language = languageOf(locale);
    const words = texts(language);
    const refused = { en: 'Your card has insufficient funds.', fr: 'Votre carte ne dispose pas de fonds suffisants.' };

    test('a card is typed in the settings: declined with its reason, then a good one', { tag: '@phone' }, async ({ server, person, watch }) => {
      watch.allow(/status of 402/);
      const page = await person(await newStudent(server, { zone: ZONE, locale: language }));
      await addCard(page, words);
      await expect(page.getByText(words('cards.consent'))).toBeVisible();
      await typeCard(page, CARDS.declined, language);
      await expectNoSidewaysScroll(page);
      await expectAccessible(page);
      await save(page, words).click();
      await expect(trouble(page, refused[language])).toBeVisible();
      await expect(page.locator('#cards li')).toHaveCount(0);

      await typeCard(page, CARDS.good, language);
      await save(page, words).click();
      await expect(page.getByText(words('site.saved'), { exact: true })).toBeVisible();
      const card = words('cards.card', { brand: 'Visa', last4: '4242' });
      await expect(page.locator('#cards li').filter({ hasText: card })).toContainText(words('cards.default'));
    });
  });
}

test('3-D Secure is refused, closed, then accepted', { tag: '@phone' }, async ({ server, person, watch }) => {
  watch.allow(/status of 402/);
  const page = await person(await newStudent(server, { zone: ZONE }));
  await addCard(page, t);
  for (const answer of ['refuse', 'close'] as const) {
    await typeCard(page, CARDS.asksOnSetup);
    await save(page, t).click();
    await answerBank(page, answer);
    await expect(trouble(page, 'We are unable to authenticate your payment method.')).toBeVisible();
  }
  await save(page, t).click();
  await expect(trouble(page, 'We are unable')).toBeHidden();
  await answerBank(page, 'accept');
  await expect(page.locator('#cards li')).toHaveCount(1);
});

test('a lesson is booked with a typed card, taught, charged, and explained', { tag: '@phone' }, async ({ server, person, watch }) => {
  watch.allow(/status of 402/);
  const tutor = await newTutor(server);
  const student = await newStudent(server, { zone: ZONE });
  const page = await person(student);
  await hold(page, tutor);
  await page.getByRole('textbox', { name: t('booking.note') }).fill('Contracts, please.');
  await expect(page.getByText(t('cards.consent'))).toBeVisible();

  // Nothing typed, then a declined card: it says why, and nothing is booked. The time stays kept.
  await expect(page.locator('.card-frame-wait')).toBeHidden();
  await page.getByRole('button', { name: t('booking.confirm') }).click();
  await expect(trouble(page, 'Your card number is incomplete.')).toBeVisible();
  await typeCard(page, CARDS.declined);
  await page.getByRole('button', { name: t('booking.confirm') }).click();
  await expect(trouble(page, 'Your card has insufficient funds.')).toBeVisible();
  const [minutes] = await figures(page, t('booking.hold_label'));
  expect([9, 10]).toContain(minutes);
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
  await typeCard(page, CARDS.good);
  const id = await books(page);
  await expect(page.getByText('Contracts, please.')).toBeVisible();

  await teach(server, student, tutor, id);
  await open(page, `/lessons/${id}/charge`);
  const end = clockIn('en', ZONE, later(LESSON, 60));
  await expect(page.getByText(t('charge.rule_completed', { end, amount: '€30.00' }))).toBeVisible();
  await expect(page.locator('#charge .state').filter({ hasText: t('charge.paid') })).toBeVisible();

  // The next time the card is there to choose.
  await server.setClock(later(LESSON, 61));
  await hold(page, tutor, later(LESSON, 24 * 60));
  const card = t('cards.card', { brand: 'Visa', last4: '4242' });
  await expect(page.getByRole('radio', { name: card })).toBeChecked();
  await page.getByRole('radio', { name: t('cards.new') }).check();
  await typeCard(page, '5555555555554444');
  await books(page);
  await open(page, '/settings');
  await expect(page.locator('#cards li')).toHaveCount(2);
});

test('what cannot be charged is owed, told by mail, and paid with 3-D Secure', { tag: '@phone' }, async ({ server, person, watch }) => {
  watch.allow(/status of 402/);
  const tutor = await newTutor(server);
  const student = await newStudent(server, { zone: ZONE });
  const page = await person(student);
  await hold(page, tutor);
  await typeCard(page, CARDS.failsLater);
  const id = await books(page);
  await teach(server, student, tutor, id);

  // The mail leads to the page of the charge. The list of `/dev/mail` ends before it: at this hour much was due.
  const mails = await query<{ text: string }>(server.database, 'SELECT text FROM mails WHERE to_address = $1', [student.email]);
  const address = `${server.url}/lessons/${id}/charge`;
  expect(mails.filter((mail) => mail.text.includes(address))).toHaveLength(1);
  await open(page, `/lessons/${id}/charge`);
  await expect(page.getByText(t('charge.owed_student'))).toBeVisible();
  const pay = page.getByRole('button', { name: t('charge.pay', { amount: '€30.00' }) });

  // The same card again; then one whose bank asks when it is saved, and when it pays.
  await pay.click();
  await expect(trouble(page, t('error.card_declined'))).toBeVisible();
  await page.getByRole('radio', { name: t('cards.new') }).check();
  await typeCard(page, CARDS.asksAlways);
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
  await pay.click();
  await answerBank(page, 'accept');
  await answerBank(page, 'refuse');
  await expect(trouble(page, 'We are unable to authenticate your payment method.')).toBeVisible();
  await expect(page.locator('#charge .state').filter({ hasText: t('charge.owed') })).toBeVisible();
  await pay.click();
  await answerBank(page, 'accept');
  await expect(page.getByText(t('charge.pay_done'))).toBeVisible();
  await expect(page.locator('#charge .state').filter({ hasText: t('charge.paid') })).toBeVisible();

  // One payment, and nothing in the way of the next booking.
  const charge = await call<{ status: string; entries: unknown[] }>(
    server, 'GET', `/api/v2/bookings/${id}/charge`, undefined, await tokenOf(server, student),
  );
  expect(charge).toMatchObject({ status: 'paid' });
  await hold(page, tutor, later(LESSON, 24 * 60));
  await payWith(page);
  await books(page);
});

test('a free lesson asks for no card', { tag: ['@phone', '@plain'] }, async ({ server, person }) => {
  const tutor = await newTutor(server);
  const page = await person(await newStudent(server, { zone: ZONE }));
  await open(page, `/tutors/${tutor.slug}?offering=${tutor.offerings[1]}&day=2027-03-04`);
  await slot(page, LESSON).click();
  await page.waitForURL(/hold=/);
  await hydrated(page);
  await expect(page.getByText(t('booking.rule_free'))).toBeVisible();
  await expect(page.locator('.card-choice')).toHaveCount(0);
  await books(page);
});

test('without scripts a new card cannot be typed, which is said, and a saved one books', { tag: '@only-plain' }, async ({ server, person }) => {
  expect(withScripts()).toBe(false);
  const tutor = await newTutor(server);
  const page = await person(await newStudent(server, { zone: ZONE }));
  await hold(page, tutor);
  await expect(page.locator('.card-choice noscript p')).toContainText(t('cards.no_script'));
  await expect(page.getByText(t('cards.consent'))).toBeHidden();
  await page.getByRole('textbox', { name: t('booking.note') }).fill('Contracts, please.');
  await page.getByRole('button', { name: t('booking.confirm') }).click();
  await expect(page.locator('.card-choice .field-error')).toContainText(t('error.card_missing'));
  await expect(page.getByRole('textbox', { name: t('booking.note') })).toHaveValue('Contracts, please.');
  await confirmBooking(page, t);
});

test('a card is typed and a lesson booked with the keyboard alone', async ({ server, person }) => {
  const tutor = await newTutor(server);
  const page = await person(await newStudent(server, { zone: ZONE }));
  await hold(page, tutor);
  await expect(page.locator('.card-frame-wait')).toBeHidden();
  await page.getByRole('textbox', { name: t('booking.note') }).focus();
  for (const [field, typed] of [['number', CARDS.good], ['expiry', '1234'], ['cvc', '123']] as const) {
    await page.keyboard.press('Tab');
    await expect(cardField(page, field)).toBeFocused();
    await page.keyboard.type(typed);
  }
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: t('booking.confirm') })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/lessons\/[0-9a-f-]{36}$/);
});

test('two presses save one card and make one booking', async ({ server, person }) => {
  const tutor = await newTutor(server);
  const student = await newStudent(server, { zone: ZONE });
  const page = await person(student);
  await hold(page, tutor);
  await typeCard(page, CARDS.good);
  await page.getByRole('button', { name: t('booking.confirm') }).dblclick();
  await page.waitForURL(/\/lessons\/[0-9a-f-]{36}$/);
  await open(page, '/settings');
  await expect(page.locator('#cards li')).toHaveCount(1);
});

test('where the provider cannot be reached the form says so, and tries again', async ({ server, person, watch }) => {
  watch.allow(/net::ERR_FAILED/);
  const page = await person(await newStudent(server, { zone: ZONE }));
  await page.route(/\/v3\/$/, (route) => route.abort());
  await addCard(page, t);
  await expect(trouble(page, t('cards.failed'))).toBeVisible();
  await page.unroute(/\/v3\/$/);
  await page.getByRole('button', { name: t('site.try_again') }).click();
  await typeCard(page, CARDS.good);
  await save(page, t).click();
  await expect(page.locator('#cards li')).toHaveCount(1);
});
