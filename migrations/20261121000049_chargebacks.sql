-- Chargebacks: the bank of a card takes a payment back. They mirror what the payment provider says, in whatever order.
CREATE TABLE chargebacks (
    -- The provider's.
    id text PRIMARY KEY,
    -- A case of its own, or the one that a party had opened before.
    dispute_id uuid NOT NULL REFERENCES disputes,
    booking_id uuid NOT NULL REFERENCES bookings,
    standing text NOT NULL CHECK (standing IN (
        'inquiry', 'inquiry_review', 'needs_response', 'under_review', 'won', 'lost')),
    -- In the bank's words.
    reason text NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    due_by timestamptz,
    opened_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX chargebacks_dispute ON chargebacks (dispute_id);
CREATE INDEX chargebacks_booking ON chargebacks (booking_id);

-- What an admin has sent to the bank; the id is the key of the call. A bank that asks first and takes the payment later
-- is told twice.
CREATE TABLE chargeback_evidence (
    id uuid PRIMARY KEY,
    chargeback_id text NOT NULL REFERENCES chargebacks,
    inquiry boolean NOT NULL,
    words text NOT NULL CHECK (char_length(words) BETWEEN 1 AND 2000),
    asked_by uuid NOT NULL REFERENCES users,
    asked_at timestamptz NOT NULL,
    -- When the provider had answered, and why it took nothing.
    finished_at timestamptz,
    failure text,
    CONSTRAINT chargeback_evidence_once UNIQUE (chargeback_id, inquiry),
    CHECK (failure IS NULL OR finished_at IS NOT NULL)
);

-- A payment that is lost to a bank is given back like a refund, by nobody's decision here: tutor and platform bear
-- their parts, and what was paid out of it is taken back.
ALTER TABLE refunds
    ALTER COLUMN admin_id DROP NOT NULL,
    ADD COLUMN chargeback_id text CONSTRAINT refunds_chargeback_key UNIQUE REFERENCES chargebacks,
    ADD CONSTRAINT refunds_cause CHECK (
        (chargeback_id IS NULL) = (admin_id IS NOT NULL)
        AND (chargeback_id IS NULL OR state = 'succeeded' AND dispute_id IS NULL));
