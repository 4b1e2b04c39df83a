-- Calendars whose provider tells us of changes: over a channel that we ask for and that ends by itself.

ALTER TABLE calendar_connections
    -- The channel's id, which the provider says when it tells of a change.
    ADD COLUMN channel uuid CONSTRAINT calendar_connections_channel UNIQUE,
    -- When to ask for a channel (again); none for at the next reading.
    ADD COLUMN channel_due_at timestamptz,
    -- When a change was told last that had the calendar read at once.
    ADD COLUMN told_at timestamptz;
