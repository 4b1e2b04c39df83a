-- A person's export of their own data: asked for, made by a job, downloaded for a while, and removed.

CREATE TABLE data_exports (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    state text NOT NULL CHECK (state IN ('requested', 'ready', 'expired')),
    requested_at timestamptz NOT NULL,
    -- When its file was there, and how many bytes that has.
    ready_at timestamptz,
    size bigint CHECK (size > 0),
    -- From when on it is not downloaded, or, while there is no file, not made any more.
    ends_at timestamptz NOT NULL CHECK (ends_at > requested_at),
    -- When whatever there was of its file was removed.
    removed_at timestamptz,
    CHECK ((ready_at IS NULL) = (size IS NULL)),
    CHECK (state <> 'ready' OR ready_at IS NOT NULL),
    CHECK (state <> 'requested' OR ready_at IS NULL),
    CHECK (state = 'expired' OR removed_at IS NULL)
);
-- One at a time is made for a person.
CREATE UNIQUE INDEX data_exports_one_waits ON data_exports (user_id) WHERE state = 'requested';
CREATE INDEX data_exports_user ON data_exports (user_id, requested_at DESC);
CREATE INDEX data_exports_kept ON data_exports (ends_at) WHERE removed_at IS NULL;

ALTER TABLE notices
    ADD export_id uuid REFERENCES data_exports ON DELETE CASCADE,
    DROP CONSTRAINT notices_subject,
    ADD CONSTRAINT notices_subject
        CHECK (num_nonnulls(booking_id, thread_id, payout_id, oauth_id, export_id) = 1);
CREATE INDEX notices_export ON notices (export_id) WHERE export_id IS NOT NULL;

-- One more kind, whatever others there are meanwhile.
DO $$
DECLARE
    kind_check record;
BEGIN
    FOR kind_check IN
        SELECT conrelid::regclass AS of, conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
        WHERE conname IN ('mails_kind_check', 'notices_kind_check') AND connamespace = current_schema()::regnamespace
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s', kind_check.of, kind_check.name,
            kind_check.name, replace(kind_check.definition, 'ARRAY[', 'ARRAY[''export_ready''::text, '));
    END LOOP;
END $$;
