-- What a person is told on the pages: the bell and its list. Written beside the mails, by the same jobs and sweeps.
CREATE TABLE notices (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN (
        'receipt', 'payment_failed', 'deposit_failed', 'booking_requested', 'booking_confirmed', 'booking_declined',
        'booking_expired', 'booking_rescheduled', 'booking_cancelled', 'no_show', 'reminder_day', 'reminder_hour',
        'join_now', 'feedback_request', 'new_message')),
    -- What it is about: however often that is told, there is one notice of it for each person.
    about text NOT NULL,
    booking_id uuid REFERENCES bookings ON DELETE CASCADE,
    thread_id uuid REFERENCES chat_threads ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    read_at timestamptz,
    CONSTRAINT notices_once UNIQUE (user_id, kind, about),
    CONSTRAINT notices_subject CHECK (num_nonnulls(booking_id, thread_id) = 1)
);
CREATE INDEX notices_list ON notices (user_id, id DESC);
CREATE INDEX notices_unread ON notices (user_id) WHERE read_at IS NULL;
CREATE INDEX notices_created ON notices (created_at);
