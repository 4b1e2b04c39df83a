-- A receipt for each message and its reader, as exports show them. What is kept is each step that a member came on:
-- a message was delivered, or read, when the member first came up to it or beyond it.

CREATE TABLE chat_steps (
    thread_id uuid NOT NULL,
    user_id uuid NOT NULL,
    -- Up to which message.
    message_id bigint NOT NULL,
    receipt text NOT NULL CHECK (receipt IN ('delivered', 'read')),
    at timestamptz NOT NULL,
    PRIMARY KEY (thread_id, user_id, receipt, message_id),
    FOREIGN KEY (thread_id, user_id) REFERENCES chat_members
);

CREATE VIEW chat_message_receipts AS
SELECT m.id AS message_id, m.thread_id, reader.user_id AS reader_id,
    m.id <= reader.delivered_to AS delivered,
    m.id <= reader.read_to AS read,
    (SELECT s.at FROM chat_steps s
     WHERE s.thread_id = m.thread_id AND s.user_id = reader.user_id AND s.receipt = 'delivered'
         AND s.message_id >= m.id
     ORDER BY s.message_id LIMIT 1) AS delivered_at,
    (SELECT s.at FROM chat_steps s
     WHERE s.thread_id = m.thread_id AND s.user_id = reader.user_id AND s.receipt = 'read'
         AND s.message_id >= m.id
     ORDER BY s.message_id LIMIT 1) AS read_at
FROM chat_messages m
JOIN chat_members reader ON reader.thread_id = m.thread_id AND reader.user_id <> m.sender_id;
