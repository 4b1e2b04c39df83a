-- Mails about messages that wait, about lessons that can be joined, and about sign-ins.
ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check CHECK (kind IN (
    'receipt', 'payment_failed', 'deposit_failed', 'booking_requested', 'booking_confirmed', 'booking_declined',
    'booking_expired', 'booking_rescheduled', 'booking_cancelled', 'no_show', 'reminder_day', 'reminder_hour',
    'join_now', 'feedback_request', 'new_message', 'sign_in', 'verify_email', 'sign_in_link'
));
ALTER TABLE mail_refusals DROP CONSTRAINT mail_refusals_topic_check;
ALTER TABLE mail_refusals ADD CONSTRAINT mail_refusals_topic_check CHECK (topic IN ('reminders', 'questions', 'messages'));

ALTER TABLE mails
    -- A mail about messages is sent only while its reader has not read the first of them.
    ADD COLUMN waits_in uuid REFERENCES chat_threads,
    ADD COLUMN waits_from bigint,
    ADD CONSTRAINT mails_waiting_whole CHECK ((waits_in IS NULL) = (waits_from IS NULL));

-- In which threads somebody may wait.
CREATE INDEX chat_threads_active ON chat_threads (active_at);

-- From where a person signed in before: a browser by the token that it keeps, a program by its address; hashed.
CREATE TABLE known_devices (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    device_hash bytea NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, device_hash)
);
CREATE INDEX known_devices_seen ON known_devices (seen_at);

-- When it was last shown that the person reads what is sent to the address.
ALTER TABLE users ADD COLUMN email_verified_at timestamptz;

-- Links in mails that stand for a person. Only the hash of the token is kept, and it works once.
CREATE TABLE account_links (
    token_hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    purpose text NOT NULL CHECK (purpose IN ('verify_email', 'sign_in')),
    -- The address to which it was sent: it proves no other.
    email text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    used_at timestamptz
);
CREATE INDEX account_links_user ON account_links (user_id);
CREATE INDEX account_links_expiry ON account_links (expires_at);
