-- A mail whose address nobody has ends with the mail server's first answer. `error` says what that was.
ALTER TABLE mails
    ADD refused_at timestamptz,
    ADD CONSTRAINT mails_one_end CHECK (sent_at IS NULL OR refused_at IS NULL);
CREATE INDEX mails_refused ON mails (refused_at) WHERE refused_at IS NOT NULL;
