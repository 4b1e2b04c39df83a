-- Mails about bookings.
ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check CHECK (kind IN (
    'receipt', 'payment_failed', 'deposit_failed', 'booking_requested', 'booking_confirmed', 'booking_declined',
    'booking_expired', 'booking_rescheduled', 'booking_cancelled'
));
