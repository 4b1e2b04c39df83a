-- One busy tutor, `bench-busy`: 15-minute slots 09:00–17:00 in New York every day, other hours on 20 of the next
-- 30 days, 200 bookings spread over them. The present instant comes from the caller in `bench.now`, midnight UTC
-- of tomorrow in `bench.first_day`.

INSERT INTO users (id, email, password_hash, name, role, time_zone, created_at)
SELECT md5(role)::uuid, role || '@bench.test', 'none', 'Busy ' || role, role, 'America/New_York',
       current_setting('bench.now')::timestamptz
FROM unnest(ARRAY['tutor', 'student']) AS role;

INSERT INTO tutors (id, user_id, slug, time_zone, university, degree, field, current_year, bio, created_at, updated_at)
SELECT md5('busy')::uuid, md5('tutor')::uuid, 'bench-busy', 'America/New_York', 'Columbia', 'MSc Mathematics', 'SCIENCES',
       3, repeat('Explains until it is understood. ', 4), now, now
FROM (SELECT current_setting('bench.now')::timestamptz AS now) AS clock;

INSERT INTO weekly_windows (tutor_id, weekday, start_min, end_min)
SELECT md5('busy')::uuid, day, 540, 1020 FROM generate_series(0, 6) AS day;

INSERT INTO availability_overrides (tutor_id, date, starts, ends)
SELECT md5('busy')::uuid, left(current_setting('bench.first_day'), 10)::date + n * 3 / 2,
       CASE WHEN n % 4 = 0 THEN '{}' ELSE '{480,840}'::smallint[] END,
       CASE WHEN n % 4 = 0 THEN '{}' ELSE '{720,1080}'::smallint[] END
FROM generate_series(0, 19) AS n;

INSERT INTO offerings (id, tutor_id, position, title, durations, prices, currency, step_min)
VALUES (md5('offering')::uuid, md5('busy')::uuid, 0, 'Mathematics', '{15}', '{1500}', 'EUR', 15);

CREATE TEMPORARY TABLE busy_slots AS
SELECT md5('busy booking ' || n)::uuid AS id, md5('busy lesson ' || n)::uuid AS lesson_id, starts_at,
       starts_at + interval '15 minutes' AS ends_at, current_setting('bench.now')::timestamptz AS now
FROM generate_series(0, 199) AS n,
     LATERAL (SELECT current_setting('bench.first_day')::timestamptz + make_interval(mins => n * 210) AS starts_at) AS time;

INSERT INTO bookings (id, tutor_id, student_id, offering_id, title, starts_at, ends_at, duration_min, price_minor,
    currency, policy, state, join_token, created_at, updated_at)
SELECT id, md5('busy')::uuid, md5('student')::uuid, md5('offering')::uuid, 'Mathematics', starts_at, ends_at, 15, 1500,
       'EUR', current_setting('bench.policy')::jsonb, 'confirmed', 'busy-' || id, now, now
FROM busy_slots;

INSERT INTO lessons (id, booking_id, state, no_show_wait, min_payable)
SELECT lesson_id, id, 'SCHEDULED', 4, 9 FROM busy_slots;

INSERT INTO claims (id, kind, tutor_id, student_id, during, lesson, created_at)
SELECT id, 'booking', md5('busy')::uuid, md5('student')::uuid, tstzrange(starts_at, ends_at), tstzrange(starts_at, ends_at), now
FROM busy_slots;
