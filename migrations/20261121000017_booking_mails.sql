-- Mails about bookings.
ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check CHECK (kind IN (
    'receipt', 'payment_failed', 'deposit_failed', 'booking_requested', 'booking_confirmed', 'booking_declined',
    'booking_expired', 'booking_rescheduled', 'booking_cancelled'
));

-- The calendar file that a mail carries, and what it asks the calendar to do.
ALTER TABLE mails
    ADD COLUMN calendar text,
    ADD COLUMN calendar_method text CHECK (calendar_method IN ('REQUEST', 'CANCEL')),
    ADD CONSTRAINT mails_calendar_whole CHECK ((calendar IS NULL) = (calendar_method IS NULL));
