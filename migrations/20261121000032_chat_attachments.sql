-- Files of messages. The row comes first, then the file, then `stored_at`: a file without a row does not exist, and what
-- no message has taken after a day is removed with its file.

CREATE TABLE chat_attachments (
    id uuid PRIMARY KEY,
    thread_id uuid NOT NULL REFERENCES chat_threads,
    owner_id uuid NOT NULL REFERENCES users,
    message_id bigint REFERENCES chat_messages,
    -- As the sender called it.
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
    -- Found from the content.
    content_type text NOT NULL CHECK (content_type IN ('image/jpeg', 'application/pdf')),
    size bigint NOT NULL CHECK (size > 0),
    -- Of images.
    width integer,
    height integer,
    created_at timestamptz NOT NULL,
    stored_at timestamptz,
    CONSTRAINT chat_attachments_stored CHECK (message_id IS NULL OR stored_at IS NOT NULL),
    CONSTRAINT chat_attachments_image CHECK ((content_type = 'image/jpeg') = (width IS NOT NULL AND height IS NOT NULL))
);
CREATE INDEX chat_attachments_message ON chat_attachments (message_id);
CREATE INDEX chat_attachments_loose ON chat_attachments (created_at) WHERE message_id IS NULL;
