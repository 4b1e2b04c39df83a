-- A chargeback that is lost is borne in parts where a refund that had taken some of the charge comes to nothing later;
-- and it is about one payment: what was paid ahead of a lesson that was moved has another one.
ALTER TABLE refunds DROP CONSTRAINT refunds_chargeback_key;
CREATE INDEX refunds_chargeback ON refunds (chargeback_id) WHERE chargeback_id IS NOT NULL;

-- The provider's id of the payment.
ALTER TABLE chargebacks ADD COLUMN payment text;
UPDATE chargebacks k SET payment = coalesce(
    (SELECT c.payment_intent FROM charges c WHERE c.booking_id = k.booking_id),
    (SELECT d.payment_intent FROM deposits d WHERE d.booking_id = k.booking_id AND d.payment_intent IS NOT NULL
     ORDER BY d.created_at DESC, d.id LIMIT 1));
CREATE INDEX chargebacks_payment ON chargebacks (payment);
