-- Admins are written to when money that was to be given back or taken back has not arrived: one more kind of mail.
DO $$
DECLARE
    kind_check record;
BEGIN
    FOR kind_check IN
        SELECT conrelid::regclass AS of, conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
        WHERE conname = 'mails_kind_check' AND connamespace = current_schema()::regnamespace
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s', kind_check.of, kind_check.name,
            kind_check.name, replace(kind_check.definition, 'ARRAY[', 'ARRAY[''money_stuck''::text, '));
    END LOOP;
END $$;
