-- Payments with the numbers from 0 to below `bench.last`, of the lessons of `lessons.sql`, as the ledger has them: spread
-- over the 29 days that end four hours before `bench.now`. Ids derive from numbers and are spread as random ones are.
-- That events balance is known here, and is not judged row by row.

SET session_replication_role = replica;

CREATE TEMPORARY TABLE wanted AS
SELECT n, (lpad(to_hex(n * 2654435761 % 4294967296), 8, '0') || '-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid AS id,
       to_timestamp(current_setting('bench.from')::bigint + n * 29 * 86400 / count) AS at
FROM (SELECT current_setting('bench.last')::bigint AS count) AS numbers,
     generate_series(0, count - 1) AS n;

INSERT INTO ledger_events (id, kind, source, booking_id, at)
SELECT id, 'paid', 'charge/' || id || '/paid', md5('lesson booking ' || 1 + n % 1000)::uuid, at FROM wanted;

INSERT INTO ledger_entries (event_id, account, currency, amount_minor)
SELECT id, line.account, 'EUR', line.amount
FROM wanted, LATERAL (VALUES ('provider', -2500), ('student:' || md5('student ' || n % 100)::uuid, 2500))
     AS line (account, amount);

DROP TABLE wanted;
SET session_replication_role = origin;
