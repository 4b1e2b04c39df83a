-- Files of statements in disputes. As of messages: the row comes first, then the file, then `stored_at`, and what no
-- statement has taken after a day is removed with its file. What a statement has stays with the record.

CREATE TABLE dispute_files (
    id uuid PRIMARY KEY,
    -- A file can be there before the dispute is: the statement that opens it takes it.
    booking_id uuid NOT NULL REFERENCES bookings,
    owner_id uuid NOT NULL REFERENCES users,
    statement_id bigint REFERENCES dispute_statements,
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
    CONSTRAINT dispute_files_stored CHECK (statement_id IS NULL OR stored_at IS NOT NULL),
    CONSTRAINT dispute_files_image CHECK ((content_type = 'image/jpeg') = (width IS NOT NULL AND height IS NOT NULL))
);
CREATE INDEX dispute_files_booking ON dispute_files (booking_id);
CREATE INDEX dispute_files_statement ON dispute_files (statement_id);
CREATE INDEX dispute_files_owner ON dispute_files (owner_id);
CREATE INDEX dispute_files_loose ON dispute_files (created_at) WHERE statement_id IS NULL;
