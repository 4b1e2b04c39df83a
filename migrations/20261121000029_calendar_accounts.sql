-- Accounts of tutors with calendar providers, the calendars that they offer, and which of these are read.

CREATE TABLE calendar_accounts (
    id uuid PRIMARY KEY,
    tutor_id uuid NOT NULL REFERENCES tutors ON DELETE CASCADE,
    -- Where its calendars were found.
    url text NOT NULL CHECK (length(url) <= 2000),
    login text NOT NULL CHECK (length(login) <= 320),
    -- The password, encrypted with a key that is not in the database.
    credential bytea NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT calendar_accounts_once UNIQUE (tutor_id, url, login)
);

CREATE TABLE offered_calendars (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES calendar_accounts ON DELETE CASCADE,
    url text NOT NULL CHECK (length(url) <= 2000),
    name text NOT NULL,
    -- The calendar's own zone, where it names one.
    time_zone text,
    UNIQUE (account_id, url)
);

ALTER TABLE calendar_connections
    -- The calendar of an account; NULL for one that is read at an address alone.
    ADD COLUMN offered_id uuid UNIQUE REFERENCES offered_calendars ON DELETE CASCADE,
    -- NULL before it was read for the first time.
    ALTER COLUMN read_at DROP NOT NULL,
    DROP CONSTRAINT calendar_connections_problem_check,
    ADD CONSTRAINT calendar_connections_problem_check
        CHECK (problem IN ('unreachable', 'refused', 'forbidden', 'too_large', 'unreadable'));
