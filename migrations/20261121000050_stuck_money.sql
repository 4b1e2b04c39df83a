-- Money that was to be given back and did not arrive: a case for admins, who have it tried again, and a mail.

ALTER TABLE cases
    DROP CONSTRAINT cases_kind_check,
    ADD CONSTRAINT cases_kind_check CHECK (kind IN (
        'late_evidence', 'refund_failed', 'deposit_not_returned', 'reversal_failed')),
    -- The refund, the try to give a deposit back, or the reversal.
    ADD COLUMN about uuid,
    ADD CONSTRAINT cases_about CHECK ((kind = 'late_evidence') = (about IS NULL)),
    ADD CONSTRAINT cases_about_key UNIQUE (kind, about);

-- Under which key what was paid ahead is given back; none for the first try, whose key is the deposit's id.
ALTER TABLE deposits ADD COLUMN return_id uuid CONSTRAINT deposits_return_key UNIQUE;

DO $$
DECLARE
    kind_check record;
BEGIN
    FOR kind_check IN
        SELECT conrelid::regclass AS of, conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
        WHERE conname IN ('mails_kind_check', 'notices_kind_check') AND connamespace = current_schema()::regnamespace
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s', kind_check.of, kind_check.name,
            kind_check.name, replace(kind_check.definition, 'ARRAY[', 'ARRAY[''refund_failed''::text, '));
    END LOOP;
END $$;
