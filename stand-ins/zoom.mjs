// Zoom for tests: permission by oidc-provider under Zoom's addresses, and as much of its REST API (v2) as Lectern uses,
// over tokens that the provider really gave. Bodies are judged by zoom.schema.json.
//
//   node zoom.mjs PORT WAY_BACK
//
// WAY_BACK is the address that an app registers. Under /test/ tests see and change what is there.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { permission } from './permission.mjs';

const [port, wayBack] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const SCOPES = ['user:read:user', 'meeting:read:list_meetings', 'meeting:write:meeting', 'meeting:update:meeting', 'meeting:delete:meeting'];
const [USER, LIST, MAKE, CHANGE, REMOVE] = SCOPES;
const LISTED_AGENDA = 250;

const ajv = new Ajv2020();
addFormats.default(ajv);
ajv.addSchema(JSON.parse(readFileSync(new URL('zoom.schema.json', import.meta.url), 'utf8')), 'zoom');
const isNew = ajv.getSchema('zoom#/$defs/NewMeeting');
const isChange = ajv.getSchema('zoom#/$defs/ChangedMeeting');

const routes = { authorization: '/oauth/authorize', token: '/oauth/token', revocation: '/oauth/revoke' };
// The app's scopes, which an owner of an account grants as a whole. Each refresh token can be used once. A permission is
// withdrawn by its access token.
let scopes = SCOPES;
const permitted = permission(issuer, wayBack, SCOPES, { routes, rotate: true, revocable: ['AccessToken'] });

let failure = null;
let lost = 0;
let asked = [];
const meetings = new Map();
let last = 81_000_000_000;

const reply = (status, body) => ({ status, body });
const refusal = (status, code, message) => reply(status, { code, message });
const missing = () => refusal(404, 3001, 'Meeting does not exist.');

const shown = ({ owner, ...meeting }) => ({ ...meeting, host_id: `host-${owner}` });

function make(account, body) {
  if (!isNew(body)) return refusal(400, 300, `Validation Failed. ${ajv.errorsText(isNew.errors)}`);
  last += 7;
  const meeting = { ...body, id: last, uuid: `uuid-${last}==`, join_url: `https://zoom.example/j/${last}?pwd=x`, owner: account };
  meetings.set(last, meeting);
  return reply(201, shown(meeting));
}

function list(account, query) {
  const own = [...meetings.values()].filter((meeting) => meeting.owner === account);
  // In pages of two, whatever is asked for, as long lists are.
  const from = Number(query.get('next_page_token') || 0);
  const page = own.slice(from, from + 2).map((meeting) => ({ ...shown(meeting), agenda: meeting.agenda.slice(0, LISTED_AGENDA) }));
  const next = from + 2 < own.length ? String(from + 2) : '';
  return reply(200, { page_size: 300, next_page_token: next, meetings: page });
}

function one(account, method, id, body) {
  const meeting = meetings.get(id);
  if (!meeting || meeting.owner !== account) return missing();
  if (method === 'DELETE') {
    meetings.delete(id);
    return reply(204);
  }
  if (!isChange(body)) return refusal(400, 300, `Validation Failed. ${ajv.errorsText(isChange.errors)}`);
  meetings.set(id, { ...meeting, ...body });
  return reply(204);
}

const NEEDED = {
  'GET /v2/users/me': USER,
  'GET /v2/users/me/meetings': LIST,
  'POST /v2/users/me/meetings': MAKE,
  'PATCH /v2/meetings/': CHANGE,
  'DELETE /v2/meetings/': REMOVE,
};

async function api(request, url, body) {
  const [, id] = /^\/v2\/meetings\/(\d+)$/.exec(url.pathname) ?? [];
  const call = `${request.method} ${id ? '/v2/meetings/' : url.pathname}`;
  const bearer = await permitted.bearer(request);
  if (!bearer) return refusal(401, 124, 'Invalid access token.');
  if (!NEEDED[call]) return refusal(404, 404, 'No such call.');
  if (!bearer.scopes.has(NEEDED[call])) return refusal(400, 4711, 'Invalid access token, does not contain scopes.');
  if (id) return one(bearer.account, request.method, Number(id), body);
  if (call === 'GET /v2/users/me') return reply(200, { id: `host-${bearer.account}`, email: bearer.account, type: 2 });
  return request.method === 'POST' ? make(bearer.account, body) : list(bearer.account, url.searchParams);
}

// What tests ask: look, state, fail, lose, remove, withdraw, expire, scopes.
async function control(path, body) {
  if (path === '/test/fail') failure = body.status ? refusal(body.status, body.code ?? 0, 'as told') : null;
  if (path === '/test/lose') lost = body.times;
  if (path === '/test/remove') meetings.delete(body.id);
  if (path === '/test/withdraw') await permitted.withdraw();
  if (path === '/test/expire') await permitted.expire();
  if (path === '/test/scopes') scopes = body.scopes;
  const answer = { meetings: [...meetings.values()], asked, ...permitted.count() };
  if (path === '/test/state') asked = [];
  return reply(200, answer);
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, issuer);
  if (url.pathname === routes.authorization && !url.searchParams.has('scope')) {
    url.searchParams.set('scope', scopes.join(' '));
    request.url = `${url.pathname}${url.search}`;
  }
  if (!/^\/(test|v2)\//.test(url.pathname)) return permitted.pages(request, response);
  const parts = [];
  for await (const part of request) parts.push(part);
  const text = Buffer.concat(parts).toString();
  const body = text ? JSON.parse(text) : undefined;
  let answer;
  try {
    if (url.pathname.startsWith('/test/')) answer = await control(url.pathname, body);
    else {
      asked.push(`${request.method} ${url.pathname}`);
      answer = failure ?? (await api(request, url, body));
      // It is done, and nobody hears of it.
      if (lost > 0 && request.method !== 'GET') {
        lost -= 1;
        return response.destroy();
      }
    }
  } catch (error) {
    answer = refusal(500, 500, String(error));
  }
  response.writeHead(answer.status, { 'content-type': 'application/json' });
  response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
});
// Connections at rest are the client's to end: ended after five seconds, as by default, one could end while the next
// request is on its way.
server.keepAliveTimeout = 0;
server.listen(Number(port), '127.0.0.1');
