-- Tutors: profile, hours, offerings.

CREATE TABLE tutors (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL UNIQUE REFERENCES users ON DELETE CASCADE,
    slug text NOT NULL CONSTRAINT tutors_slug_key UNIQUE,
    -- The zone of the tutor's hours.
    time_zone text NOT NULL,
    -- The first five make the profile complete; all or none of them are set.
    university text,
    degree text,
    field text,
    current_year smallint CHECK (current_year BETWEEN 1 AND 10),
    bio text,
    linkedin text,
    headline text,
    languages text[] NOT NULL DEFAULT '{}',
    goals text[] NOT NULL DEFAULT '{}',
    is_active boolean NOT NULL DEFAULT true,
    -- Settings; NULL means the platform's.
    confirm_requests boolean,
    notice_min integer CHECK (notice_min BETWEEN 0 AND 20160),
    horizon_days integer CHECK (horizon_days BETWEEN 1 AND 365),
    cancel_notice_min integer CHECK (cancel_notice_min BETWEEN 0 AND 20160),
    fee_bps integer CHECK (fee_bps BETWEEN 0 AND 10000),
    -- The video provider in use. Jitsi counts as connected from the start.
    provider text NOT NULL DEFAULT 'jitsi' CHECK (provider IN ('jitsi', 'external')),
    external_url text CHECK (provider <> 'external' OR external_url IS NOT NULL),
    rating_count integer NOT NULL DEFAULT 0,
    rating_sum integer NOT NULL DEFAULT 0,
    photo_etag text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT tutors_complete CHECK (
        num_nulls(university, degree, field, current_year, bio) IN (0, 5)
    )
);
CREATE INDEX tutors_field ON tutors (field) WHERE is_active AND bio IS NOT NULL;

-- 400 × 400, upright, without metadata.
CREATE TABLE tutor_photos (
    tutor_id uuid PRIMARY KEY REFERENCES tutors ON DELETE CASCADE,
    content bytea NOT NULL,
    updated_at timestamptz NOT NULL
);

-- Weekly hours: weekday 0 is Sunday, minutes from midnight in the tutor's zone; an end beyond 1440
-- is the tail in the next day.
CREATE TABLE weekly_windows (
    tutor_id uuid NOT NULL REFERENCES tutors ON DELETE CASCADE,
    weekday smallint NOT NULL CHECK (weekday BETWEEN 0 AND 6),
    start_min smallint NOT NULL CHECK (start_min BETWEEN 0 AND 1440),
    end_min smallint NOT NULL CHECK (end_min > start_min AND end_min <= 2880),
    PRIMARY KEY (tutor_id, weekday, start_min, end_min)
);

-- What replaces the weekly hours on one civil date; no windows means a day off.
CREATE TABLE availability_overrides (
    tutor_id uuid NOT NULL REFERENCES tutors ON DELETE CASCADE,
    date date NOT NULL,
    starts smallint[] NOT NULL,
    ends smallint[] NOT NULL,
    reason text,
    PRIMARY KEY (tutor_id, date),
    CHECK (cardinality(starts) = cardinality(ends))
);

CREATE TABLE offerings (
    id uuid PRIMARY KEY,
    tutor_id uuid NOT NULL REFERENCES tutors ON DELETE CASCADE,
    position smallint NOT NULL,
    title text NOT NULL,
    -- Minutes, ascending, each with its price in minor units at the same place.
    durations smallint[] NOT NULL,
    prices bigint[] NOT NULL,
    currency text NOT NULL CHECK (length(currency) = 3),
    step_min smallint,
    buffer_before_min smallint NOT NULL DEFAULT 0,
    buffer_after_min smallint NOT NULL DEFAULT 0,
    fixed boolean NOT NULL DEFAULT false,
    -- Bookings keep pointing at offerings that are no longer offered.
    archived_at timestamptz,
    CHECK (cardinality(durations) = cardinality(prices) AND cardinality(durations) > 0)
);
CREATE INDEX offerings_tutor ON offerings (tutor_id, position) WHERE archived_at IS NULL;
