-- What video providers tell us by themselves: as it came, each message once.

CREATE TABLE video_events (
    -- The digest of the message: sent again it is the same.
    id text PRIMARY KEY,
    provider text NOT NULL CHECK (provider IN ('zoom')),
    kind text NOT NULL,
    -- What the provider calls the meeting, and when it happened, where the message says so.
    remote_id text,
    at timestamptz,
    payload jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    processed_at timestamptz
);
CREATE INDEX video_events_meeting ON video_events (provider, remote_id, kind);
