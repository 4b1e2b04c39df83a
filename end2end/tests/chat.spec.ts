import { expect, expectAccessible, expectNoSidewaysScroll, hydrated, test } from '../support/fixtures';
import { call, newStudent, newTutor, tokenOf } from '../support/people';
import { begin, bubble, field, follow, look, talking, told, write } from '../support/chat';
import { atNow, comeBack, later, NOW, open, startsWith, withScripts } from '../support/steps';
import { texts } from '../support/texts';

const t = texts('en');
test.beforeEach(atNow);

test('two people write to each other, and each sees it arrive @phone @plain', async ({ server, person }) => {
  const [tutor, student] = [await newTutor(server), await newStudent(server)];
  const [one, other] = [await person(student), await person(tutor)];
  // On a page that is no conversation: with scripts it hears of the message all the same.
  await open(other, '/tutor');
  await begin(one, tutor);
  await write(one, 'Hello, shall we look at contracts?');
  const came = withScripts() ? t('chat.delivered') : t('chat.sent');
  await expect(bubble(one, 'shall we look at contracts?')).toContainText(came);

  await follow(other, student);
  await expect(bubble(other, 'shall we look at contracts?')).toBeVisible();
  await look(one);
  await expect(bubble(one, 'shall we look at contracts?')).toContainText(t('chat.read'));
  await write(other, 'Gladly. Call me: 06 12 34 56 78');
  await expect(bubble(other, 'Call me: •••')).toContainText(t('chat.masked_own'));
  await look(one);
  await expect(bubble(one, 'Call me: •••')).toHaveCount(1);
  if (withScripts()) {
    await expect(one.getByRole('status').filter({ hasText: `${tutor.name}: Gladly.` })).toHaveCount(1);
  }
  await expectAccessible(one);
  await expectNoSidewaysScroll(one);
});

test('what waits to be read is counted in the navigation, until it is read', async ({ server, person }) => {
  const [tutor, student] = [await newTutor(server), await newStudent(server)];
  const [one, other] = [await person(student), await person(tutor)];
  await other.goto('/tutor');
  const link = other.getByRole('navigation', { name: t('site.main_nav') }).getByRole('link', { name: t('chat.title') });
  await expect(link).toHaveText(t('chat.title'));
  await hydrated(other);
  await begin(one, tutor);
  await write(one, 'Hello');
  await expect(link).toHaveText(`${t('chat.title')}1`);
  await write(one, 'Are you there?');
  await expect(link).toHaveText(`${t('chat.title')}2`);
  await follow(other, student);
  await expect(link).toHaveText(t('chat.title'));
});

test('one sees who is there and who writes', async ({ server, person }) => {
  const streams = async () => /^lectern_live_streams (\d+)$/m.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1];
  const [tutor, student] = [await newTutor(server), await newStudent(server)];
  const one = await person(student);
  await begin(one, tutor);
  await write(one, 'Hello');
  await expect(told(one)).toHaveText(['Hello']);
  const presence = one.locator('#presence');
  await expect(presence).toHaveText('');
  const other = await person(tutor);
  await other.goto('/tutor');
  await expect(presence).toHaveText(t('chat.here'));

  await follow(other, student);
  const typing = one.getByText(t('chat.typing', { name: tutor.name }));
  await expect(typing).toBeHidden();
  await field(other).pressSequentially('Good morning');
  await expect(typing).toBeVisible();
  await expectAccessible(one);
  await field(other).press('Enter');
  await expect(bubble(one, 'Good morning')).toBeVisible();
  await expect(typing).toBeHidden();
  // Begun and left: it is over after some seconds of the server's clock.
  await field(other).pressSequentially('And');
  await expect(typing).toBeVisible();
  await other.close();
  await expect.poll(streams).toBe('1');
  await server.setClock(later(NOW, 2));
  await comeBack(one);
  await expect(typing).toBeHidden();
  await expect(presence).toContainText(t('chat.seen', { time: '' }).trim());
});

test('what is written without a connection is kept, also over a reload, and sent once and in order', async ({ server, person, watch }) => {
  watch.allow(/ERR_INTERNET_DISCONNECTED|ERR_FAILED/);
  const { one, other } = await talking(server, person);
  const address = one.url();
  await one.context().setOffline(true);
  for (const text of ['One', 'Two', 'Three']) {
    await field(one).fill(text);
    await field(one).press('Enter');
  }
  for (const text of ['One', 'Two', 'Three']) await expect(bubble(one, text)).toContainText(t('chat.waiting'));
  await expect(one.getByRole('status').filter({ hasText: t('site.offline') })).toBeVisible();
  await expect(one.getByRole('status').filter({ hasText: t('chat.waiting') })).toHaveCount(1);
  await expectAccessible(one);
  await one.context().setOffline(false);
  await expect(told(other)).toHaveText(['Hello', 'One', 'Two', 'Three']);
  await expect(told(one)).toHaveText(['Hello', 'One', 'Two', 'Three']);
  await expect(one.locator('.chat-bubble')).toHaveCount(4);

  // The page is closed before there is a connection again.
  await one.context().setOffline(true);
  await write(one, 'Four');
  await write(one, 'Five');
  await expect(bubble(one, 'Five')).toContainText(t('chat.waiting'));
  const context = one.context();
  await one.close();
  await context.setOffline(false);
  const again = await context.newPage();
  await open(again, address);
  await expect(told(other)).toHaveText(['Hello', 'One', 'Two', 'Three', 'Four', 'Five']);
  await expect(told(again)).toHaveText(['Hello', 'One', 'Two', 'Three', 'Four', 'Five']);

  // The server has it, and its answer is lost: it is sent again and is the same message, unless the page has seen before
  // that it arrived.
  let lost = 0;
  await again.route('**/do/post_message*', async (route) => {
    if (lost++ > 0) return route.continue();
    await route.fetch();
    return route.abort();
  });
  await again.route(address, (route) => (lost === 1 ? route.abort() : route.continue()));
  await write(again, 'Six');
  await expect(told(other)).toHaveText(['Hello', 'One', 'Two', 'Three', 'Four', 'Five', 'Six']);
  await expect(told(again)).toHaveText(['Hello', 'One', 'Two', 'Three', 'Four', 'Five', 'Six']);
  await expect(again.locator('.chat-bubble')).toHaveCount(7);
  expect(lost, 'an answer was lost').toBeGreaterThan(0);
});

test('what the server does not take says why, and is sent again or discarded', async ({ server, person, watch }) => {
  watch.allow(/status of 400/);
  const { one, other } = await talking(server, person);
  const long = 'x'.repeat(4001);
  await write(one, long);
  await expect(bubble(one, long)).toContainText(t('chat.refused'));
  await expect(bubble(one, long)).toContainText(t('error.message_length'));
  await expectAccessible(one);
  await bubble(one, long).getByRole('button', { name: t('chat.again') }).click();
  await expect(bubble(one, long)).toContainText(t('chat.refused'));
  await write(one, 'Shorter');
  await expect(told(other)).toHaveText(['Hello', 'Shorter']);
  await bubble(one, long).getByRole('button', { name: t('chat.discard') }).click();
  await expect(bubble(one, long)).toHaveCount(0);
});

test('whoever signs out leaves nothing behind that was not sent', async ({ server, person, watch }) => {
  watch.allow(/ERR_FAILED/);
  const { one } = await talking(server, person);
  await one.route('**/do/post_message*', (route) => route.abort());
  await write(one, 'Nobody else reads this');
  await expect(bubble(one, 'Nobody else reads this')).toContainText(t('chat.waiting'));
  const kept = () => one.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('lectern-outbox')).length);
  expect(await kept()).toBe(1);
  await one.getByRole('button', { name: t('site.sign_out') }).first().click();
  await one.waitForURL((url) => !url.pathname.startsWith('/messages'));
  expect(await kept()).toBe(0);
});

test('earlier messages come on the way up, and nothing that is read jumps', async ({ server, person }) => {
  const { one, other, student, tutor } = await talking(server, person);
  const token = await tokenOf(server, tutor);
  const thread = one.url().split('/').at(-1);
  const say = (text: string) => call(server, 'POST', `/api/chat/threads/${thread}/messages`, { body: text }, token);
  const all = ['Hello'];
  for (let at = 1; at < 70; at++) {
    all.push(`message ${at};`);
    await say(`message ${at};`);
  }
  const reader = await one.context().newPage();
  await open(reader, one.url());
  await expect(told(reader)).toHaveText(all.slice(40));
  await one.close();

  // The earlier page is held back until it is known where everything stands.
  let go = () => {};
  let held = Promise.resolve();
  const hold = () => (held = new Promise<void>((resolve) => (go = resolve)));
  hold();
  await reader.route('**/messages/*?before=*', async (route) => {
    await held;
    await route.continue();
  });
  const scrolled = reader.getByRole('region', { name: t('chat.with', { name: tutor.name }) });
  await scrolled.hover();
  const asked = reader.waitForRequest(/before=/);
  await scrolled.evaluate((box) => box.scrollTo(0, -(box.scrollHeight - box.clientHeight) + 40));
  await asked;
  const marked = bubble(reader, 'message 41;');
  const place = async () => Math.round((await marked.boundingBox())!.y);
  const before = await place();
  go();
  await expect(told(reader)).toHaveText(all.slice(10));
  expect(Math.abs((await place()) - before), 'nothing jumps').toBeLessThanOrEqual(1);
  // What is new comes below, and does not move it either.
  await say('One more');
  await expect(told(reader)).toHaveText([...all.slice(10), 'One more']);
  expect(Math.abs((await place()) - before), 'nothing jumps').toBeLessThanOrEqual(1);

  // By keys: the link above the first message. What its being seen asks for by itself is held back until it is pressed.
  const link = reader.getByRole('link', { name: t('chat.older') });
  hold();
  await link.focus();
  await link.press('Enter');
  go();
  await expect(told(reader)).toHaveText([...all, 'One more']);
  await expect(link).toHaveCount(0);
  await expect(scrolled).toBeFocused();
  await expectAccessible(reader);
  await follow(other, student);
  await expect(told(other)).toHaveText([...all.slice(41), 'One more']);
});

test('a conversation is held by keys alone @phone', async ({ server, person }) => {
  const { one, other, tutor } = await talking(server, person);
  await field(one).focus();
  await one.keyboard.type('First line');
  await one.keyboard.press('Shift+Enter');
  await one.keyboard.type('second line');
  const touched = await one.evaluate(() => matchMedia('(hover: none)').matches);
  if (touched) await one.getByRole('button', { name: t('chat.send'), exact: true }).tap();
  else await one.keyboard.press('Enter');
  await expect(told(other)).toHaveText(['Hello', 'First line\nsecond line'], { useInnerText: true });
  await expect(field(one)).toHaveValue('');
  await expect(field(one)).toBeFocused();
  // What arrives takes the focus from nobody.
  await write(other, 'Understood');
  await expect(bubble(one, 'Understood')).toBeVisible();
  await expect(field(one)).toBeFocused();
  await expect(one.getByRole('status').filter({ hasText: `${tutor.name}: Understood` })).toHaveCount(1);
  if (!touched) {
    await one.keyboard.press('Shift+Tab');
    await expect(bubble(one, 'Understood').getByRole('link')).toBeFocused();
    await one.keyboard.press('Shift+Tab');
    await expect(one.getByRole('region', { name: t('chat.with', { name: tutor.name }) })).toBeFocused();
  }
  await expectNoSidewaysScroll(one);
});
