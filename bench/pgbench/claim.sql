-- What any queue on Postgres must do at least: take ten jobs that nobody else has, and be done with them.
DELETE FROM bench_jobs WHERE id IN (SELECT id FROM bench_jobs ORDER BY id LIMIT 10 FOR UPDATE SKIP LOCKED);
