-- Bookings, the claims that keep a slot from being sold twice, lessons and their evidence.

CREATE TABLE bookings (
    id uuid PRIMARY KEY,
    tutor_id uuid NOT NULL REFERENCES tutors,
    student_id uuid NOT NULL REFERENCES users,
    offering_id uuid NOT NULL REFERENCES offerings,
    -- Copied when it is made: a later change of the offering or a setting never alters a booking.
    title text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
    duration_min smallint NOT NULL,
    price_minor bigint NOT NULL CHECK (price_minor >= 0),
    currency text NOT NULL,
    policy jsonb NOT NULL,
    state text NOT NULL CHECK (state IN (
        'requested', 'pending_review', 'confirmed', 'completed', 'no_show_student', 'no_show_tutor',
        'mutual_no_show', 'early_end', 'cancelled', 'expired', 'declined'
    )),
    note text,
    reason text,
    -- Grows with each reschedule; also the SEQUENCE of the calendar entry.
    sequence integer NOT NULL DEFAULT 0,
    join_token text NOT NULL UNIQUE,
    expires_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX bookings_tutor ON bookings (tutor_id, starts_at);
CREATE INDEX bookings_student ON bookings (student_id, starts_at);
CREATE INDEX bookings_requests ON bookings (expires_at) WHERE state = 'requested';
CREATE INDEX bookings_due ON bookings (ends_at) WHERE state = 'confirmed';

-- Every slot that is taken, by a hold or a booking. The two constraints are the last judges:
-- no tutor's claims overlap (buffers included), nor do the lessons of one student.
CREATE TABLE claims (
    -- The id of the hold or of the booking.
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('hold', 'booking')),
    tutor_id uuid NOT NULL REFERENCES tutors ON DELETE CASCADE,
    student_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    during tstzrange NOT NULL CHECK (NOT isempty(during)),
    lesson tstzrange NOT NULL CHECK (NOT isempty(lesson)),
    -- Holds only.
    expires_at timestamptz CHECK ((kind = 'hold') = (expires_at IS NOT NULL)),
    created_at timestamptz NOT NULL,
    CONSTRAINT claims_tutor_overlap EXCLUDE USING gist (tutor_id WITH =, during WITH &&),
    CONSTRAINT claims_student_overlap EXCLUDE USING gist (student_id WITH =, lesson WITH &&) WHERE (kind = 'booking')
);
CREATE INDEX claims_expiry ON claims (expires_at) WHERE kind = 'hold';

-- What each hold was asked for, kept a day: a booking may name a hold that has lapsed meanwhile.
-- Only its row in claims reserves anything.
CREATE TABLE holds (
    id uuid PRIMARY KEY,
    tutor_id uuid NOT NULL REFERENCES tutors ON DELETE CASCADE,
    student_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    offering_id uuid NOT NULL REFERENCES offerings ON DELETE CASCADE,
    starts_at timestamptz NOT NULL,
    duration_min smallint NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX holds_created ON holds (created_at);

CREATE TABLE booking_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    booking_id uuid NOT NULL REFERENCES bookings,
    from_state text,
    to_state text NOT NULL,
    -- student, tutor, admin or system; the person, where there is one.
    actor text NOT NULL,
    actor_id uuid REFERENCES users,
    reason text,
    details jsonb,
    at timestamptz NOT NULL
);
CREATE INDEX booking_history_booking ON booking_history (booking_id, id);

-- Meeting links that were valid once: they answer 410.
CREATE TABLE retired_join_tokens (
    token text PRIMARY KEY,
    booking_id uuid NOT NULL REFERENCES bookings,
    retired_at timestamptz NOT NULL
);

CREATE TABLE lessons (
    id uuid PRIMARY KEY,
    booking_id uuid NOT NULL UNIQUE REFERENCES bookings,
    state text NOT NULL CHECK (state IN (
        'SCHEDULED', 'JOIN_OPEN', 'IN_PROGRESS', 'COMPLETED_ASSUMED', 'NO_SHOW_STUDENT', 'NO_SHOW_TUTOR',
        'MUTUAL_NO_SHOW', 'EARLY_END_SHORT', 'CANCELLED'
    )),
    no_show_wait integer NOT NULL,
    min_payable integer NOT NULL,
    -- When a trusted source saw it end: the tutor's own "end lesson".
    trusted_end_at timestamptz,
    settled_at timestamptz
);

-- Every attempt to join, let in or not: evidence of attendance.
CREATE TABLE attendance (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lesson_id uuid NOT NULL REFERENCES lessons,
    user_id uuid NOT NULL REFERENCES users,
    party text NOT NULL CHECK (party IN ('student', 'tutor')),
    kind text NOT NULL CHECK (kind IN ('join', 'join_refused')),
    code text,
    at timestamptz NOT NULL
);
CREATE INDEX attendance_lesson ON attendance (lesson_id, id);

CREATE TABLE ratings (
    booking_id uuid CONSTRAINT ratings_once PRIMARY KEY REFERENCES bookings,
    tutor_id uuid NOT NULL REFERENCES tutors,
    student_id uuid NOT NULL REFERENCES users,
    rating smallint NOT NULL CHECK (rating BETWEEN 1 AND 5),
    feedback text,
    created_at timestamptz NOT NULL
);
CREATE INDEX ratings_tutor ON ratings (tutor_id, created_at DESC);

-- What an Idempotency-Key was used for, kept 24 h.
CREATE TABLE idempotency_keys (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    booking_id uuid NOT NULL REFERENCES bookings,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, key)
);

-- What happened, written in the transaction in which it happened.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    booking_id uuid REFERENCES bookings,
    payload jsonb NOT NULL,
    correlation_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    dispatched_at timestamptz
);
CREATE INDEX outbox_pending ON outbox (id) WHERE dispatched_at IS NULL;

-- What a person's open pages are told. Ids of one person grow in the order of commits.
CREATE TABLE live_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX live_events_user ON live_events (user_id, id);
