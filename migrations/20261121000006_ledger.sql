-- The ledger: double entry, append only, per currency.

CREATE TABLE ledger_events (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    -- The row that caused it, such as 'charge/…/paid': what happened once is entered once.
    source text NOT NULL CONSTRAINT ledger_events_source_key UNIQUE,
    booking_id uuid REFERENCES bookings,
    at timestamptz NOT NULL
);
CREATE INDEX ledger_events_booking ON ledger_events (booking_id);

CREATE TABLE ledger_entries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL REFERENCES ledger_events,
    account text NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0)
);
CREATE INDEX ledger_entries_event ON ledger_entries (event_id);
CREATE INDEX ledger_entries_account ON ledger_entries (account, currency) INCLUDE (amount_minor);

-- Judged at the commit, when all lines of an event are there.
CREATE FUNCTION ledger_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM ledger_entries WHERE event_id = NEW.event_id GROUP BY currency HAVING sum(amount_minor) <> 0
    ) THEN
        RAISE EXCEPTION 'ledger event % does not balance', NEW.event_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balanced';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_balanced AFTER INSERT ON ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_balanced();

CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append only'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_append_only';
END $$;
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger_events
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
