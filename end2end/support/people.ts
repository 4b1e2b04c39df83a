import type { Server } from './server';

/** Somebody with an account. */
export interface Account {
  email: string;
  password: string;
  name: string;
  zone: string;
  locale: 'en' | 'fr';
}

/** A tutor who can be booked. */
export interface Tutor extends Account {
  id: string;
  slug: string;
  /** The ids of the offerings: 60 minutes for 30 EUR, then 30 minutes for nothing. */
  offerings: string[];
}

/** A booking as the API tells it. */
export interface Booked {
  id: string;
  status: string;
  start: string;
  meeting_url: string;
  lesson: { state: string };
}

const PASSWORD = 'a sentence is a good password';
let people = 0;

/** A name that nobody else on this worker's server has. */
export function newAccount(part: Partial<Account> = {}): Account {
  people += 1;
  const name = part.name ?? `Orla Finch ${people}`;
  const email = `person${people}@journeys.test`;
  return { email, password: PASSWORD, name, zone: 'Europe/Paris', locale: 'en', ...part };
}

/** Calls the API as a program would, and fails on any refusal. */
export async function call<T>(server: Server, method: string, path: string, body?: unknown, token?: string): Promise<T> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (token) headers.authorization = `Bearer ${token}`;
  const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
  const answer = await fetch(server.url + path, init);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? (JSON.parse(text) as { data: T }).data : (undefined as T);
}

/** A bearer token of an account, for 15 minutes of the server's clock. */
export async function tokenOf(server: Server, who: Account): Promise<string> {
  const { email, password } = who;
  const pair = await call<{ access_token: string }>(server, 'POST', '/api/v2/auth/token', { email, password });
  return pair.access_token;
}

async function register(server: Server, who: Account, role: 'student' | 'tutor'): Promise<{ tutor_id?: string }> {
  const { email, password, name, zone, locale } = who;
  return call(server, 'POST', '/api/v2/auth/register', { email, password, name, role, time_zone: zone, locale });
}

/** Registers a student. */
export async function newStudent(server: Server, part: Partial<Account> = {}): Promise<Account> {
  const who = newAccount(part);
  await register(server, who, 'student');
  return who;
}

/** Registers a tutor in Paris who teaches every weekday from 9 to 17, 60 minutes for 30 EUR or 30 for nothing. */
export async function newTutor(server: Server, part: Partial<Account> = {}): Promise<Tutor> {
  const who = newAccount({ zone: 'Europe/Paris', ...part });
  const { tutor_id: id = '' } = await register(server, who, 'tutor');
  const token = await tokenOf(server, who);
  const at = `/api/v2/tutors/${id}`;
  await call(server, 'PUT', `${at}/profile`, PROFILE, token);
  const weekly = [1, 2, 3, 4, 5].map((weekday) => ({ weekday, start: '09:00', end: '17:00' }));
  await call(server, 'PUT', `${at}/availability`, { time_zone: who.zone, weekly, overrides: [] }, token);
  const made = await call<{ id: string }[]>(server, 'PUT', `${at}/offerings`, OFFERINGS, token);
  const { slug } = await call<{ slug: string }>(server, 'GET', at);
  return { ...who, id, slug, offerings: made.map((offering) => offering.id) };
}

const PROFILE = {
  university: 'Université de Genève',
  degree: 'Master of Laws',
  field: 'LAW',
  current_year: 5,
  bio: 'I explain contracts by the cases that made them, slowly, with your own sheet of exercises on the table.',
};

const OFFERINGS = [
  { title: 'Case law', durations: [60], prices: { 60: 3000 }, currency: 'EUR' },
  { title: 'First talk', durations: [30], prices: { 30: 0 }, currency: 'EUR' },
];

/** Books the hour that starts at `start`, by the API; with a card of the payment provider's where one is named. */
export async function book(server: Server, student: Account, tutor: Tutor, start: string, card?: string): Promise<Booked> {
  const body = { tutor_id: tutor.id, offering_id: tutor.offerings[0], start, duration: 60, payment_method: card };
  return call(server, 'POST', '/api/v2/bookings', body, await tokenOf(server, student));
}

/** One's bookings, as the API lists them. */
export async function bookings(server: Server, who: Account): Promise<Booked[]> {
  return call(server, 'GET', '/api/v2/bookings', undefined, await tokenOf(server, who));
}

/** Makes a tutor answer each request. The API has no call for it: it is set where the console sets it. */
export const asksToConfirm = 'UPDATE tutors SET confirm_requests = true WHERE id = $1';
