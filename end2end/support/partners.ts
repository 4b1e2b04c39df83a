import { test as base } from './fixtures';
import { Google } from './google';
import { Server } from './server';
import { Zoom } from './zoom';

/** Who signs in at the providers. */
export const LOGIN = 'tina@example.org';

/** A server that knows Zoom and Google, and both of them. */
export const test = base.extend<object, { google: Google; zoom: Zoom }>({
  google: [
    async ({}, use) => {
      const google = await Google.at();
      await use(google);
      google.stop();
    },
    { scope: 'worker' },
  ],
  zoom: [
    async ({}, use) => {
      const zoom = await Zoom.at();
      await use(zoom);
      zoom.stop();
    },
    { scope: 'worker' },
  ],
  server: [
    async ({ google, zoom }, use, worker) => {
      const known = { ...google.environment(), ...zoom.environment() };
      const server = await Server.start(`partners_${worker.project.name}_${worker.workerIndex}`, known);
      await Promise.all([google.start(server.url), zoom.start(server.url)]);
      await use(server);
      await server.stop();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  // Their own pages ask for fonts elsewhere.
  watch: async ({ watch, google, zoom }, use) => {
    for (const other of ['fonts\\.googleapis\\.com', google.url, zoom.url]) watch.allow(new RegExp(other));
    await use(watch);
  },
});
