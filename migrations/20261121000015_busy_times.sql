-- Calendars elsewhere whose busy times take slots away, and what was last known of them.

CREATE TABLE calendar_connections (
    id uuid PRIMARY KEY,
    tutor_id uuid NOT NULL REFERENCES tutors ON DELETE CASCADE,
    -- Whoever knows it can read the calendar: shown to nobody, written into no log.
    url text NOT NULL CHECK (length(url) <= 2000),
    -- When it is read next.
    due_at timestamptz NOT NULL,
    -- When it was last read whole.
    read_at timestamptz NOT NULL,
    -- Since when it fails, and how; NULL while it does not.
    failing_since timestamptz,
    problem text CHECK (problem IN ('unreachable', 'too_large', 'unreadable')),
    created_at timestamptz NOT NULL,
    CONSTRAINT calendar_connections_once UNIQUE (tutor_id, url),
    CHECK ((failing_since IS NULL) = (problem IS NULL))
);
CREATE INDEX calendar_connections_due ON calendar_connections (due_at);

CREATE TABLE busy_ranges (
    connection_id uuid NOT NULL REFERENCES calendar_connections ON DELETE CASCADE,
    tutor_id uuid NOT NULL REFERENCES tutors ON DELETE CASCADE,
    during tstzrange NOT NULL CHECK (NOT isempty(during)),
    PRIMARY KEY (connection_id, during)
);
CREATE INDEX busy_ranges_tutor ON busy_ranges USING gist (tutor_id, during);
