import { Client } from 'pg';

/** The address of the test cluster: `scripts/test-db start` prints it. */
function clusterUrl(): string {
  const url = process.env.DATABASE_URL;
  if (!url) throw new Error('DATABASE_URL is not set; run: eval "$(scripts/test-db start)"');
  return url;
}

/** The same address with another database. The host stays wherever it is: a socket's is in the query. */
export function urlOf(database: string): string {
  return clusterUrl().replace(/^(postgres(?:ql)?:\/\/[^/]*)\/[^?]*/, `$1/${database}`);
}

/** Connection settings that `pg` understands also for a unix socket. */
function settings(database: string) {
  const url = new URL(urlOf(database).replace(/^postgres(ql)?:\/\/\//, 'postgres://localhost/'));
  return {
    host: url.searchParams.get('host') ?? url.hostname,
    port: Number(url.port || url.searchParams.get('port') || 5432),
    user: url.searchParams.get('user') ?? (decodeURIComponent(url.username) || 'postgres'),
    password: decodeURIComponent(url.password) || undefined,
    database,
  };
}

/** Runs one statement in `database`. */
export async function query<Row extends object>(database: string, sql: string, values: unknown[] = []): Promise<Row[]> {
  const client = new Client(settings(database));
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

/** Makes an empty database; one left by an interrupted run is dropped first. */
export async function createDatabase(name: string): Promise<void> {
  await dropDatabase(name);
  await query('postgres', `CREATE DATABASE "${name}"`);
}

/** Drops a database and whoever is connected to it. */
export async function dropDatabase(name: string): Promise<void> {
  await query('postgres', `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
}
