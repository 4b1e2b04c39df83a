-- The W3C trace context of the request that led to an event, passed on to the jobs that follow.
ALTER TABLE outbox ADD traceparent text;

-- What follows from one cause is found by it.
CREATE INDEX outbox_correlation ON outbox (correlation_id);
