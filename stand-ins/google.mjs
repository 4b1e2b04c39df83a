// Google for tests: permission by oidc-provider with its own pages for signing in and consenting, and as much of the
// Calendar API (v3) as Lectern uses, over tokens that the provider really gave. Bodies are judged by
// the published schemas (google-calendar.published.schema.json) and by what Google says beside them in words
// (google-calendar.schema.json).
//
//   node google.mjs PORT WAY_BACK
//
// WAY_BACK is the address that a client registers. Under /test/ tests see and change what is there.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { permission as askPermission } from './permission.mjs';

const [port, wayBack] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const PREFIX = 'https://www.googleapis.com/auth/';
const [LIST, FREE_BUSY, EVENTS] = ['calendar.calendarlist.readonly', 'calendar.freebusy', 'calendar.events'].map(
  (name) => PREFIX + name,
);
const LONGEST_SPAN_MS = 90 * 24 * 3600 * 1000;

const ajv = new Ajv2020();
addFormats.default(ajv);
for (const [file, name] of [['google-calendar.published', 'published'], ['google-calendar', 'rules']]) {
  ajv.addSchema(JSON.parse(readFileSync(new URL(`${file}.schema.json`, import.meta.url), 'utf8')), name);
}
const judge = (type) => ajv.compile({ allOf: ['published', 'rules'].map((name) => ({ $ref: `${name}#/$defs/${type}` })) });
const [isEvent, isChannel, isQuestion] = ['Event', 'Channel', 'FreeBusyRequest'].map(judge);

const permission = askPermission(issuer, wayBack, [LIST, FREE_BUSY, EVENTS]);

let calendars;
let failure = null;
let lost = 0;
let version = 0;
let asked = [];

const start = () => {
  calendars = new Map([
    ['work', { summary: 'Work', accessRole: 'owner', events: new Map() }],
    ['team@group.calendar.google.com', { summary: 'Team', accessRole: 'reader', events: new Map() }],
  ]);
};
start();

const reply = (status, body) => ({ status, body });
const refusal = (status, reason) =>
  reply(status, { error: { code: status, message: reason, errors: [{ domain: 'global', reason, message: reason }] } });

async function permitted(request, scope) {
  const found = await permission.bearer(request);
  if (!found) return [refusal(401, 'authError'), null];
  if (!found.scopes.has(scope)) return [refusal(403, 'insufficientPermissions'), null];
  return [null, found.account];
}

// The first calendar of an account goes by its owner's address.
const own = (account) => {
  if (!calendars.has(account)) calendars.set(account, { summary: account, accessRole: 'owner', events: new Map() });
};

async function list(request) {
  const [no, account] = await permitted(request, LIST);
  if (no) return no;
  own(account);
  const entries = [...calendars].filter(([id]) => id === account || !id.endsWith('@example.org'));
  const items = entries.map(([id, { summary, accessRole }]) => ({
    kind: 'calendar#calendarListEntry', id, summary, accessRole, timeZone: 'Europe/Paris',
    ...(id === account ? { primary: true } : {}),
  }));
  // In two pages, as long lists are.
  const second = new URL(request.url, issuer).searchParams.get('pageToken') === 'second';
  return reply(200, {
    kind: 'calendar#calendarList',
    items: second ? items.slice(1) : items.slice(0, 1),
    ...(second ? {} : { nextPageToken: 'second' }),
  });
}

async function freeBusy(request, body) {
  const [no] = await permitted(request, FREE_BUSY);
  if (no) return no;
  if (!isQuestion(body)) return refusal(400, `invalid: ${ajv.errorsText(isQuestion.errors)}`);
  const [from, to] = [Date.parse(body.timeMin), Date.parse(body.timeMax)];
  if (from >= to || to - from > LONGEST_SPAN_MS) return refusal(400, 'timeRangeTooLong');
  const told = body.items.map(({ id }) => {
    const calendar = calendars.get(id);
    if (!calendar) return [id, { errors: [{ domain: 'global', reason: 'notFound' }], busy: [] }];
    const taken = [...calendar.events.values()]
      .filter((event) => event.status !== 'cancelled' && event.transparency !== 'transparent')
      .map((event) => [Math.max(from, Date.parse(event.start.dateTime)), Math.min(to, Date.parse(event.end.dateTime))])
      .filter(([a, b]) => a < b)
      .sort(([a], [b]) => a - b);
    const merged = [];
    for (const [a, b] of taken) {
      const last = merged.at(-1);
      if (last && a <= last[1]) last[1] = Math.max(last[1], b);
      else merged.push([a, b]);
    }
    return [id, { busy: merged.map(([a, b]) => ({ start: new Date(a).toISOString(), end: new Date(b).toISOString() })) }];
  });
  return reply(200, { kind: 'calendar#freeBusy', timeMin: body.timeMin, timeMax: body.timeMax, calendars: Object.fromEntries(told) });
}

const written = (calendar, id, body) => {
  version += 1;
  const event = { kind: 'calendar#event', status: 'confirmed', ...body, id, etag: `"${version}"` };
  calendar.events.set(id, event);
  return reply(200, event);
};

// A conference is made for who asks for one, once, and only where the caller says that it knows of conferences.
const conferred = (request, event, before) => {
  const { conferenceData, ...rest } = event;
  const knows = new URL(request.url, issuer).searchParams.get('conferenceDataVersion') === '1';
  const link = before?.hangoutLink ?? (knows && conferenceData && `https://meet.example/${event.id ?? before.id}`);
  return link ? { ...rest, hangoutLink: link } : rest;
};

async function events(request, named, id, body) {
  const [no, account] = await permitted(request, EVENTS);
  if (no) return no;
  own(account);
  const calendarId = named === 'primary' ? account : named;
  const calendar = calendars.get(calendarId);
  if (!calendar) return refusal(404, 'notFound');
  if (request.method !== 'GET' && calendar.accessRole === 'reader') return refusal(403, 'forbidden');
  if (['POST', 'PUT', 'PATCH'].includes(request.method) && !isEvent(body)) {
    return refusal(400, `invalid: ${ajv.errorsText(isEvent.errors)}`);
  }
  if (request.method === 'POST') {
    // A name is taken for good, also by an event that was removed.
    return calendar.events.has(body.id) ? refusal(409, 'duplicate') : written(calendar, body.id, conferred(request, body));
  }
  const event = calendar.events.get(id);
  if (!event) return refusal(404, 'notFound');
  if (request.method === 'GET') return reply(200, event);
  const condition = request.headers['if-match'];
  if (condition && condition !== event.etag) return refusal(412, 'conditionNotMet');
  if (request.method === 'PUT') return written(calendar, id, body);
  if (request.method === 'PATCH') return written(calendar, id, { ...event, ...conferred(request, body, event) });
  if (event.status === 'cancelled') return refusal(410, 'deleted');
  written(calendar, id, { ...event, status: 'cancelled' });
  return reply(204);
}

// Who is told of changes of a calendar. What is told is told once: a test waits for it.
const channels = [];

async function watch(request, calendarId, body) {
  const [no] = await permitted(request, EVENTS);
  if (no) return no;
  if (!calendars.has(calendarId)) return refusal(404, 'notFound');
  if (calendars.get(calendarId).mute) return refusal(400, 'pushNotSupportedForRequestedResource');
  if (!isChannel(body)) return refusal(400, `invalid: ${ajv.errorsText(isChannel.errors)}`);
  if (channels.some(({ id }) => id === body.id)) return refusal(400, 'channelIdNotUnique');
  const expiration = Date.now() + 1000 * Number(body.params?.ttl ?? 604800);
  channels.push({ ...body, calendarId, expiration });
  return reply(200, { kind: 'api#channel', id: body.id, resourceId: calendarId, expiration: String(expiration) });
}

const tell = (calendarId) =>
  Promise.all(
    channels
      .filter((channel) => channel.calendarId === calendarId)
      .map(({ id, address, token }) =>
        fetch(address, {
          method: 'POST',
          headers: { 'X-Goog-Channel-ID': id, 'X-Goog-Channel-Token': token, 'X-Goog-Resource-State': 'exists' },
        }).catch(() => {}),
      ),
  );

// What tests ask: /test/state, /test/event, /test/remove, /test/fail, /test/lose, /test/withdraw, /test/expire.
async function control(path, body) {
  if (path === '/test/event') {
    written(calendars.get(body.calendar), body.id, body.event);
    await tell(body.calendar);
  }
  if (path === '/test/remove') calendars.get(body.calendar).events.get(body.id).status = 'cancelled';
  if (path === '/test/mute') calendars.get(body.calendar).mute = true;
  if (path === '/test/fail') failure = body.status ? refusal(body.status, body.reason) : null;
  if (path === '/test/lose') lost = body.times;
  if (path === '/test/forget') calendars.delete(body.calendar);
  if (path === '/test/withdraw') await permission.withdraw();
  if (path === '/test/expire') await permission.expire();
  const state = [...calendars].map(([id, { events }]) => [id, [...events.values()]]);
  const answer = { calendars: Object.fromEntries(state), asked, channels, ...permission.count() };
  if (path === '/test/state') asked = [];
  return reply(200, answer);
}

async function handle(request, body) {
  const { pathname } = new URL(request.url, issuer);
  if (pathname.startsWith('/test/')) return control(pathname, body);
  asked.push(`${request.method} ${pathname}`);
  if (failure) return failure;
  if (pathname === '/calendar/v3/users/me/calendarList') return list(request);
  if (pathname === '/calendar/v3/freeBusy') return freeBusy(request, body);
  const [, watched] = /^\/calendar\/v3\/calendars\/([^/]+)\/events\/watch$/.exec(pathname) ?? [];
  if (watched) return watch(request, decodeURIComponent(watched), body);
  const [, calendar, , id] = /^\/calendar\/v3\/calendars\/([^/]+)\/events(\/([^/]+))?$/.exec(pathname) ?? [];
  return calendar ? events(request, decodeURIComponent(calendar), id, body) : refusal(404, 'notFound');
}

const server = createServer(async (request, response) => {
  if (!/^\/(test|calendar)\//.test(request.url)) return permission.pages(request, response);
  const parts = [];
  for await (const part of request) parts.push(part);
  const text = Buffer.concat(parts).toString();
  let answer;
  try {
    answer = await handle(request, text ? JSON.parse(text) : undefined);
    // It is done, and nobody hears of it.
    if (lost > 0 && request.method !== 'GET' && !request.url.startsWith('/test/')) {
      lost -= 1;
      return response.destroy();
    }
  } catch (error) {
    answer = refusal(500, String(error));
  }
  response.writeHead(answer.status, { 'content-type': 'application/json' });
  response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
});
// Connections at rest are the client's to end: ended after five seconds, as by default, one could end while the next
// request is on its way.
server.keepAliveTimeout = 0;
server.listen(Number(port), '127.0.0.1');
