-- What a stream of one thread goes on from: receipts have an order too. And who is writing at this moment.

-- Drawn under the lock of the thread's row, as the ids of messages are.
CREATE SEQUENCE chat_revisions;
ALTER TABLE chat_members ADD COLUMN revision bigint NOT NULL DEFAULT 0;
-- When this member last said to be writing.
ALTER TABLE chat_members ADD COLUMN typing_at timestamptz;
