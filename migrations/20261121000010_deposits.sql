-- Money that is secured for a lesson before it: authorized on the card, or paid ahead (setting `collection`).

CREATE TABLE deposits (
    id uuid PRIMARY KEY,
    booking_id uuid NOT NULL REFERENCES bookings,
    kind text NOT NULL CHECK (kind IN ('authorize', 'prepay')),
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    -- scheduled: to be asked for. secured: the card's bank has said yes. declined: it said no. used: the charge was
    -- taken from it. released: nothing is taken from it, or nothing any more.
    state text NOT NULL CHECK (state IN ('scheduled', 'secured', 'declined', 'used', 'released')),
    due_at timestamptz NOT NULL,
    -- When the job that asks for it was handed out.
    handed_out_at timestamptz,
    card_id text,
    payment_intent text CONSTRAINT deposits_payment_intent_key UNIQUE,
    -- Until when an authorization can be captured.
    capture_before timestamptz,
    -- What the charge took, and what was given back.
    used_minor bigint NOT NULL DEFAULT 0,
    returned_minor bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (used_minor + returned_minor BETWEEN 0 AND amount_minor),
    CHECK (state NOT IN ('secured', 'used') OR payment_intent IS NOT NULL)
);
CREATE UNIQUE INDEX deposits_active ON deposits (booking_id) WHERE state IN ('scheduled', 'secured');
CREATE INDEX deposits_booking ON deposits (booking_id);
CREATE INDEX deposits_due ON deposits (due_at) WHERE state = 'scheduled' AND handed_out_at IS NULL;

-- The mail about a deposit that the card's bank refused.
ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check CHECK (kind IN ('receipt', 'payment_failed', 'deposit_failed'));
