-- When a person wants quiet: wall time of their zone. What can wait is told after it.
CREATE TABLE quiet_hours (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    -- Minutes from midnight; across midnight where the end is not after the start.
    from_min smallint NOT NULL CHECK (from_min BETWEEN 0 AND 1439),
    until_min smallint NOT NULL CHECK (until_min BETWEEN 0 AND 1439),
    -- The quiet that was found last: when and in which zone, and when it ends. Until then nobody need look again.
    found_at timestamptz,
    found_in text,
    ends_at timestamptz,
    CONSTRAINT quiet_hours_some CHECK (from_min <> until_min),
    CONSTRAINT quiet_hours_found CHECK (num_nulls(found_at, found_in, ends_at) IN (0, 3))
);
