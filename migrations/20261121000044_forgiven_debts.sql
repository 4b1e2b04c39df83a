-- An admin lets a student off a debt: the platform bears it, and the tutor's part is paid out all the same.

ALTER TABLE charges
    DROP CONSTRAINT charges_state_check,
    ADD CONSTRAINT charges_state_check CHECK (
        state IN ('nothing', 'waived', 'scheduled', 'debt', 'paid', 'forgiven'));

-- Who did, and why: its student and its tutor read it.
ALTER TABLE student_debts
    ADD forgiven_by uuid REFERENCES users,
    ADD note text CHECK (char_length(note) BETWEEN 1 AND 500),
    ADD CONSTRAINT student_debts_forgiven CHECK (
        CASE WHEN coalesce(cleared_by, '') = 'forgiven' THEN num_nulls(forgiven_by, note) = 0
             ELSE num_nonnulls(forgiven_by, note) = 0 END);

-- What tutors have earned and is in no payout.
CREATE INDEX charges_to_pay_out ON charges (booking_id) WHERE state IN ('paid', 'forgiven') AND payout_id IS NULL;
DROP INDEX charges_not_paid_out;

-- The mail and the notice about it, beside whatever kinds there are.
DO $$
DECLARE
    kind_check record;
BEGIN
    FOR kind_check IN
        SELECT conrelid::regclass AS of, conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
        WHERE conname IN ('mails_kind_check', 'notices_kind_check') AND connamespace = current_schema()::regnamespace
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s', kind_check.of, kind_check.name,
            kind_check.name, replace(kind_check.definition, 'ARRAY[', 'ARRAY[''debt_forgiven''::text, '));
    END LOOP;
END $$;
