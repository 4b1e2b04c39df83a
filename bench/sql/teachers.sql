-- 100 tutors and 100 students, for lessons that are due. The present instant comes from the caller in `bench.now`.

INSERT INTO users (id, email, password_hash, name, role, time_zone, created_at)
SELECT md5('tutor user ' || n)::uuid, 'tutor' || n || '@bench.test', 'none', 'Tutor ' || n, 'tutor', 'UTC',
       current_setting('bench.now')::timestamptz
FROM generate_series(0, 99) AS n;

INSERT INTO users (id, email, password_hash, name, role, time_zone, created_at)
SELECT md5('student ' || n)::uuid, 'student' || n || '@bench.test', 'none', 'Student ' || n, 'student', 'UTC',
       current_setting('bench.now')::timestamptz
FROM generate_series(0, 99) AS n;

INSERT INTO tutors (id, user_id, slug, time_zone, university, degree, field, current_year, bio, created_at, updated_at)
SELECT md5('tutor ' || n)::uuid, md5('tutor user ' || n)::uuid, 'bench-' || n, 'UTC', 'Sorbonne', 'MSc Mathematics',
       'SCIENCES', 3, repeat('Explains until it is understood. ', 4), now, now
FROM generate_series(0, 99) AS n, (SELECT current_setting('bench.now')::timestamptz AS now) AS clock;

INSERT INTO offerings (id, tutor_id, position, title, durations, prices, currency, step_min)
SELECT md5('offering ' || n)::uuid, md5('tutor ' || n)::uuid, 0, 'Mathematics', '{60}', '{2500}', 'EUR', 60
FROM generate_series(0, 99) AS n;
