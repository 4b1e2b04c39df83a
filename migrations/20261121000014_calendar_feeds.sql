-- The secret address of each person's calendar. The secret derives from `serial` and the server's own secret; only its
-- hash is kept, so that who reads the table cannot read the calendars.

CREATE TABLE calendar_feeds (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    serial uuid NOT NULL,
    secret_hash bytea NOT NULL UNIQUE,
    renewed_at timestamptz NOT NULL
);
