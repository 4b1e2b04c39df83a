-- Movements are compared without any fee: that of a chargeback may be in another currency than the payment.
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
    FROM ledger_events v JOIN ledger_entries n ON n.event_id = v.id AND n.account = 'provider'
    WHERE v.kind <> 'fee';

-- Lines that were kept with the fee: it was taken off them as it is entered.
UPDATE provider_lines l SET amount_minor = l.amount_minor + n.amount_minor
FROM ledger_events v JOIN ledger_entries n ON n.event_id = v.id AND n.account = 'provider'
WHERE l.kind = 'chargeback' AND v.source = 'chargeback/' || l.id || '/fee';
