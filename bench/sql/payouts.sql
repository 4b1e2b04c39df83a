-- 10,000 tutors, each of whom taught one of the students of `teachers.sql` a lesson that is paid and cannot be disputed
-- any more at `bench.now`. Ids derive from numbers and are spread as random ones are.

SET session_replication_role = replica;

CREATE TEMPORARY TABLE wanted AS
SELECT n, md5('payee ' || n)::uuid AS tutor, md5('payee user ' || n)::uuid AS tutor_user,
       md5('student ' || n % 100)::uuid AS student, md5('payee offering ' || n)::uuid AS offering,
       md5('payee booking ' || n)::uuid AS booking, md5('payee charge ' || n)::uuid AS charge,
       now - interval '5 days' AS ends_at, now
FROM (SELECT current_setting('bench.now')::timestamptz AS now) AS clock, generate_series(1, 10000) AS n;

INSERT INTO users (id, email, password_hash, name, role, time_zone, created_at)
SELECT tutor_user, 'payee' || n || '@bench.test', 'none', 'Payee ' || n, 'tutor', 'UTC', now FROM wanted;

INSERT INTO tutors (id, user_id, slug, time_zone, university, degree, field, current_year, bio, created_at, updated_at)
SELECT tutor, tutor_user, 'payee-' || n, 'UTC', 'Sorbonne', 'MSc Mathematics', 'SCIENCES', 3,
       repeat('Explains until it is understood. ', 4), now, now
FROM wanted;

INSERT INTO offerings (id, tutor_id, position, title, durations, prices, currency, step_min)
SELECT offering, tutor, 0, 'Mathematics', '{60}', '{2500}', 'EUR', 60 FROM wanted;

INSERT INTO bookings (id, tutor_id, student_id, offering_id, title, starts_at, ends_at, duration_min, price_minor,
    currency, policy, state, join_token, created_at, updated_at)
SELECT booking, tutor, student, offering, 'Mathematics', ends_at - interval '1 hour', ends_at, 60, 2500, 'EUR',
       current_setting('bench.policy')::jsonb, 'completed', 'payee-' || n, ends_at, ends_at
FROM wanted;

INSERT INTO lessons (id, booking_id, state, no_show_wait, min_payable, settled_at)
SELECT md5('payee lesson ' || n)::uuid, booking, 'COMPLETED_ASSUMED', 20, 40, ends_at FROM wanted;

INSERT INTO booking_history (booking_id, from_state, to_state, actor, at)
SELECT booking, 'confirmed', 'completed', 'system', ends_at FROM wanted;

INSERT INTO charges (id, booking_id, rule, facts, terms, currency, amount_minor, fee_minor, payout_minor, state, due_at,
    handed_out_at, payment_intent, paid_at, receipt, payable_after, created_at, updated_at)
SELECT charge, booking, 'completed', '{}', '{}', 'EUR', 2500, 250, 2250, 'paid', ends_at, ends_at, 'pi_payee_' || n, ends_at,
       n, ends_at + interval '72 hours', ends_at, ends_at
FROM wanted;

INSERT INTO receipt_numbers (last) VALUES (10000);

INSERT INTO ledger_events (id, kind, source, booking_id, at)
SELECT md5('payee ' || kind || n)::uuid, kind, 'charge/' || charge || '/' || kind, booking, ends_at
FROM wanted, unnest(ARRAY['settled', 'paid']) AS kind;

INSERT INTO ledger_entries (event_id, account, currency, amount_minor)
SELECT md5('payee ' || line.kind || n)::uuid, line.account, 'EUR', line.amount
FROM wanted, LATERAL (VALUES
    ('settled', 'student:' || student, -2500), ('settled', 'tutor:' || tutor, 2250), ('settled', 'platform', 250),
    ('paid', 'provider', -2500), ('paid', 'student:' || student, 2500)) AS line (kind, account, amount);

DROP TABLE wanted;
SET session_replication_role = origin;
