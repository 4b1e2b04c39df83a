-- Tutors' accounts with the payment provider: what they earn is paid out to them.
CREATE TABLE payout_accounts (
    tutor_id uuid PRIMARY KEY REFERENCES tutors,
    -- The provider's id; none until it has answered.
    account text CONSTRAINT payout_accounts_account_key UNIQUE,
    -- Since when the provider is asked for an account.
    asked_at timestamptz NOT NULL,
    -- What the provider says of it: its owner gave the details; it takes transfers; it pays out to a bank.
    details_submitted boolean NOT NULL DEFAULT false,
    transfers_enabled boolean NOT NULL DEFAULT false,
    payouts_enabled boolean NOT NULL DEFAULT false,
    updated_at timestamptz NOT NULL,
    CHECK (account IS NOT NULL OR NOT (details_submitted OR transfers_enabled OR payouts_enabled))
);
