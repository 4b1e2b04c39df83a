-- When each person last had a page of the site open: noted every few seconds by the servers that hold their streams.

CREATE TABLE presence (
    user_id uuid PRIMARY KEY REFERENCES users,
    seen_at timestamptz NOT NULL
) WITH (fillfactor = 50);
