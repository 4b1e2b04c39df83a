-- A mail that could not be sent before its reader's quiet hours began waits for their end.
ALTER TABLE mails ADD held_until timestamptz;
CREATE INDEX mails_held ON mails (held_until) WHERE held_until IS NOT NULL;
