-- Development only: the payment sandbox of this database. Its name also names the file that keeps its state; servers
-- on one database share one.
CREATE TABLE dev_sandbox (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    name uuid NOT NULL,
    port integer CHECK (port BETWEEN 1 AND 65535)
);
