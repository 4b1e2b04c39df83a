-- A market to book on: 500 tutors, 2000 signed-in students, 10,000 bookings made already, 60,000 orders, of which
-- no two can conflict.
-- Ids derive from numbers and are spread as random ones are. The present instant comes from the caller
-- in `bench.now`, midnight UTC of tomorrow in `bench.first_day`.

INSERT INTO users (id, email, password_hash, name, role, time_zone, created_at)
SELECT md5('tutor user ' || n)::uuid, 'tutor' || n || '@bench.test', 'none', 'Tutor ' || n, 'tutor', 'UTC',
       current_setting('bench.now')::timestamptz
FROM generate_series(0, 499) AS n;

INSERT INTO users (id, email, password_hash, name, role, time_zone, created_at)
SELECT md5('student ' || n)::uuid, 'student' || n || '@bench.test', 'none', 'Student ' || n, 'student', 'UTC',
       current_setting('bench.now')::timestamptz
FROM generate_series(0, 1999) AS n;

-- The token of student n is `benchmark-session-n`.
INSERT INTO user_sessions (token_hash, user_id, created_at, last_seen_at, expires_at)
SELECT sha256(('benchmark-session-' || n)::bytea), md5('student ' || n)::uuid, now, now, now + interval '1 day'
FROM generate_series(0, 1999) AS n, (SELECT current_setting('bench.now')::timestamptz AS now) AS clock;

INSERT INTO tutors (id, user_id, slug, time_zone, university, degree, field, current_year, bio, created_at, updated_at)
SELECT md5('tutor ' || n)::uuid, md5('tutor user ' || n)::uuid, 'bench-' || n, 'UTC', 'Sorbonne', 'MSc Mathematics',
       'SCIENCES', 3, repeat('Explains until it is understood. ', 4), now, now
FROM generate_series(0, 499) AS n, (SELECT current_setting('bench.now')::timestamptz AS now) AS clock;

-- 08:00–18:00 UTC every day.
INSERT INTO weekly_windows (tutor_id, weekday, start_min, end_min)
SELECT md5('tutor ' || n)::uuid, day, 480, 1080 FROM generate_series(0, 499) AS n, generate_series(0, 6) AS day;

INSERT INTO offerings (id, tutor_id, position, title, durations, prices, currency, step_min)
SELECT md5('offering ' || n)::uuid, md5('tutor ' || n)::uuid, 0, 'Mathematics', '{15}', '{1500}', 'EUR', 15
FROM generate_series(0, 499) AS n;

-- What one booking asks for and writes. Neighbours in number differ in tutor and in student, so that no two
-- under way wait for the same lock. Slots lie between 08:00 and 09:30 of 27 days.
CREATE UNLOGGED TABLE bench_orders (
    n integer PRIMARY KEY,
    student integer NOT NULL,
    tutor_id uuid NOT NULL,
    tutor_user uuid NOT NULL,
    student_id uuid NOT NULL,
    offering_id uuid NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    booking_id uuid NOT NULL,
    lesson_id uuid NOT NULL,
    correlation_id uuid NOT NULL,
    tutor_lock text NOT NULL,
    student_lock text NOT NULL,
    key text NOT NULL,
    hash bytea NOT NULL,
    join_token text NOT NULL,
    payload text NOT NULL,
    told text NOT NULL
);

INSERT INTO bench_orders
SELECT n, student, tutor_id, tutor_user, student_id, offering_id, starts_at, ends_at, booking_id,
       md5('lesson ' || n)::uuid, md5('correlation ' || n)::uuid, 'tutor:' || tutor_id, 'student:' || student_id,
       'order-' || n, sha256(n::text::bytea), left(md5('a' || n) || md5('b' || n), 43),
       jsonb_build_object('booking_id', booking_id, 'status', 'confirmed', 'tutor_id', tutor_id, 'student_id', student_id,
           'offering_id', offering_id, 'start', starts_at, 'end', ends_at, 'duration', 15, 'price', 1500,
           'currency', 'EUR', 'sequence', 0, 'actor', 'student')::text,
       jsonb_build_object('booking_id', booking_id, 'status', 'confirmed', 'start', starts_at)::text
FROM (
    SELECT n, n % 2000 AS student, md5('tutor ' || n % 500)::uuid AS tutor_id,
           md5('tutor user ' || n % 500)::uuid AS tutor_user, md5('student ' || n % 2000)::uuid AS student_id,
           md5('offering ' || n % 500)::uuid AS offering_id, md5('booking ' || n)::uuid AS booking_id, starts_at,
           starts_at + interval '15 minutes' AS ends_at
    FROM generate_series(0, 69999) AS n,
         LATERAL (SELECT n / 500 AS slot) AS place,
         LATERAL (SELECT current_setting('bench.first_day')::timestamptz
                      + make_interval(hours => 24 * (slot % 27) + 8, mins => 15 * (slot / 27)) AS starts_at) AS time
) AS orders;

-- The last 10,000 are bookings already: plans and indexes are those of a market in use. On empty tables the
-- first statements of a connection would be planned for empty tables, and kept.
INSERT INTO bookings (id, tutor_id, student_id, offering_id, title, starts_at, ends_at, duration_min, price_minor,
    currency, policy, state, join_token, created_at, updated_at)
SELECT booking_id, tutor_id, student_id, offering_id, 'Mathematics', starts_at, ends_at, 15, 1500, 'EUR',
       current_setting('bench.policy')::jsonb, 'confirmed', join_token, now, now
FROM bench_orders, (SELECT current_setting('bench.now')::timestamptz AS now) AS clock
WHERE n >= 60000;

INSERT INTO lessons (id, booking_id, state, no_show_wait, min_payable)
SELECT lesson_id, booking_id, 'SCHEDULED', 4, 9 FROM bench_orders WHERE n >= 60000;

INSERT INTO claims (id, kind, tutor_id, student_id, during, lesson, created_at)
SELECT booking_id, 'booking', tutor_id, student_id, tstzrange(starts_at, ends_at), tstzrange(starts_at, ends_at),
       current_setting('bench.now')::timestamptz
FROM bench_orders WHERE n >= 60000;

INSERT INTO idempotency_keys (user_id, key, request_hash, booking_id, created_at)
SELECT student_id, 'made-' || n, hash, booking_id, current_setting('bench.now')::timestamptz
FROM bench_orders WHERE n >= 60000;

INSERT INTO booking_history (booking_id, to_state, actor, actor_id, at)
SELECT booking_id, 'confirmed', 'student', student_id, current_setting('bench.now')::timestamptz
FROM bench_orders WHERE n >= 60000;

INSERT INTO outbox (kind, booking_id, payload, correlation_id, created_at)
SELECT 'booking.created', booking_id, payload::jsonb, correlation_id, current_setting('bench.now')::timestamptz
FROM bench_orders WHERE n >= 60000;

INSERT INTO live_events (user_id, kind, payload, created_at)
SELECT unnest(ARRAY[tutor_user, student_id]), 'booking.created', told::jsonb, current_setting('bench.now')::timestamptz
FROM bench_orders WHERE n >= 60000;

DELETE FROM bench_orders WHERE n >= 60000;
