-- The mail about a payout, beside whatever kinds there are.
DO $$
DECLARE
    kinds text := (SELECT pg_get_constraintdef(oid) FROM pg_constraint
                   WHERE conname = 'mails_kind_check' AND conrelid = 'mails'::regclass);
BEGIN
    ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
    EXECUTE 'ALTER TABLE mails ADD CONSTRAINT mails_kind_check '
        || replace(kinds, '''sign_in_link''::text', '''sign_in_link''::text, ''payout''::text');
END $$;
