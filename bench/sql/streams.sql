-- People who talk: pairs of a tutor and a student, each pair with a thread, everybody signed in.
-- How many pairs comes from the caller in `bench.last`, the present instant in `bench.now`. Person n has the token
-- `benchmark-session-n`: tutors have even numbers, their students the next ones.

INSERT INTO users (id, email, password_hash, name, role, time_zone, created_at)
SELECT md5('person ' || n)::uuid, 'person' || n || '@bench.test', 'none', 'Person ' || n,
       CASE WHEN n % 2 = 0 THEN 'tutor' ELSE 'student' END, 'UTC', current_setting('bench.now')::timestamptz
FROM generate_series(0, 2 * current_setting('bench.last')::integer - 1) AS n;

INSERT INTO user_sessions (token_hash, user_id, created_at, last_seen_at, expires_at)
SELECT sha256(('benchmark-session-' || n)::bytea), md5('person ' || n)::uuid, now, now, now + interval '1 day'
FROM generate_series(0, 2 * current_setting('bench.last')::integer - 1) AS n,
     (SELECT current_setting('bench.now')::timestamptz AS now) AS clock;

INSERT INTO tutors (id, user_id, slug, time_zone, created_at, updated_at)
SELECT md5('tutor ' || pair)::uuid, md5('person ' || 2 * pair)::uuid, 'bench-' || pair, 'UTC', now, now
FROM generate_series(0, current_setting('bench.last')::integer - 1) AS pair,
     (SELECT current_setting('bench.now')::timestamptz AS now) AS clock;

INSERT INTO chat_threads (id, tutor_id, student_id, opened_by, created_at, active_at)
SELECT md5('thread ' || pair)::uuid, md5('tutor ' || pair)::uuid, md5('person ' || 2 * pair + 1)::uuid,
       md5('person ' || 2 * pair + 1)::uuid, now, now
FROM generate_series(0, current_setting('bench.last')::integer - 1) AS pair,
     (SELECT current_setting('bench.now')::timestamptz AS now) AS clock;

INSERT INTO chat_members (thread_id, user_id)
SELECT md5('thread ' || pair)::uuid, md5('person ' || person)::uuid
FROM generate_series(0, current_setting('bench.last')::integer - 1) AS pair,
     generate_series(2 * pair, 2 * pair + 1) AS person;
