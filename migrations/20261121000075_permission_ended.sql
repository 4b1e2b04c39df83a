-- Who permitted something at a provider is told when that permission ends.

ALTER TABLE notices
    ADD oauth_id uuid REFERENCES oauth_connections ON DELETE CASCADE,
    DROP CONSTRAINT notices_subject,
    ADD CONSTRAINT notices_subject CHECK (num_nonnulls(booking_id, thread_id, payout_id, oauth_id) = 1);
CREATE INDEX notices_oauth ON notices (oauth_id) WHERE oauth_id IS NOT NULL;

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
            kind_check.name, replace(kind_check.definition, 'ARRAY[', 'ARRAY[''permission_ended''::text, '));
    END LOOP;
END $$;
