-- What keeps a conversation safe: blocking, reports to an admin, and what the admin decided.

-- Since when this member has blocked the other one.
ALTER TABLE chat_members ADD COLUMN blocked_at timestamptz;
-- Shown to nobody any more, and kept as evidence.
ALTER TABLE chat_messages ADD COLUMN removed_at timestamptz;

CREATE TABLE chat_reports (
    id uuid PRIMARY KEY,
    thread_id uuid NOT NULL REFERENCES chat_threads,
    -- Without one it is about the conversation.
    message_id bigint REFERENCES chat_messages,
    reporter_id uuid NOT NULL REFERENCES users,
    -- The other one of the two.
    about_id uuid NOT NULL REFERENCES users CHECK (about_id <> reporter_id),
    reason text NOT NULL CHECK (reason IN ('harassment', 'spam', 'fraud', 'inappropriate', 'other')),
    note text CHECK (char_length(note) BETWEEN 1 AND 500),
    created_at timestamptz NOT NULL,
    decision text CHECK (decision IN ('dismiss', 'remove', 'suspend')),
    decided_by uuid REFERENCES users,
    decided_at timestamptz,
    decision_note text CHECK (char_length(decision_note) BETWEEN 1 AND 500),
    CONSTRAINT chat_reports_decided CHECK (num_nonnulls(decision, decided_by, decided_at, decision_note) IN (0, 4)),
    CONSTRAINT chat_reports_removable CHECK (decision <> 'remove' OR message_id IS NOT NULL)
);
-- The same thing is reported once until it is decided.
CREATE UNIQUE INDEX chat_reports_open ON chat_reports (thread_id, reporter_id, coalesce(message_id, 0))
    WHERE decision IS NULL;
CREATE INDEX chat_reports_queue ON chat_reports (created_at, id) WHERE decision IS NULL;
CREATE INDEX chat_reports_past ON chat_reports (decided_at DESC, id) WHERE decision IS NOT NULL;

-- Who may not write, because of which report.
CREATE TABLE chat_suspensions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    report_id uuid NOT NULL REFERENCES chat_reports,
    since timestamptz NOT NULL,
    lifted_at timestamptz,
    lifted_by uuid REFERENCES users,
    lift_note text CHECK (char_length(lift_note) BETWEEN 1 AND 500),
    CONSTRAINT chat_suspensions_lifted CHECK (num_nonnulls(lifted_at, lifted_by, lift_note) IN (0, 3))
);
CREATE UNIQUE INDEX chat_suspensions_one ON chat_suspensions (user_id) WHERE lifted_at IS NULL;
