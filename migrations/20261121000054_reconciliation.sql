-- Comparing the ledger with the payment provider's own account of the platform's balance, day by day.

-- The lines of that account, as the provider tells them.
CREATE TABLE provider_lines (
    -- The provider's id of the line.
    id text PRIMARY KEY,
    -- fee: charged beside any movement. own: to and from the platform's bank. Neither is compared.
    kind text NOT NULL CHECK (kind IN (
        'payment', 'refund', 'refund_failed', 'transfer', 'reversal', 'chargeback', 'other', 'fee', 'own')),
    -- The row of ours that caused it, where the provider's object names one; else the provider's id.
    reference text NOT NULL,
    -- The provider's object, and the payment that it is about.
    object text,
    payment text,
    -- What came to the balance before the fee; negative where it went. A chargeback's fee is in its amount.
    amount_minor bigint NOT NULL,
    fee_minor bigint NOT NULL,
    -- Of the amount, and of the fee: they differ where the provider exchanged.
    currency text NOT NULL,
    fee_currency text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX provider_lines_reference ON provider_lines (reference);
CREATE INDEX provider_lines_created ON provider_lines (created_at, id);

-- The same of the ledger: what came to the provider's balance, by its own word.
CREATE VIEW ledger_moves AS
    SELECT v.id AS event_id, v.at, v.booking_id,
           -- What is given back of a deposit once more has a key of its own, the fourth part.
           coalesce(nullif(split_part(v.source, '/', 4), ''), split_part(v.source, '/', 2)) AS reference,
           CASE WHEN v.kind = 'paid' THEN 'payment'
                WHEN v.kind IN ('refunded', 'returned') THEN 'refund'
                WHEN v.kind IN ('refund_failed', 'return_failed') THEN 'refund_failed'
                WHEN v.kind IN ('transferred', 'withheld') THEN 'transfer'
                WHEN v.kind = 'reversed' THEN 'reversal'
                ELSE 'chargeback' END AS kind,
           n.currency, -n.amount_minor AS amount_minor
    FROM ledger_events v JOIN ledger_entries n ON n.event_id = v.id AND n.account = 'provider'
    -- The fee of a chargeback is told with it; all others are entered from what the provider tells.
    WHERE v.kind <> 'fee' OR v.source LIKE 'chargeback/%';
CREATE INDEX ledger_events_reference ON ledger_events
    (coalesce(nullif(split_part(source, '/', 4), ''), split_part(source, '/', 2)));
CREATE INDEX ledger_events_at ON ledger_events (at, id);

-- A comparison. Every step is noted, so that whoever comes next goes on where another was killed.
CREATE TABLE reconciliations (
    id uuid PRIMARY KEY,
    -- The admin who asked for it; none: it was due.
    asked_by uuid REFERENCES users,
    stage text NOT NULL CHECK (stage IN ('reading', 'provider', 'ledger', 'open', 'done')),
    -- Which lines are read: those made since then, and after which one it goes on. None: all, from the newest.
    read_from timestamptz,
    cursor text,
    -- When the newest line was made that was read: the next one begins there.
    newest timestamptz,
    -- Movements after the one and until the other are judged, and how far that is.
    judged_from timestamptz NOT NULL,
    judged_until timestamptz NOT NULL,
    cursor_at timestamptz NOT NULL,
    cursor_id text NOT NULL,
    -- How many lines were read that were not known, how many movements judged, differences found and closed.
    lines bigint NOT NULL DEFAULT 0,
    judged bigint NOT NULL DEFAULT 0,
    found bigint NOT NULL DEFAULT 0,
    closed bigint NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL,
    -- When its job was last handed out.
    handed_out_at timestamptz NOT NULL,
    finished_at timestamptz,
    CHECK ((stage = 'done') = (finished_at IS NOT NULL))
);
CREATE UNIQUE INDEX reconciliations_one_open ON reconciliations ((true)) WHERE finished_at IS NULL;
CREATE INDEX reconciliations_handed_out ON reconciliations (handed_out_at);
CREATE INDEX reconciliations_started ON reconciliations (started_at DESC);

-- What the provider kept for its work, by currency: entered into the ledger when all was read.
CREATE TABLE reconciliation_fees (
    reconciliation_id uuid NOT NULL REFERENCES reconciliations,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    PRIMARY KEY (reconciliation_id, currency)
);

-- In what the two differ. It is closed when they do not any more.
CREATE TABLE differences (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    reference text NOT NULL,
    fault text NOT NULL CHECK (fault IN (
        'missing_at_provider', 'missing_in_ledger', 'doubled', 'other_currency', 'other_amount')),
    ledger_minor bigint,
    ledger_currency text,
    provider_minor bigint,
    provider_currency text,
    -- How often the provider has it.
    provider_lines bigint NOT NULL,
    -- The provider's object, one of them; ours, as far as they are known.
    object text,
    booking_id uuid REFERENCES bookings,
    payout_id uuid REFERENCES payouts,
    found_by uuid NOT NULL REFERENCES reconciliations,
    found_at timestamptz NOT NULL,
    closed_at timestamptz,
    CHECK ((ledger_minor IS NULL) = (ledger_currency IS NULL)),
    CHECK ((provider_minor IS NULL) = (provider_currency IS NULL))
);
CREATE UNIQUE INDEX differences_open ON differences (kind, reference) WHERE closed_at IS NULL;
CREATE INDEX differences_listed ON differences (id) WHERE closed_at IS NULL;
CREATE INDEX differences_closed ON differences (closed_at DESC, id DESC) WHERE closed_at IS NOT NULL;
CREATE INDEX differences_found_by ON differences (found_by);
