-- Chat: one thread for each tutor and student, its messages, and how far each of the two has come.

CREATE TABLE chat_threads (
    id uuid PRIMARY KEY,
    tutor_id uuid NOT NULL REFERENCES tutors,
    student_id uuid NOT NULL REFERENCES users,
    -- Until something is written the other person does not see it.
    opened_by uuid NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL,
    -- When the last message was sent; without one, when it was opened.
    active_at timestamptz NOT NULL CHECK (active_at >= created_at),
    CONSTRAINT chat_threads_pair UNIQUE (tutor_id, student_id)
);
CREATE INDEX chat_threads_student ON chat_threads (student_id);

-- Written under the lock of the thread's row: within a thread ids and times grow together, in the order of commits.
CREATE TABLE chat_messages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thread_id uuid NOT NULL REFERENCES chat_threads,
    sender_id uuid NOT NULL REFERENCES users,
    body text NOT NULL CHECK (char_length(body) BETWEEN 1 AND 4000),
    -- Contact data was taken out of it before it was kept.
    masked boolean NOT NULL,
    -- The sender's own name for it: what is sent twice is one message.
    client_id text,
    sent_at timestamptz NOT NULL,
    CONSTRAINT chat_messages_once UNIQUE (thread_id, sender_id, client_id)
);
CREATE INDEX chat_messages_order ON chat_messages (thread_id, sent_at, id);
CREATE INDEX chat_messages_thread ON chat_messages (thread_id, id);

-- Receipts follow from how far a member has come: a message of the other with an id up to it.
CREATE TABLE chat_members (
    thread_id uuid NOT NULL REFERENCES chat_threads,
    user_id uuid NOT NULL REFERENCES users,
    delivered_to bigint NOT NULL DEFAULT 0,
    read_to bigint NOT NULL DEFAULT 0 CHECK (read_to <= delivered_to),
    PRIMARY KEY (thread_id, user_id)
);
CREATE INDEX chat_members_user ON chat_members (user_id);
