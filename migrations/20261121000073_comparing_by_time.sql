-- Lines and movements are compared by the time in which both are: the provider's by an index of their time alone.
DROP INDEX provider_lines_created;
CREATE INDEX provider_lines_created ON provider_lines (created_at);

-- A movement of the ledger with its entry, always found event by event: the events of a time are few beside all entries.
CREATE OR REPLACE VIEW ledger_moves AS
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
    FROM ledger_events v
    CROSS JOIN LATERAL (
        SELECT e.currency, e.amount_minor FROM ledger_entries e
        WHERE e.event_id = v.id AND e.account = 'provider' OFFSET 0) n
    WHERE v.kind <> 'fee';

-- Stage 'provider' compares both sides; 'ledger' was looked up after it before. What is under way begins anew with it.
UPDATE reconciliations SET stage = 'provider', cursor_at = judged_from, cursor_id = ''
WHERE stage IN ('provider', 'ledger');
