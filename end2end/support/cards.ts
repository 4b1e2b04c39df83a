import { expect, type FrameLocator, type Page } from '@playwright/test';
import { withScripts } from './steps';
import type { Language } from './texts';

/** Test cards of the payment provider, by what they do. */
export const CARDS = {
  good: '4242424242424242',
  declined: '4000000000009995',
  /** Can be saved; every payment is declined. */
  failsLater: '4000000000000341',
  /** Its bank asks when it is saved and whenever it pays. */
  asksAlways: '4000002760003184',
  /** Its bank asks when it is saved. */
  asksOnSetup: '4000002500003155',
};

/** What the provider's form and its bank's page say. */
const WORDS = {
  en: {
    number: 'Card number', expiry: 'Expiration date', cvc: 'Security code', accept: 'Complete', refuse: 'Fail', close: 'Close',
    bank: '3D Secure authentication',
  },
  fr: {
    number: 'Numéro de carte', expiry: "Date d'expiration", cvc: 'Code de sécurité', accept: 'Autoriser', refuse: 'Refuser', close: 'Fermer',
    bank: 'Authentification 3D Secure',
  },
};

/** The frame in which a card is typed. */
export const cardFrame = (page: Page): FrameLocator => page.frameLocator('.card-frame iframe');

/** A field of the provider's form. */
export const cardField = (page: Page, field: 'number' | 'expiry' | 'cvc', language: Language = 'en') =>
  cardFrame(page).getByLabel(WORDS[language][field]);

/** Types a card into the provider's form, once it is there. */
export async function typeCard(page: Page, number: string, language: Language = 'en'): Promise<void> {
  // Both: before the form begins anew, what failed is hidden with its wait.
  await expect(page.locator('.card-frame')).toBeVisible();
  await expect(page.locator('.card-frame-wait')).toBeHidden();
  for (const [field, text] of [['number', number], ['expiry', '1234'], ['cvc', '123']] as const) {
    const input = cardField(page, field, language);
    await input.fill('');
    await input.pressSequentially(text);
  }
}

/** Answers the bank's question. */
export async function answerBank(page: Page, answer: 'accept' | 'refuse' | 'close', language: Language = 'en'): Promise<void> {
  const words = WORDS[language];
  const dialog = page.getByRole('dialog', { name: words.bank });
  // The next question may be there at once: what goes away is the one that was answered.
  const question = await dialog.locator('iframe').getAttribute('src');
  if (answer === 'close') await dialog.getByRole('button', { name: words.close }).click();
  else await page.frameLocator('dialog iframe').getByRole('button', { name: words[answer] }).click();
  await expect(page.locator(`dialog iframe[src="${question}"]`)).toBeHidden();
}

/** Saves a card of the student who is signed in on the page, as the form of the settings sends it in the end. */
async function saveCard(page: Page, card = 'pm_card_visa'): Promise<void> {
  const { origin } = new URL(page.url());
  const headers = { accept: 'application/json', origin };
  const answer = await page.request.post(`${origin}/do/save_card`, { form: { card }, headers });
  expect(answer.ok(), `saving a card: ${answer.status()}`).toBe(true);
}

/**
 * Sees to the card where a booking asks for one: a saved one is chosen already, a new one is typed. Without scripts
 * none can be typed: one is saved, and the page loaded again.
 */
export async function payWith(page: Page, number = CARDS.good, language: Language = 'en'): Promise<void> {
  const asks = page.locator('.card-choice');
  if ((await asks.count()) === 0 || (await asks.locator('input[type=radio]:checked').count()) > 0) return;
  if (withScripts()) return typeCard(page, number, language);
  await saveCard(page);
  await page.reload();
}
