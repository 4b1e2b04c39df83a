-- Recordings of lessons, as their provider tells of them.

CREATE TABLE recordings (
    provider text NOT NULL CHECK (provider IN ('zoom')),
    -- What the provider calls it: a meeting that was left and entered again has several.
    remote_id text NOT NULL CHECK (length(remote_id) <= 200),
    booking_id uuid NOT NULL REFERENCES bookings ON DELETE CASCADE,
    -- Where it can be seen; NULL once it was removed there: a message that comes late does not bring it back.
    url text,
    -- Sealed.
    passcode bytea,
    started_at timestamptz,
    minutes integer CHECK (minutes >= 0),
    -- When the provider said so: the latest word counts.
    told_at timestamptz NOT NULL,
    -- From then on nothing is known of it here any more.
    kept_until timestamptz NOT NULL,
    PRIMARY KEY (provider, remote_id),
    CHECK ((url IS NULL) = (started_at IS NULL)),
    CHECK (url IS NOT NULL OR num_nonnulls(passcode, minutes) = 0)
);
CREATE INDEX recordings_booking ON recordings (booking_id);
CREATE INDEX recordings_kept ON recordings (kept_until);
