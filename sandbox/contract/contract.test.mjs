// The official SDK drives the sandbox through everything that it speaks; Stripe's published schema judges
// each request and each answer.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { Judge } from './judge.mjs';
import { judgeAnswer, judgeObject, judgeRequest, operation } from './schema.mjs';

const judge = new Judge();
let stripe;
let receiver;
const received = [];

before(async () => {
  receiver = createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      received.push({ signature: request.headers['stripe-signature'], body: Buffer.concat(parts).toString() });
      response.end();
    });
  });
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${receiver.address().port}/`;
  await judge.start(['--webhook-url', address, '--webhook-secret', 'whsec_contract']);
  stripe = judge.stripe;
});

after(async () => {
  await judge.stop();
  receiver.close();
});

const noRedirect = { automatic_payment_methods: { enabled: true, allow_redirects: 'never' } };
const pay = (payment_method, more = {}) => stripe.paymentIntents.create({ amount: 5000, currency: 'eur', payment_method, confirm: true, ...noRedirect, ...more });

async function refused(promise, expected) {
  const error = await promise.then(() => assert.fail('was not refused'), (refusal) => refusal);
  for (const [name, value] of Object.entries(expected)) assert.equal(error[name], value, `${name}: ${error.message}`);
  return error;
}

test('customers and their cards', async () => {
  const customer = await stripe.customers.create({ email: 'ada@example.org', name: 'Ada', metadata: { user: '1' }, address: { line1: '1 rue A', city: 'Lyon', country: 'FR', postal_code: '69001' } });
  const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
  await stripe.paymentMethods.update(method.id, { metadata: { a: 'b' }, billing_details: { name: 'Ada L', address: { postal_code: '69001' } } });
  await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id }, phone: '+33100000000' });
  const found = await stripe.customers.retrieve(customer.id, { expand: ['invoice_settings.default_payment_method'] });
  assert.equal(found.invoice_settings.default_payment_method.id, method.id);
  assert.equal((await stripe.customers.list({ email: 'ada@example.org', limit: 3 })).data.length, 1);
  assert.equal((await stripe.customers.search({ query: "metadata['user']:'1'" })).data[0].id, customer.id);
  assert.equal((await stripe.customers.listPaymentMethods(customer.id)).data.length, 1);
  assert.equal((await stripe.customers.retrievePaymentMethod(customer.id, method.id)).id, method.id);
  assert.equal((await stripe.paymentMethods.list({ customer: customer.id, type: 'card' })).data[0].id, method.id);
  assert.equal((await stripe.paymentMethods.retrieve(method.id)).card.last4, '4242');
  await refused(stripe.paymentMethods.attach('pm_card_visa_chargeDeclined', { customer: customer.id }), { type: 'StripeCardError', decline_code: 'generic_decline', statusCode: 402 });
  assert.equal((await stripe.paymentMethods.detach(method.id)).customer, null);
  assert.equal((await stripe.customers.del(customer.id)).deleted, true);
  assert.equal((await stripe.customers.retrieve(customer.id)).deleted, true);
  await refused(stripe.customers.retrieve('cus_none'), { type: 'StripeInvalidRequestError', code: 'resource_missing', statusCode: 404 });
  const card = { number: '5555555555554444', exp_month: 8, exp_year: 2040, cvc: '314' };
  assert.equal((await stripe.paymentMethods.create({ type: 'card', card })).card.brand, 'mastercard');
});

test('setup intents', async () => {
  const customer = await stripe.customers.create();
  const setup = await stripe.setupIntents.create({ customer: customer.id, usage: 'off_session', metadata: { a: 'b' }, ...noRedirect });
  assert.equal((await stripe.setupIntents.confirm(setup.id, { payment_method: 'pm_card_visa' })).status, 'succeeded');
  const asked = await stripe.setupIntents.create({ customer: customer.id, payment_method: 'pm_card_authenticationRequiredOnSetup', confirm: true, return_url: 'http://localhost:9/back' });
  assert.equal(asked.next_action.type, 'redirect_to_url');
  await judge.answer(asked.next_action.redirect_to_url.url, 'complete');
  const saved = await stripe.setupIntents.retrieve(asked.id, { expand: ['payment_method'] });
  assert.equal(saved.status, 'succeeded');
  const paid = await pay(saved.payment_method.id, { customer: customer.id, off_session: true });
  assert.equal(paid.status, 'succeeded');
  const failed = await stripe.setupIntents.create({ payment_method: 'pm_card_authenticationRequired', confirm: true, return_url: 'http://localhost:9/back' });
  await judge.answer(failed.next_action.redirect_to_url.url, 'fail');
  assert.equal((await stripe.setupIntents.retrieve(failed.id)).last_setup_error.code, 'setup_intent_authentication_failure');
  await refused(stripe.setupIntents.create({ payment_method: 'pm_card_chargeDeclinedExpiredCard', confirm: true, ...noRedirect }), { code: 'expired_card' });
  await stripe.setupIntents.update(failed.id, { description: 'again' });
  await stripe.setupIntents.cancel(failed.id, { cancellation_reason: 'abandoned' });
  await refused(stripe.setupIntents.cancel(failed.id), { code: 'setup_intent_unexpected_state' });
  assert.equal((await stripe.setupIntents.list({ customer: customer.id })).data.length, 2);
});

test('payment intents', async () => {
  const intent = await stripe.paymentIntents.create({ amount: 2000, currency: 'usd', metadata: { booking: '7' }, receipt_email: 'a@example.org', transfer_group: 'booking_7', statement_descriptor_suffix: 'LESSON', ...noRedirect });
  await stripe.paymentIntents.update(intent.id, { amount: 2100, description: 'A lesson' });
  assert.equal((await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_mastercard' })).status, 'succeeded');
  const found = await stripe.paymentIntents.retrieve(intent.id, { expand: ['latest_charge.balance_transaction', 'payment_method'] });
  assert.equal(found.latest_charge.balance_transaction.net, found.amount - found.latest_charge.balance_transaction.fee);
  assert.equal((await stripe.paymentIntents.search({ query: "metadata['booking']:'7'" })).data[0].id, intent.id);
  const error = await refused(pay('pm_card_authenticationRequired', { off_session: true }), { type: 'StripeCardError', code: 'authentication_required', decline_code: 'authentication_required' });
  assert.equal(error.payment_intent.status, 'requires_payment_method');
  assert.equal(error.payment_method.card.last4, '3184');
  const asked = await pay('pm_card_threeDSecure2Required');
  assert.equal(asked.next_action.type, 'use_stripe_sdk');
  await judge.answer(`${asked.next_action.use_stripe_sdk.stripe_js}&embedded=true`, 'complete');
  assert.equal((await stripe.paymentIntents.retrieve(asked.id, { expand: ['latest_charge'] })).latest_charge.payment_method_details.card.three_d_secure.result, 'authenticated');
  const held = await pay('pm_card_visa', { capture_method: 'manual', expand: ['latest_charge'] });
  assert.ok(held.latest_charge.payment_method_details.card.capture_before > held.created);
  assert.equal((await stripe.paymentIntents.capture(held.id, { amount_to_capture: 1000 })).amount_received, 1000);
  const dropped = await pay('pm_card_visa', { capture_method: 'manual' });
  assert.equal((await stripe.paymentIntents.cancel(dropped.id, { cancellation_reason: 'requested_by_customer' })).status, 'canceled');
  await refused(stripe.paymentIntents.cancel(dropped.id), { code: 'payment_intent_unexpected_state' });
  await refused(pay('pm_card_visa', { amount: 1 }), { code: 'amount_too_small', param: 'amount' });
  await refused(pay('pm_card_visa', { colour: 'red' }), { code: 'parameter_unknown', param: 'colour' });
  assert.ok((await stripe.paymentIntents.list({ limit: 2, created: { gte: 1 } })).has_more);
  let count = 0;
  for await (const one of stripe.paymentIntents.list({ limit: 2 })) count += one.object === 'payment_intent' ? 1 : 0;
  assert.equal(count, (await judge.control('GET', '/state')).payment_intents);
});

test('charges and refunds', async () => {
  const paid = await pay('pm_card_visa', { metadata: { booking: '8' } });
  const charge = await stripe.charges.retrieve(paid.latest_charge, { expand: ['refunds', 'customer'] });
  assert.equal(charge.refunds.data.length, 0);
  await stripe.charges.update(charge.id, { metadata: { a: 'b' }, description: 'A lesson' });
  assert.equal((await stripe.charges.list({ payment_intent: paid.id })).data[0].id, charge.id);
  assert.equal((await stripe.charges.search({ query: "metadata['booking']:'8'" })).data[0].id, charge.id);
  const refund = await stripe.refunds.create({ payment_intent: paid.id, amount: 1500, reason: 'requested_by_customer', metadata: { row: '1' } });
  await stripe.refunds.create({ charge: charge.id, amount: 1500 });
  await refused(stripe.refunds.create({ payment_intent: paid.id, amount: 2001 }), { param: 'amount', statusCode: 400 });
  await stripe.refunds.update(refund.id, { metadata: { row: '2' } });
  assert.equal((await stripe.refunds.retrieve(refund.id, { expand: ['charge', 'balance_transaction'] })).balance_transaction.amount, -1500);
  assert.equal((await stripe.refunds.list({ charge: charge.id })).data.length, 2);
  await stripe.refunds.create({ payment_intent: paid.id });
  await refused(stripe.refunds.create({ payment_intent: paid.id }), { code: 'charge_already_refunded' });
  await stripe.refunds.create({ payment_intent: (await pay('pm_card_pendingRefund')).id });
});

test('connected accounts and transfers', async () => {
  const account = await stripe.accounts.create({ type: 'express', country: 'FR', email: 't@example.org', capabilities: { transfers: { requested: true }, card_payments: { requested: true } }, business_profile: { url: 'https://example.org', mcc: '8299' }, metadata: { tutor: '1' } });
  await refused(stripe.transfers.create({ amount: 100, currency: 'eur', destination: account.id }), { code: 'insufficient_capabilities_for_transfer' });
  const link = await stripe.accountLinks.create({ account: account.id, refresh_url: 'http://localhost:9/a', return_url: 'http://localhost:9/b', type: 'account_onboarding' });
  assert.equal((await judge.answer(link.url, 'complete')).headers.get('location'), 'http://localhost:9/b');
  assert.equal((await stripe.accounts.retrieve(account.id)).payouts_enabled, true);
  await stripe.accounts.update(account.id, { metadata: { tutor: '2' } });
  assert.equal((await stripe.accounts.list()).data.length, 1);
  const paid = await pay('pm_card_visa');
  const transfer = await stripe.transfers.create({ amount: 4000, currency: 'eur', destination: account.id, source_transaction: paid.latest_charge, metadata: { row: '1' } });
  await stripe.transfers.update(transfer.id, { description: 'A lesson' });
  const reversal = await stripe.transfers.createReversal(transfer.id, { amount: 1000, metadata: { row: '2' } });
  await stripe.transfers.updateReversal(transfer.id, reversal.id, { metadata: { row: '3' } });
  assert.equal((await stripe.transfers.retrieveReversal(transfer.id, reversal.id)).amount, 1000);
  const line = await stripe.balanceTransactions.retrieve(reversal.balance_transaction, { expand: ['source'] });
  assert.equal(line.source.id, reversal.id);
  assert.equal((await stripe.transfers.listReversals(transfer.id)).data.length, 1);
  assert.equal((await stripe.transfers.retrieve(transfer.id, { expand: ['destination', 'balance_transaction'] })).destination.object, 'account');
  assert.equal((await stripe.transfers.list({ destination: account.id })).data.length, 1);
  await refused(stripe.transfers.createReversal(transfer.id, { amount: 3001 }), { param: 'amount' });
  assert.equal((await stripe.accounts.del(account.id)).deleted, true);
});

test('the balance', async () => {
  await pay('pm_card_bypassPending');
  const balance = await stripe.balance.retrieve();
  assert.equal(balance.object, 'balance');
  const lines = await stripe.balanceTransactions.list({ type: 'charge', limit: 1 });
  const line = await stripe.balanceTransactions.retrieve(lines.data[0].id, { expand: ['source'] });
  assert.equal(line.source.object, 'charge');
  assert.equal((await stripe.balanceTransactions.list({ source: line.source.id })).data.length, 1);
});

test('top-ups', async () => {
  const topup = await stripe.topups.create({ amount: 5000, currency: 'eur', description: 'Our own' });
  assert.equal((await stripe.topups.retrieve(topup.id, { expand: ['balance_transaction'] })).balance_transaction.type, 'topup');
  assert.equal((await stripe.topups.list({ limit: 1 })).data[0].id, topup.id);
  await refused(stripe.topups.create({ amount: 0, currency: 'eur' }), { param: 'amount' });
});

test('disputes', async () => {
  const paid = await pay('pm_card_createDispute');
  const [dispute] = (await stripe.disputes.list({ payment_intent: paid.id })).data;
  await stripe.disputes.update(dispute.id, { evidence: { customer_name: 'Ada' }, submit: false, metadata: { a: 'b' } });
  const won = await stripe.disputes.update(dispute.id, { evidence: { uncategorized_text: 'winning_evidence' }, submit: true });
  assert.equal(won.status, 'won');
  assert.equal((await stripe.disputes.retrieve(dispute.id, { expand: ['charge'] })).charge.disputed, true);
  const lost = (await stripe.disputes.list({ payment_intent: (await pay('pm_card_createDispute')).id })).data[0];
  assert.equal((await stripe.disputes.close(lost.id)).status, 'lost');
});

test('early fraud warnings', async () => {
  const paid = await pay('pm_card_createIssuerFraudRecord');
  const [warning] = (await stripe.radar.earlyFraudWarnings.list({ charge: paid.latest_charge })).data;
  assert.equal((await stripe.radar.earlyFraudWarnings.retrieve(warning.id, { expand: ['charge'] })).charge.payment_intent, paid.id);
});

test('webhook endpoints', async () => {
  const endpoint = await stripe.webhookEndpoints.create({ url: 'http://127.0.0.1:9/', enabled_events: ['charge.refunded'], description: 'x', metadata: { a: 'b' } });
  assert.match(endpoint.secret, /^whsec_/);
  await stripe.webhookEndpoints.update(endpoint.id, { enabled_events: ['*'], disabled: true });
  assert.equal((await stripe.webhookEndpoints.retrieve(endpoint.id)).status, 'disabled');
  assert.equal((await stripe.webhookEndpoints.list()).data.length, 1);
  assert.equal((await stripe.webhookEndpoints.del(endpoint.id)).deleted, true);
});

test('idempotency, as the SDK sees it', async () => {
  const twice = () => stripe.customers.create({ name: 'Once' }, { idempotencyKey: 'contract-1' });
  const [first, second] = [await twice(), await twice()];
  assert.equal(first.id, second.id);
  assert.ok(second.lastResponse.requestId);
  assert.equal(second.lastResponse.apiVersion, '2026-09-30.endive');
  await refused(stripe.customers.create({ name: 'Other' }, { idempotencyKey: 'contract-1' }), { type: 'StripeIdempotencyError', statusCode: 400 });
  await judge.control('POST', '/faults', { path: '/v1/customers', kind: 'drop_after' });
  const lost = { name: 'Lost' };
  await refused(stripe.customers.create(lost, { idempotencyKey: 'contract-2' }), { type: 'StripeConnectionError' });
  const before = (await judge.control('GET', '/state')).customers;
  await stripe.customers.create(lost, { idempotencyKey: 'contract-2' });
  assert.equal((await judge.control('GET', '/state')).customers, before);
  await judge.control('POST', '/faults', { path: '/v1/customers', kind: 'error_before', status: 429 });
  await refused(stripe.customers.create(lost), { type: 'StripeRateLimitError' });
  const wrong = new (stripe.constructor)('sk_test_wrong', { host: judge.url.hostname, port: judge.url.port, protocol: 'http' });
  await refused(wrong.balance.retrieve(), { type: 'StripeAuthenticationError', statusCode: 401 });
});

test('events are signed, and hold what the schema says', async () => {
  for (let tries = 0; tries < 200 && (await judge.control('GET', '/webhooks')).under_way > 0; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  const seen = new Set();
  for (const { signature, body } of received) {
    const event = stripe.webhooks.constructEvent(body, signature, 'whsec_contract');
    seen.add(event.type);
    assert.deepEqual(judgeObject('event', event), [], event.type);
    assert.deepEqual(judgeObject(event.data.object.object, event.data.object), [], event.type);
  }
  assert.throws(() => stripe.webhooks.constructEvent(received[0].body, received[0].signature, 'whsec_other'));
  for (const type of ['payment_intent.succeeded', 'payment_intent.payment_failed', 'payment_intent.requires_action', 'payment_intent.canceled', 'payment_intent.amount_capturable_updated', 'charge.succeeded', 'charge.failed', 'charge.refunded', 'charge.captured', 'charge.dispute.created', 'charge.dispute.closed', 'refund.created', 'setup_intent.succeeded', 'setup_intent.setup_failed', 'transfer.created', 'transfer.reversed', 'account.updated', 'payment_method.attached', 'customer.deleted']) {
    assert.ok(seen.has(type), `${type} was not sent`);
  }
  const [event] = (await stripe.events.list({ type: 'transfer.created' })).data;
  assert.equal((await stripe.events.retrieve(event.id)).data.object.object, 'transfer');
});

test('the judge complains of what is wrong', () => {
  const op = operation('POST', '/v1/refunds');
  assert.deepEqual(judgeRequest(op, '', 'payment_intent=pi_1&amount=5&metadata[a]=b&expand[0]=charge'), []);
  assert.notDeepEqual(judgeRequest(op, '', 'payment_intent=pi_1&amount=five'), []);
  assert.notDeepEqual(judgeRequest(op, '', 'colour=red'), []);
  const refund = { id: 're_1', object: 'refund', amount: 5, created: 1, currency: 'eur', balance_transaction: null, charge: null, metadata: null, payment_intent: null, reason: null, receipt_number: null, source_transfer_reversal: null, status: 'succeeded', transfer_reversal: null };
  assert.deepEqual(judgeAnswer(op, 200, refund), []);
  assert.notDeepEqual(judgeAnswer(op, 200, { ...refund, amount: '5' }), []);
  assert.notDeepEqual(judgeAnswer(op, 200, { ...refund, id: undefined }), []);
  assert.notDeepEqual(judgeAnswer(op, 400, { error: { message: 'x' } }), []);
});

test('the published schema has nothing to complain of', () => {
  assert.deepEqual([...new Set(judge.complaints)], []);
  assert.ok(judge.seen.size >= 75, `${judge.seen.size} kinds of answers were judged`);
});
