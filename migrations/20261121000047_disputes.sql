-- Disputes: what one of the two parties, or the bank of the student's card, does not accept about a settled lesson.
-- A lesson is paid out to its tutor only while none of its disputes is open.

CREATE TABLE disputes (
    id uuid PRIMARY KEY,
    booking_id uuid NOT NULL REFERENCES bookings,
    -- Whose it is: a party's, or the payment provider's (a chargeback).
    origin text NOT NULL CHECK (origin IN ('student', 'tutor', 'provider')),
    opened_by uuid REFERENCES users,
    reason text NOT NULL CHECK (reason IN (
        'not_held', 'cut_short', 'not_as_agreed', 'technical', 'wrong_outcome', 'other', 'chargeback')),
    -- decided: by an admin. closed: by the bank of the card.
    state text NOT NULL CHECK (state IN ('open', 'decided', 'closed')),
    opened_at timestamptz NOT NULL,
    -- full: all that is left of the charge is given back; partial: the amount; none: nothing.
    outcome text CHECK (outcome IN ('full', 'partial', 'none')),
    -- What that comes to, minor units of the charge's currency.
    amount_minor bigint CHECK (amount_minor >= 0),
    note text CHECK (char_length(note) BETWEEN 1 AND 2000),
    decided_by uuid REFERENCES users,
    finished_at timestamptz,
    CONSTRAINT disputes_origin CHECK (
        (origin = 'provider') = (opened_by IS NULL) AND (origin = 'provider') = (reason = 'chargeback')),
    CONSTRAINT disputes_finished CHECK ((state = 'open') = (finished_at IS NULL)),
    CONSTRAINT disputes_decided CHECK (
        CASE state WHEN 'decided' THEN num_nulls(outcome, amount_minor, note, decided_by) = 0
                   ELSE num_nonnulls(outcome, amount_minor, note, decided_by) = 0 END)
);
CREATE UNIQUE INDEX disputes_one_open ON disputes (booking_id) WHERE state = 'open';
CREATE INDEX disputes_booking ON disputes (booking_id, opened_at);
CREATE INDEX disputes_queue ON disputes (opened_at) WHERE state = 'open';
CREATE INDEX disputes_past ON disputes (finished_at) WHERE state <> 'open';
