-- Mails that the clock makes due, and no-show notices.
ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check CHECK (kind IN (
    'receipt', 'payment_failed', 'deposit_failed', 'booking_requested', 'booking_confirmed', 'booking_declined',
    'booking_expired', 'booking_rescheduled', 'booking_cancelled', 'no_show', 'reminder_day', 'reminder_hour',
    'feedback_request'
));

ALTER TABLE mails
    -- From when on it is not sent any more; NULL where it is always of use.
    ADD COLUMN useful_until timestamptz,
    -- A reminder is sent only while its booking is confirmed and was not moved since.
    ADD COLUMN reminds_of uuid REFERENCES bookings,
    ADD COLUMN reminds_sequence integer,
    ADD CONSTRAINT mails_reminder_whole CHECK ((reminds_of IS NULL) = (reminds_sequence IS NULL));

-- What reminders and questions are derived from.
CREATE INDEX bookings_upcoming ON bookings (starts_at) WHERE state = 'confirmed';
CREATE INDEX bookings_taught ON bookings (ends_at) WHERE state = 'completed';
