-- Paying tutors: transfers of what they earned, and what has to be taken back of it.

-- When something can be due to a tutor next; none where nothing is in sight. The scheduler looks at this row only.
ALTER TABLE payout_accounts ADD COLUMN look_at timestamptz;
CREATE INDEX payout_accounts_look ON payout_accounts (look_at)
    WHERE look_at IS NOT NULL AND transfers_enabled AND payouts_enabled;

-- What is sent to a tutor at once: a transfer of the provider, whose key is the id.
CREATE TABLE payouts (
    id uuid PRIMARY KEY,
    tutor_id uuid NOT NULL REFERENCES tutors,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    -- The provider's id of the account to which it goes.
    account text NOT NULL,
    -- failed: the provider said no, and nothing was sent; its lines wait for another payout.
    state text NOT NULL CHECK (state IN ('pending', 'paid', 'failed')),
    provider_transfer text CONSTRAINT payouts_provider_transfer_key UNIQUE,
    failure text,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    CHECK ((state = 'pending') = (finished_at IS NULL)),
    CHECK ((state = 'paid') = (provider_transfer IS NOT NULL)),
    CHECK ((state = 'failed') = (failure IS NOT NULL))
);
CREATE UNIQUE INDEX payouts_pending ON payouts (tutor_id, currency) WHERE state = 'pending';
CREATE INDEX payouts_tutor ON payouts (tutor_id, created_at DESC);
CREATE INDEX payouts_failed ON payouts (finished_at) WHERE state = 'failed';

ALTER TABLE charges
    -- The end of the dispute window: after it the tutor's part can be paid out.
    ADD COLUMN payable_after timestamptz,
    -- The payout that has the tutor's part of it.
    ADD COLUMN payout_id uuid REFERENCES payouts;
UPDATE charges c SET payable_after = coalesce(l.settled_at, c.due_at) + interval '72 hours'
FROM lessons l WHERE l.booking_id = c.booking_id;
CREATE INDEX charges_not_paid_out ON charges (booking_id) WHERE state = 'paid' AND payout_id IS NULL;

-- What a later payout keeps back (below zero) or adds: a part that could not be taken back from a transfer, or one
-- that was taken for a refund that then failed.
CREATE TABLE payout_corrections (
    id uuid PRIMARY KEY,
    tutor_id uuid NOT NULL REFERENCES tutors,
    charge_id uuid NOT NULL REFERENCES charges,
    refund_id uuid NOT NULL REFERENCES refunds,
    reason text NOT NULL CHECK (reason IN ('not_reversed', 'refund_failed')),
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    -- The payout that has it.
    payout_id uuid REFERENCES payouts,
    created_at timestamptz NOT NULL,
    CHECK ((reason = 'not_reversed') = (amount_minor < 0))
);
CREATE INDEX payout_corrections_open ON payout_corrections (tutor_id) WHERE payout_id IS NULL;
CREATE INDEX payout_corrections_charge ON payout_corrections (charge_id);

-- What a payout is made of: the tutor's parts of lessons, and corrections.
CREATE TABLE payout_lines (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payout_id uuid NOT NULL REFERENCES payouts,
    charge_id uuid NOT NULL REFERENCES charges,
    correction_id uuid REFERENCES payout_corrections,
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    -- The payout failed: another one may have it.
    released boolean NOT NULL DEFAULT false
);
CREATE INDEX payout_lines_payout ON payout_lines (payout_id);
CREATE INDEX payout_lines_charge ON payout_lines (charge_id);
-- A lesson is paid out once, and so is a correction.
CREATE UNIQUE INDEX payout_lines_lesson ON payout_lines (charge_id) WHERE correction_id IS NULL AND NOT released;
CREATE UNIQUE INDEX payout_lines_correction ON payout_lines (correction_id)
    WHERE correction_id IS NOT NULL AND NOT released;

-- What a refund takes back of a lesson that was paid out: a reversal of the transfer, whose key is the id.
CREATE TABLE reversals (
    id uuid PRIMARY KEY,
    refund_id uuid NOT NULL CONSTRAINT reversals_refund_key UNIQUE REFERENCES refunds,
    charge_id uuid NOT NULL REFERENCES charges,
    payout_id uuid NOT NULL REFERENCES payouts,
    -- The tutor's part of the refund, and how much of it the provider is asked for: the rest is carried.
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    asked_minor bigint CHECK (asked_minor BETWEEN 0 AND amount_minor),
    -- waiting: for the refund or the transfer. carried: nothing was left of the transfer. dropped: the refund or the
    -- transfer came to nothing.
    state text NOT NULL CHECK (state IN ('waiting', 'pending', 'succeeded', 'failed', 'carried', 'dropped')),
    provider_reversal text CONSTRAINT reversals_provider_reversal_key UNIQUE,
    failure text,
    created_at timestamptz NOT NULL,
    asked_at timestamptz,
    finished_at timestamptz,
    CHECK ((state IN ('waiting', 'pending')) = (finished_at IS NULL)),
    CHECK ((state IN ('waiting', 'dropped')) = (asked_minor IS NULL))
);
CREATE INDEX reversals_payout ON reversals (payout_id);
CREATE INDEX reversals_failed ON reversals (finished_at) WHERE state = 'failed';
