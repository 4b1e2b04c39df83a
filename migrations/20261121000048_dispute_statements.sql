-- What is said in disputes, what was decided about their money, and the mails and notices about them.

CREATE TABLE dispute_statements (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dispute_id uuid NOT NULL REFERENCES disputes,
    author_id uuid NOT NULL REFERENCES users,
    body text NOT NULL CHECK (char_length(body) BETWEEN 1 AND 2000),
    created_at timestamptz NOT NULL
);
CREATE INDEX dispute_statements_dispute ON dispute_statements (dispute_id, id);

-- given_back: a refund. reduced: so much less is owed.
ALTER TABLE disputes
    ADD remedy text CHECK (remedy IN ('nothing', 'given_back', 'reduced')),
    ADD CONSTRAINT disputes_remedy CHECK (
        (state = 'decided') = (remedy IS NOT NULL) AND (remedy = 'nothing') = (amount_minor = 0));

ALTER TABLE refunds ADD dispute_id uuid CONSTRAINT refunds_dispute_key UNIQUE REFERENCES disputes;

-- What was owed and is not any more: the amounts of the charge are what is left.
ALTER TABLE charges ADD reduced_minor bigint NOT NULL DEFAULT 0 CHECK (reduced_minor >= 0);
ALTER TABLE student_debts
    DROP CONSTRAINT student_debts_cleared_by_check,
    ADD CONSTRAINT student_debts_cleared_by_check CHECK (cleared_by IN ('paid', 'forgiven', 'reduced'));

-- One kind more, whatever others there are meanwhile.
DO $$
DECLARE
    kind_check record;
BEGIN
    FOR kind_check IN
        SELECT conrelid::regclass AS of, conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
        WHERE conname IN ('mails_kind_check', 'notices_kind_check') AND connamespace = current_schema()::regnamespace
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s', kind_check.of, kind_check.name,
            kind_check.name, replace(kind_check.definition, 'ARRAY[', 'ARRAY[''dispute''::text, '));
    END LOOP;
END $$;
