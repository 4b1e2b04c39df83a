-- Meetings that providers hold for lessons.

CREATE TABLE meetings (
    -- Names the meeting at the provider, so that it is found there after a lost answer.
    id uuid PRIMARY KEY,
    booking_id uuid NOT NULL REFERENCES bookings ON DELETE CASCADE,
    provider text NOT NULL CHECK (provider IN ('zoom', 'google_meet')),
    -- In whose account it is.
    account text NOT NULL,
    -- What the provider calls it, and where it is; unknown before the provider has answered.
    remote_id text,
    url text UNIQUE,
    -- The time for which the provider holds it.
    starts_at timestamptz,
    ends_at timestamptz,
    created_at timestamptz NOT NULL,
    UNIQUE (booking_id, provider, account),
    UNIQUE (provider, remote_id),
    CHECK ((remote_id IS NULL) = (url IS NULL)),
    CHECK ((remote_id IS NULL) = (starts_at IS NULL) AND (starts_at IS NULL) = (ends_at IS NULL))
);

-- Who brings the meetings of a lesson up to date, and what keeps them from that.
CREATE TABLE meeting_work (
    booking_id uuid PRIMARY KEY REFERENCES bookings ON DELETE CASCADE,
    -- Until when one job does it and others wait.
    working_until timestamptz,
    problem text CHECK (problem IN ('unreachable', 'refused', 'forbidden', 'too_large', 'unreadable')),
    failing_since timestamptz,
    CHECK ((problem IS NULL) = (failing_since IS NULL))
);

-- Where one lesson takes place, other than its tutor's lessons do: help for when the provider fails.
ALTER TABLE lessons ADD own_url text UNIQUE;
