-- Accounts at Google beside those over CalDAV.

ALTER TABLE calendar_accounts
    ADD COLUMN kind text NOT NULL DEFAULT 'caldav' CHECK (kind IN ('caldav', 'google')),
    -- Where no password is kept but tokens are.
    ADD COLUMN oauth_id uuid UNIQUE REFERENCES oauth_connections ON DELETE CASCADE,
    ALTER COLUMN credential DROP NOT NULL,
    ADD CONSTRAINT calendar_accounts_way_in CHECK (
        kind = 'caldav' AND credential IS NOT NULL AND oauth_id IS NULL
        OR kind = 'google' AND credential IS NULL AND oauth_id IS NOT NULL);

-- Whether lessons can be written into a calendar, as far as its provider says.
ALTER TABLE offered_calendars ADD COLUMN writable boolean NOT NULL DEFAULT true;

-- The time that was last written: a calendar that tells only when somebody is busy does not say that it is our lesson.
ALTER TABLE lesson_entries
    ADD COLUMN shown_from timestamptz,
    ADD COLUMN shown_to timestamptz;
