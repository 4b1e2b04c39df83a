-- Mails that a person does not want. What is about money and bookings is written all the same.
CREATE TABLE mail_refusals (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    topic text NOT NULL CHECK (topic IN ('reminders', 'questions')),
    refused_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, topic)
);

-- Where a click ends mails of this topic (RFC 8058); NULL for mails that cannot be refused.
ALTER TABLE mails ADD COLUMN unsubscribe text;
