import { freeUrl, StandIn } from './stand_in';

/** What stands for Google: its pages for signing in and consenting, and its calendars. */
export class Google extends StandIn {
  /** One that is not started yet: a server is told its address first. */
  static async at(): Promise<Google> {
    return new Google(await freeUrl(), 'LECTERN_TEST_GOOGLE', '/connect/google/callback');
  }

  environment(): Record<string, string> {
    return {
      GOOGLE_CLIENT_ID: 'lectern',
      GOOGLE_CLIENT_SECRET: 'geheim',
      GOOGLE_ISSUER: this.url,
      GOOGLE_API_BASE: this.url,
    };
  }

  /** The names of the events in the calendar Work. */
  async events(): Promise<string[]> {
    const state = await this.ask<State>('look');
    return state.calendars.work.filter((event) => event.status !== 'cancelled').map((event) => event.id);
  }
}

interface State {
  calendars: { work: { id: string; status: string }[] };
}
