-- Cards, charges, refunds, debts. Amounts are in minor units of their currency.

-- The payment provider's customer of a person.
CREATE TABLE payment_customers (
    user_id uuid PRIMARY KEY REFERENCES users,
    customer text NOT NULL CONSTRAINT payment_customers_customer_key UNIQUE,
    created_at timestamptz NOT NULL
);

-- Saved cards, by the provider's id. The numbers are the provider's alone.
CREATE TABLE cards (
    id text PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    brand text NOT NULL,
    last4 text NOT NULL,
    exp_month smallint NOT NULL,
    exp_year smallint NOT NULL,
    is_default boolean NOT NULL,
    created_at timestamptz NOT NULL,
    removed_at timestamptz
);
CREATE INDEX cards_user ON cards (user_id, created_at) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX cards_default ON cards (user_id) WHERE is_default AND removed_at IS NULL;

-- Consent to charge a card later, in the words that were shown.
CREATE TABLE card_consents (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    card_id text,
    booking_id uuid REFERENCES bookings,
    version text NOT NULL,
    text text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX card_consents_user ON card_consents (user_id, id);

-- The card that the student chose; without one, the default at the time of the charge.
ALTER TABLE bookings ADD card_id text;

-- What a lesson costs, from its outcome on. One for each booking that was settled.
CREATE TABLE charges (
    id uuid PRIMARY KEY,
    booking_id uuid NOT NULL CONSTRAINT charges_booking_key UNIQUE REFERENCES bookings,
    -- Why: the rule and all that it was found from (domain::charge).
    rule text NOT NULL,
    facts jsonb NOT NULL,
    terms jsonb NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    fee_minor bigint NOT NULL,
    payout_minor bigint NOT NULL,
    refunded_minor bigint NOT NULL DEFAULT 0 CHECK (refunded_minor BETWEEN 0 AND amount_minor),
    refunded_fee_minor bigint NOT NULL DEFAULT 0 CHECK (refunded_fee_minor BETWEEN 0 AND fee_minor),
    -- nothing: the rule says so. waived: below what the provider can charge.
    state text NOT NULL CHECK (state IN ('nothing', 'waived', 'scheduled', 'debt', 'paid')),
    due_at timestamptz NOT NULL,
    -- When the job that charges it was handed out; with it, the sweep is done with this row.
    handed_out_at timestamptz,
    -- One payment for each booking, whatever is tried.
    payment_intent text CONSTRAINT charges_payment_intent_key UNIQUE,
    paid_at timestamptz,
    receipt bigint CONSTRAINT charges_receipt_key UNIQUE,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (fee_minor + payout_minor = amount_minor),
    CHECK ((state = 'paid') = (paid_at IS NOT NULL AND payment_intent IS NOT NULL AND receipt IS NOT NULL)),
    CHECK ((state = 'nothing') = (amount_minor = 0))
);
CREATE INDEX charges_due ON charges (due_at) WHERE state = 'scheduled' AND handed_out_at IS NULL;
CREATE INDEX charges_debt ON charges (booking_id) WHERE state = 'debt';

-- Each try to charge. Its id is the key under which the provider is asked: asked again, it acts once.
CREATE TABLE charge_attempts (
    id uuid PRIMARY KEY,
    charge_id uuid NOT NULL REFERENCES charges,
    kind text NOT NULL CHECK (kind IN ('off_session', 'on_session')),
    state text NOT NULL CHECK (state IN ('pending', 'succeeded', 'declined')),
    payment_intent text,
    card_id text,
    code text,
    decline_code text,
    message text,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    CHECK ((state = 'pending') = (finished_at IS NULL))
);
CREATE INDEX charge_attempts_charge ON charge_attempts (charge_id, created_at);
CREATE UNIQUE INDEX charge_attempts_pending ON charge_attempts (charge_id) WHERE state = 'pending';

-- Each refund is its own row, and so its own key: two equal ones are two.
CREATE TABLE refunds (
    id uuid PRIMARY KEY,
    charge_id uuid NOT NULL REFERENCES charges,
    booking_id uuid NOT NULL REFERENCES bookings,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    fee_minor bigint NOT NULL,
    payout_minor bigint NOT NULL,
    reason text NOT NULL,
    admin_id uuid NOT NULL REFERENCES users,
    state text NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
    provider_refund text CONSTRAINT refunds_provider_refund_key UNIQUE,
    failure text,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    CHECK (fee_minor + payout_minor = amount_minor),
    CHECK ((state = 'pending') = (finished_at IS NULL))
);
CREATE INDEX refunds_charge ON refunds (charge_id, created_at);

-- What a student owes after a decline. An open one keeps its student from booking.
CREATE TABLE student_debts (
    id uuid PRIMARY KEY,
    student_id uuid NOT NULL REFERENCES users,
    charge_id uuid NOT NULL CONSTRAINT student_debts_charge_key UNIQUE REFERENCES charges,
    booking_id uuid NOT NULL REFERENCES bookings,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    opened_at timestamptz NOT NULL,
    cleared_at timestamptz,
    -- paid, or forgiven by an admin.
    cleared_by text CHECK (cleared_by IN ('paid', 'forgiven')),
    CHECK ((cleared_at IS NULL) = (cleared_by IS NULL))
);
CREATE INDEX student_debts_open ON student_debts (student_id) WHERE cleared_at IS NULL;

-- What the provider told us, each event once, as it came.
CREATE TABLE payment_events (
    id text PRIMARY KEY,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    processed_at timestamptz
);
CREATE INDEX payment_events_pending ON payment_events (received_at) WHERE processed_at IS NULL;

-- Receipts are numbered without gaps: the next number is taken in the transaction that uses it. No row before the first.
CREATE TABLE receipt_numbers (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    last bigint NOT NULL
);
