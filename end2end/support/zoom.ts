import { createHmac } from 'node:crypto';
import type { Server } from './server';
import { freeUrl, StandIn } from './stand_in';

/** Signs what Zoom tells a server. */
const SECRET = 'of the journeys';

/** Where its meetings are: nothing is there. */
export const ZOOM_MEETINGS = 'zoom.example';

/** A meeting that Zoom holds. */
export interface ZoomMeeting {
  id: number;
  join_url: string;
  start_time: string;
  /** Minutes. */
  duration: number;
}

/** What stands for Zoom: its pages for signing in and consenting, its meetings, and what it tells of them. */
export class Zoom extends StandIn {
  /** One that is not started yet: a server is told its address first. */
  static async at(): Promise<Zoom> {
    return new Zoom(await freeUrl(), 'LECTERN_TEST_ZOOM', '/connect/zoom/callback');
  }

  environment(): Record<string, string> {
    return {
      ZOOM_CLIENT_ID: 'lectern',
      ZOOM_CLIENT_SECRET: 'geheim',
      ZOOM_WEBHOOK_SECRET: SECRET,
      ZOOM_BASE: this.url,
      ZOOM_API_BASE: this.url,
    };
  }

  /** All meetings that it holds. */
  async meetings(): Promise<ZoomMeeting[]> {
    const state = await this.ask<{ meetings: ZoomMeeting[] }>('look');
    return state.meetings;
  }

  /** Tells a server that somebody came to a meeting: the owner of its account, or a guest who is signed in. */
  async tellJoined(server: Server, meeting: ZoomMeeting, who: { owner: string } | { guest: string }, at: string): Promise<void> {
    const known = 'owner' in who ? { id: hostOf(who.owner), email: who.owner } : { id: '', email: who.guest };
    const participant = { user_id: '16778240', user_name: 'As shown there', ...known, join_time: at };
    await this.tell(server, 'meeting.participant_joined', { ...about(meeting), participant }, at);
  }

  /** Tells a server that a meeting ended. */
  async tellEnded(server: Server, meeting: ZoomMeeting, at: string): Promise<void> {
    await this.tell(server, 'meeting.ended', { ...about(meeting), start_time: meeting.start_time, end_time: at }, at);
  }

  /** Tells a server that the owner of an account removed its app. */
  async tellRemoved(server: Server, owner: string, at: string): Promise<void> {
    const told = { user_id: hostOf(owner), client_id: this.environment().ZOOM_CLIENT_ID, deauthorization_time: at };
    await this.send(server, 'app_deauthorized', told, at);
  }

  private async tell(server: Server, event: string, object: object, at: string): Promise<void> {
    await this.send(server, event, { object }, at);
  }

  /** Tells a server something, signed, at the moment that its clock shows. */
  private async send(server: Server, event: string, told: object, at: string): Promise<void> {
    const moment = Date.parse(at);
    const body = JSON.stringify({ event, event_ts: moment, payload: { account_id: 'AAAAAABBBB', ...told } });
    const timestamp = String(moment / 1000);
    const signature = createHmac('sha256', SECRET).update(`v0:${timestamp}:${body}`).digest('hex');
    const answer = await fetch(`${server.url}/api/zoom/webhook`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-zm-request-timestamp': timestamp, 'x-zm-signature': `v0=${signature}` },
      body,
    });
    if (!answer.ok) throw new Error(`${event}: ${answer.status} ${await answer.text()}`);
  }
}

/** What Zoom calls the owner of an account. */
const hostOf = (login: string): string => `host-${login}`;

/** What a message says of its meeting. */
const about = (meeting: ZoomMeeting): object => ({
  id: String(meeting.id),
  uuid: `uuid-${meeting.id}==`,
  type: 2,
  topic: 'A lesson',
  duration: meeting.duration,
  timezone: 'UTC',
});
