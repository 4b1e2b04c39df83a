-- Lessons with the numbers from `bench.first` to `bench.last`, of which nothing is known but that they were booked: their
-- outcome is the rule's for nobody who joined. They end in the hour before `bench.now` where `bench.due` is true,
-- else one a minute from tomorrow on. Ids derive from numbers and are spread as random ones are.

CREATE TEMPORARY TABLE wanted ON COMMIT DROP AS
SELECT n, md5('lesson booking ' || n)::uuid AS booking_id, n % 100 AS student, (n / 7) % 100 AS tutor,
       CASE WHEN current_setting('bench.due')::boolean
            THEN now - interval '2 hours' + (n % 3600) * interval '1 second'
            ELSE now + interval '1 day' + n * interval '1 minute' END AS starts_at,
       now
FROM generate_series(current_setting('bench.first')::integer, current_setting('bench.last')::integer) AS n,
     (SELECT current_setting('bench.now')::timestamptz AS now) AS clock;

INSERT INTO bookings (id, tutor_id, student_id, offering_id, title, starts_at, ends_at, duration_min, price_minor,
    currency, policy, state, join_token, created_at, updated_at)
SELECT booking_id, md5('tutor ' || tutor)::uuid, md5('student ' || student)::uuid, md5('offering ' || tutor)::uuid,
       'Mathematics', starts_at, starts_at + interval '1 hour', 60, 2500, 'EUR',
       current_setting('bench.policy')::jsonb, 'confirmed', 'lesson-' || n, now, now
FROM wanted;

INSERT INTO lessons (id, booking_id, state, no_show_wait, min_payable)
SELECT md5('lesson ' || n)::uuid, booking_id, 'SCHEDULED', 20, 40 FROM wanted;

INSERT INTO booking_history (booking_id, to_state, actor, actor_id, at)
SELECT booking_id, 'confirmed', 'student', md5('student ' || student)::uuid, now FROM wanted;
