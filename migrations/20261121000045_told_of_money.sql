-- Refunds are told to their students; payouts, sent or refused, are also told on the pages and by push.

ALTER TABLE notices
    ADD payout_id uuid REFERENCES payouts ON DELETE CASCADE,
    DROP CONSTRAINT notices_subject,
    ADD CONSTRAINT notices_subject CHECK (num_nonnulls(booking_id, thread_id, payout_id) = 1);

-- More kinds, whatever others there are meanwhile.
DO $$
DECLARE
    kind_check record;
BEGIN
    FOR kind_check IN
        SELECT conrelid::regclass AS of, conname AS name, pg_get_constraintdef(oid) AS definition,
               CASE conname WHEN 'mails_kind_check' THEN 'ARRAY[''refund''::text, ''payout_failed''::text, '
                            ELSE 'ARRAY[''refund''::text, ''payout''::text, ''payout_failed''::text, ' END AS more
        FROM pg_constraint
        WHERE conname IN ('mails_kind_check', 'notices_kind_check') AND connamespace = current_schema()::regnamespace
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s', kind_check.of, kind_check.name,
            kind_check.name, replace(kind_check.definition, 'ARRAY[', kind_check.more));
    END LOOP;
END $$;
