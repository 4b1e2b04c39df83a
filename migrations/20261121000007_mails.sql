-- Mails: written once for what they are about, then sent; in development they are only kept.

CREATE TABLE mails (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    kind text NOT NULL CHECK (kind IN ('receipt', 'payment_failed')),
    -- What it is about, such as receipt/{charge}: however often that is told, there is one mail.
    dedupe_key text NOT NULL CONSTRAINT mails_dedupe_key_key UNIQUE,
    to_address text NOT NULL,
    locale text NOT NULL,
    subject text NOT NULL,
    html text NOT NULL,
    text text NOT NULL,
    -- The same at each try, so that a mail that arrives twice is known to be one.
    message_id text NOT NULL CONSTRAINT mails_message_id_key UNIQUE,
    created_at timestamptz NOT NULL,
    -- When the mail server took it.
    sent_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    -- What the last try failed with.
    error text,
    CHECK (sent_at IS NULL OR error IS NULL)
);
CREATE INDEX mails_created ON mails (created_at DESC, id);
CREATE INDEX mails_user ON mails (user_id);
