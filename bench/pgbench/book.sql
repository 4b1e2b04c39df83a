-- One booking, as `services::booking::place` makes it: the same statements in the same order on the same rows,
-- one round trip each, from BEGIN to COMMIT. `make bench` runs it by
--     pgbench -n -M prepared -c 16 -j 2 -D i=0 -f book.sql
-- on a copy of the database on which the server is measured. Checks that the server makes in Rust are left out;
-- so are what it reads before the transaction (who asks, whether the slot is free) and the NOTIFY after it.

-- Which order, in the place of the server's look at who asks: one read by key.
\set n :i * 16 + :client_id
\set i :i + 1
SELECT tutor_id, tutor_user, student_id, offering_id, starts_at, ends_at, booking_id, lesson_id, correlation_id, tutor_lock, student_lock, key, hash, join_token, payload, told FROM bench_orders WHERE n = :n \gset

BEGIN;

-- booking::store::lock_parties: the tutor, then the student.
SELECT pg_advisory_xact_lock(hashtextextended(:tutor_lock, 0));
SELECT pg_advisory_xact_lock(hashtextextended(:student_lock, 0));

-- booking::store::find_key
SELECT request_hash, booking_id FROM idempotency_keys
WHERE user_id = :student_id::uuid AND key = :key AND created_at > now() - interval '24 hours';

-- payment::store::has_debt
SELECT EXISTS (SELECT FROM student_debts WHERE student_id = :student_id::uuid AND cleared_at IS NULL);

-- booking::store::close_holds
DELETE FROM claims WHERE kind = 'hold' AND tutor_id = :tutor_id::uuid
    AND (expires_at <= now() OR student_id = :student_id::uuid);

-- settings::load
SELECT name, value FROM settings;

-- availability::store::load: weekly hours, overrides, offerings, claims, tutor.
SELECT w.tutor_id, w.weekday, w.start_min, w.end_min
FROM unnest(ARRAY[:tutor_id::uuid]) AS wanted (id) JOIN weekly_windows w ON w.tutor_id = wanted.id
ORDER BY w.tutor_id, w.weekday, w.start_min, w.end_min;

SELECT o.tutor_id, o.date, o.starts, o.ends, o.reason
FROM unnest(ARRAY[:tutor_id::uuid]) AS wanted (id)
JOIN availability_overrides o ON o.tutor_id = wanted.id
 AND o.date BETWEEN :starts_at::timestamptz::date - 7 AND coalesce(:starts_at::timestamptz::date + 7, 'infinity'::date)
ORDER BY o.tutor_id, o.date;

SELECT o.id, o.tutor_id, o.title, o.durations, o.prices, o.currency, o.step_min,
       o.buffer_before_min, o.buffer_after_min, o.fixed, o.archived_at
FROM unnest(ARRAY[:tutor_id::uuid]) AS wanted (id)
JOIN offerings o ON o.tutor_id = wanted.id AND o.archived_at IS NULL
ORDER BY o.tutor_id, o.position, o.id;

SELECT c.tutor_id, lower(c.during) AS "start", upper(c.during) AS "end"
FROM unnest(ARRAY[:tutor_id::uuid]) AS wanted (id)
JOIN claims c ON c.tutor_id = wanted.id
 AND c.during && tstzrange(:starts_at::timestamptz - interval '2 days', :starts_at::timestamptz + interval '2 days')
WHERE c.expires_at IS NULL OR c.expires_at > now();

SELECT t.id, t.user_id, t.time_zone, t.bio IS NOT NULL AS complete, t.is_active, t.provider,
       t.confirm_requests, t.notice_min, t.horizon_days, t.cancel_notice_min, t.fee_bps
FROM tutors t JOIN users u ON u.id = t.user_id
WHERE t.id = ANY(ARRAY[:tutor_id::uuid]) AND u.deleted_at IS NULL;

-- booking::store::insert_claim
INSERT INTO claims (id, kind, tutor_id, student_id, during, lesson, expires_at, created_at)
VALUES (:booking_id::uuid, 'booking', :tutor_id::uuid, :student_id::uuid,
    tstzrange(:starts_at::timestamptz, :ends_at::timestamptz), tstzrange(:starts_at::timestamptz, :ends_at::timestamptz),
    NULL, now());

-- booking::store::insert: the booking and its lesson.
INSERT INTO bookings (id, tutor_id, student_id, offering_id, title, starts_at, ends_at, duration_min,
    price_minor, currency, policy, state, note, join_token, expires_at, created_at, updated_at)
VALUES (:booking_id::uuid, :tutor_id::uuid, :student_id::uuid, :offering_id::uuid, 'Mathematics',
    :starts_at::timestamptz, :ends_at::timestamptz, 15, 1500, 'EUR',
    '{"notice_min": 120, "horizon_days": 30, "cancel_notice_min": 120, "confirm_requests": false, "fee_bps": 1000}',
    'confirmed', NULL, :join_token, NULL, now(), now());

INSERT INTO lessons (id, booking_id, state, no_show_wait, min_payable)
VALUES (:lesson_id::uuid, :booking_id::uuid, 'SCHEDULED', 4, 9);

-- booking::store::insert_key
INSERT INTO idempotency_keys (user_id, key, request_hash, booking_id, created_at)
VALUES (:student_id::uuid, :key, :hash::bytea, :booking_id::uuid, now())
ON CONFLICT (user_id, key) DO UPDATE
SET request_hash = excluded.request_hash, booking_id = excluded.booking_id, created_at = excluded.created_at;

-- booking::store::find: the booking as its parties see it.
SELECT b.id, b.state, b.tutor_id, t.user_id AS tutor_user, tu.name AS tutor_name, t.slug AS tutor_slug,
       t.time_zone AS tutor_zone, b.student_id, s.name AS student_name, s.time_zone AS student_zone,
       b.offering_id, b.title, b.starts_at, b.ends_at, b.duration_min, b.price_minor, b.currency,
       b.policy, b.note, b.reason, b.sequence, b.join_token, b.expires_at, l.id AS lesson_id,
       l.state AS lesson_state, l.no_show_wait, l.min_payable, r.rating, b.created_at
FROM bookings b
JOIN tutors t ON t.id = b.tutor_id
JOIN users tu ON tu.id = t.user_id
JOIN users s ON s.id = b.student_id
JOIN lessons l ON l.booking_id = b.id
LEFT JOIN ratings r ON r.booking_id = b.id
WHERE b.id = :booking_id::uuid;

-- booking::events::record: history and outbox.
INSERT INTO booking_history (booking_id, from_state, to_state, actor, actor_id, reason, details, at)
VALUES (:booking_id::uuid, NULL, 'confirmed', 'student', :student_id::uuid, NULL, NULL, now());

INSERT INTO outbox (kind, booking_id, payload, correlation_id, created_at)
VALUES ('booking.created', :booking_id::uuid, :payload::jsonb, :correlation_id::uuid, now());

-- live::record: the locks of the two people in one order, then their events.
WITH ordered AS MATERIALIZED (
    SELECT user_id FROM unnest(ARRAY[:tutor_user::uuid, :student_id::uuid]) AS user_id ORDER BY user_id
), locked AS MATERIALIZED (
    SELECT count(pg_advisory_xact_lock(hashtextextended('live:' || user_id::text, 0))) AS locks FROM ordered
)
INSERT INTO live_events (user_id, kind, payload, created_at)
SELECT user_id, 'booking.created', :told::jsonb, now() FROM ordered, locked WHERE locks >= 0;

COMMIT;
