// The script and its card form in a real Chromium, on a page of another origin, with a person typing.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { Judge } from './judge.mjs';

// Playwright belongs to the journeys: end2end/package.json.
const require = createRequire(new URL('../../end2end/package.json', import.meta.url));
const { chromium } = require('@playwright/test');
const { AxeBuilder } = require('@axe-core/playwright');

const judge = new Judge();
let browser;
let site;
let origin;

const PAGE = (sandbox) => `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<title>Shop</title><script src="${sandbox}/v3/"></script>
<body><div id="card"></div><button id="pay">Pay</button><p id="after" role="status"></p></body></html>`;

before(async () => {
  await judge.start();
  site = createServer((request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(PAGE(judge.url.origin));
  });
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  origin = `http://localhost:${site.address().port}`;
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});

after(async () => {
  await browser?.close();
  site.close();
  await judge.stop();
});

// A page with the Payment Element mounted for an intent; the button confirms and keeps the result.
async function shop({ intent, options = {}, width = 1280, redirect = 'if_required' }) {
  const page = await (await browser.newContext({ viewport: { width, height: 700 }, locale: 'en-GB' })).newPage();
  page.setDefaultTimeout(10_000);
  page.sent = [];
  page.on('request', (request) => page.sent.push({ url: request.url(), frame: request.frame().url(), body: request.postData() || '' }));
  await page.goto(origin);
  await page.evaluate(({ secret, options: given, redirect: how, back }) => {
    const stripe = window.Stripe('pk_test_sandbox', { locale: given.locale });
    const elements = stripe.elements({ clientSecret: secret, ...given });
    const element = elements.create('payment');
    window.changes = [];
    window.ready = new Promise((resolve) => { element.on('ready', resolve); });
    element.on('change', (event) => window.changes.push(event));
    element.mount('#card');
    const confirm = secret.startsWith('seti_') ? 'confirmSetup' : 'confirmPayment';
    document.querySelector('#pay').onclick = async () => {
      const checked = await elements.submit();
      const result = checked.error ? checked : await stripe[confirm]({ elements, confirmParams: { return_url: back }, redirect: how });
      window.result = result;
      document.querySelector('#after').textContent = result.error?.message || (result.setupIntent || result.paymentIntent).status;
    };
  }, { secret: intent.client_secret, options, redirect, back: `${origin}/back` });
  await page.evaluate(() => window.ready);
  page.card = page.frameLocator('iframe[title]').first();
  return page;
}

async function type(page, number, labels = ['Card number', 'Expiration date', 'Security code']) {
  await page.card.getByLabel(labels[0]).pressSequentially(number);
  await page.card.getByLabel(labels[1]).pressSequentially('1234');
  await page.card.getByLabel(labels[2]).pressSequentially('123');
}

// Pays by the keyboard: right after the form has come its frame may still grow, and move the button from under a mouse.
async function payAtOnce(page) {
  await page.locator('#pay').press('Enter');
}

async function outcome(page, expected) {
  await page.locator('#after').filter({ hasText: expected }).waitFor();
}

const setup = async () => judge.stripe.setupIntents.create({ customer: (await judge.stripe.customers.create()).id });
const payment = (more = {}) => judge.stripe.paymentIntents.create({ amount: 2500, currency: 'eur', ...more });

test('a card is typed, formatted and saved, and the page never sees it', async () => {
  const intent = await setup();
  const page = await shop({ intent });
  await type(page, '4242424242424242');
  assert.equal(await page.card.getByLabel('Card number').inputValue(), '4242 4242 4242 4242');
  assert.equal(await page.card.getByLabel('Expiration date').inputValue(), '12 / 34');
  const changes = await page.evaluate(() => window.changes);
  assert.deepEqual([changes[0].complete, changes.at(-1).complete, changes.at(-1).value.type], [false, true, 'card']);
  await page.click('#pay');
  await outcome(page, 'succeeded');
  const saved = await judge.stripe.setupIntents.retrieve(intent.id, { expand: ['payment_method'] });
  assert.deepEqual([saved.payment_method.card.last4, saved.payment_method.customer], ['4242', intent.customer]);
  const withNumber = page.sent.filter(({ body, url }) => `${body}${url}`.includes('4242424242424242'));
  assert.equal(withNumber.length, 1);
  assert.ok(withNumber.every(({ frame }) => frame.startsWith(judge.url.origin)), 'sent by the sandbox\'s own frame');
  await page.close();
});

test('an American Express card has its own form', async () => {
  const page = await shop({ intent: await payment() });
  await page.card.getByLabel('Card number').pressSequentially('378282246310005');
  await page.card.getByLabel('Expiration date').pressSequentially('3 / 49');
  await page.card.getByLabel('Security code').pressSequentially('12345');
  assert.equal(await page.card.getByLabel('Card number').inputValue(), '3782 822463 10005');
  assert.equal(await page.card.getByLabel('Expiration date').inputValue(), '03 / 49');
  assert.equal(await page.card.getByLabel('Security code').inputValue(), '1234');
  await page.click('#pay');
  await outcome(page, 'succeeded');
  await page.close();
});

test('what is wrong is said at the field, in the reader\'s language', async () => {
  const page = await shop({ intent: await setup() });
  await payAtOnce(page);
  await outcome(page, 'Your card number is incomplete.');
  assert.equal(await page.card.getByLabel('Card number').getAttribute('aria-invalid'), 'true');
  await page.card.getByText('Your card number is incomplete.').waitFor();
  await page.card.getByLabel('Card number').pressSequentially('4242424242424241');
  await page.card.getByLabel('Expiration date').pressSequentially('0120');
  await page.card.getByLabel('Security code').focus();
  await page.card.getByText('Your card number is invalid.').waitFor();
  await page.card.getByText("Your card's expiration date is in the past.").waitFor();
  await page.close();
  const french = await shop({ intent: await setup(), options: { locale: 'fr' } });
  await type(french, '4000000000009995', ['Numéro de carte', "Date d'expiration", 'Code de sécurité']);
  await french.click('#pay');
  await outcome(french, 'Votre carte ne dispose pas de fonds suffisants.');
  await french.close();
});

test('a declined card says why, and another one goes through', async () => {
  const intent = await payment();
  const page = await shop({ intent });
  await type(page, '4000000000000127');
  await page.click('#pay');
  await outcome(page, "Your card's security code is incorrect.");
  await page.card.getByText("Your card's security code is incorrect.").waitFor();
  assert.equal(await page.evaluate(() => window.result.error.payment_intent.status), 'requires_payment_method');
  await page.card.getByLabel('Card number').fill('4242424242424242');
  await page.click('#pay');
  await outcome(page, 'succeeded');
  assert.equal((await judge.stripe.paymentIntents.retrieve(intent.id)).amount_received, 2500);
  await page.close();
});

for (const [name, act, expected] of [
  ['accepted', (page) => page.frameLocator('dialog iframe').getByRole('button', { name: 'Complete' }).click(), 'succeeded'],
  ['refused', (page) => page.frameLocator('dialog iframe').getByRole('button', { name: 'Fail' }).click(), 'We are unable to authenticate'],
  ['closed by its button', (page) => page.getByRole('button', { name: 'Close' }).click(), 'We are unable to authenticate'],
  ['closed by Escape', async (page) => {
    await page.getByRole('button', { name: 'Close' }).focus();
    await page.keyboard.press('Escape');
  }, 'We are unable to authenticate'],
]) {
  test(`3-D Secure is ${name}`, async () => {
    const page = await shop({ intent: await setup(), width: 320 });
    await type(page, '4000002500003155');
    await page.click('#pay');
    await page.getByRole('dialog', { name: '3D Secure authentication' }).waitFor();
    const box = await page.getByRole('dialog').locator('iframe').boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 320, 'the bank\'s page fits a small screen');
    await act(page);
    await outcome(page, expected);
    assert.equal(await page.getByRole('dialog').count(), 0);
    await page.close();
  });
}

test('Tab leads through the form and out of it', async () => {
  const page = await shop({ intent: await setup() });
  const focused = () => page.card.locator('body').evaluate(() => document.activeElement.id);
  await page.card.getByLabel('Card number').focus();
  const order = [await focused()];
  for (let step = 0; step < 2; step += 1) {
    await page.keyboard.press('Tab');
    order.push(await focused());
  }
  assert.deepEqual(order, ['number', 'expiry', 'cvc']);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'pay');
  await page.close();
});

test('it fits 320 px and takes the page\'s colours', async () => {
  const appearance = { theme: 'night', variables: { colorBackground: '#101820', colorText: '#fefefe', borderRadius: '12px' } };
  const page = await shop({ intent: await setup(), width: 320, options: { appearance } });
  const seen = await page.card.locator('#number').evaluate((input) => {
    const style = getComputedStyle(input);
    const root = document.documentElement;
    return [style.backgroundColor, style.color, style.borderRadius, root.scrollWidth <= root.clientWidth, input.offsetHeight >= 44];
  });
  assert.deepEqual(seen, ['rgb(16, 24, 32)', 'rgb(254, 254, 254)', '12px', true, true]);
  const heights = await page.evaluate(() => document.querySelector('#card iframe').offsetHeight);
  const inner = await page.card.locator('body').evaluate((body) => body.getBoundingClientRect().height);
  assert.ok(Math.abs(heights - inner) <= 1, `${heights} and ${inner}`);
  await page.close();
});

for (const theme of ['stripe', 'night']) {
  test(`axe finds nothing in the ${theme} form with its errors`, async () => {
    const page = await shop({ intent: await setup(), options: { appearance: { theme } } });
    if (theme === 'night') await page.evaluate(() => { document.body.style.background = '#101418'; document.body.style.color = '#fff'; });
    await payAtOnce(page);
    await page.card.getByText('Your card number is incomplete.').waitFor();
    const { violations } = await new AxeBuilder({ page }).include(['iframe', 'body']).analyze();
    assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(', ')}`), []);
    if (process.env.SCREENS) await page.screenshot({ path: `${process.env.SCREENS}/${theme}.png` });
    await page.close();
  });
}

test('a saved card pays on session, through the bank', async () => {
  const customer = await judge.stripe.customers.create();
  const saved = await judge.stripe.setupIntents.create({ customer: customer.id, payment_method: 'pm_card_authenticationRequired', confirm: true, return_url: `${origin}/` });
  await judge.answer(saved.next_action.redirect_to_url.url, 'complete');
  const intent = await payment({ customer: customer.id });
  const page = await browser.newPage();
  await page.goto(origin);
  const paying = page.evaluate(async ({ secret, method, back }) => {
    const stripe = window.Stripe('pk_test_sandbox');
    return stripe.confirmPayment({ clientSecret: secret, confirmParams: { payment_method: method, return_url: back }, redirect: 'if_required' });
  }, { secret: intent.client_secret, method: saved.payment_method, back: `${origin}/` });
  await page.frameLocator('dialog iframe').getByRole('button', { name: 'Complete' }).click();
  assert.equal((await paying).paymentIntent.status, 'succeeded');
  const asked = await judge.stripe.paymentIntents.create({ amount: 900, currency: 'eur', customer: customer.id, payment_method: saved.payment_method, confirm: true, automatic_payment_methods: { enabled: true, allow_redirects: 'never' } });
  const acting = page.evaluate((secret) => window.Stripe('pk_test_sandbox').handleNextAction({ clientSecret: secret }), asked.client_secret);
  await page.frameLocator('dialog iframe').getByRole('button', { name: 'Fail' }).click();
  assert.equal((await acting).error.code, 'payment_intent_authentication_failure');
  const seen = await page.evaluate((secret) => window.Stripe('pk_test_sandbox').retrievePaymentIntent(secret), asked.client_secret);
  assert.equal(seen.paymentIntent.status, 'requires_payment_method');
  await page.close();
});

test('a card is typed before its intent is made', async () => {
  const intent = await setup();
  const page = await browser.newPage();
  await page.goto(origin);
  await page.evaluate(() => {
    window.stripe = window.Stripe('pk_test_sandbox');
    window.elements = window.stripe.elements({ mode: 'setup', currency: 'eur' });
    const element = window.elements.create('payment');
    window.ready = new Promise((resolve) => { element.on('ready', resolve); });
    element.mount(document.querySelector('#card'));
  });
  await page.evaluate(() => window.ready);
  page.card = page.frameLocator('iframe[title]').first();
  assert.equal((await page.evaluate(() => window.elements.submit())).error.code, 'incomplete_number');
  await type(page, '5555555555554444');
  assert.deepEqual(await page.evaluate(() => window.elements.submit()), {});
  const done = await page.evaluate(({ secret, back }) => window.stripe.confirmSetup({ elements: window.elements, clientSecret: secret, confirmParams: { return_url: back, payment_method_data: { billing_details: { name: 'Ada' } } }, redirect: 'if_required' }), { secret: intent.client_secret, back: `${origin}/` });
  assert.equal(done.setupIntent.status, 'succeeded');
  assert.equal((await judge.stripe.paymentMethods.retrieve(done.setupIntent.payment_method)).billing_details.name, 'Ada');
  await page.close();
});

test('without if_required the page is left for its return_url', async () => {
  const intent = await payment();
  const page = await shop({ intent, redirect: 'always' });
  await type(page, '4242424242424242');
  await Promise.all([page.waitForURL(/\/back\?/), page.click('#pay')]);
  const back = new URL(page.url()).searchParams;
  assert.deepEqual([back.get('payment_intent'), back.get('redirect_status')], [intent.id, 'succeeded']);
  await page.close();
});

test('a service that cannot be reached is said to be so', async () => {
  const page = await shop({ intent: await payment() });
  await type(page, '4242424242424242');
  await judge.control('POST', '/faults', { path: '/v1/payment_intents/*/confirm', kind: 'drop_before', times: 5 });
  await page.click('#pay');
  await outcome(page, 'The payment service cannot be reached.');
  await judge.control('DELETE', '/faults');
  await page.close();
});
