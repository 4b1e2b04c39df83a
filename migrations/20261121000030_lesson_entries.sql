-- Lessons written into calendars elsewhere.

ALTER TABLE calendar_accounts
    -- The calendar into which lessons are written; NULL where none are.
    ADD COLUMN lessons_in uuid REFERENCES offered_calendars ON DELETE SET NULL,
    -- Since when they cannot be, and why.
    ADD COLUMN lessons_failing_since timestamptz,
    ADD COLUMN lessons_problem text CHECK (lessons_problem IN ('unreachable', 'refused', 'forbidden', 'unreadable')),
    ADD CONSTRAINT calendar_accounts_lessons_failing
        CHECK ((lessons_failing_since IS NULL) = (lessons_problem IS NULL));

-- Where a lesson is written, or may be: the row is there before the provider is asked, and gone after the entry is.
CREATE TABLE lesson_entries (
    account_id uuid NOT NULL REFERENCES calendar_accounts ON DELETE CASCADE,
    booking_id uuid NOT NULL REFERENCES bookings ON DELETE CASCADE,
    url text NOT NULL,
    -- Names what was last written; NULL before that is known.
    written bytea,
    PRIMARY KEY (account_id, booking_id, url)
);
CREATE INDEX lesson_entries_booking ON lesson_entries (booking_id);
