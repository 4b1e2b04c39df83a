-- What was settled at the provider by hand differs for ever: an admin closes it, and may open it again.

-- The admin who closed it; none: a comparison did, because it did not differ any more.
ALTER TABLE differences ADD COLUMN closed_by uuid REFERENCES users;
ALTER TABLE differences ADD CONSTRAINT differences_closed_by CHECK (closed_by IS NULL OR closed_at IS NOT NULL);
-- What was last known of a movement: while it says the same as when it was closed by hand, it stays closed.
CREATE INDEX differences_known ON differences (kind, reference, id);

-- What admins decided about differences. Rows are only added.
CREATE TABLE difference_decisions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    difference_id bigint NOT NULL REFERENCES differences,
    decision text NOT NULL CHECK (decision IN ('closed', 'opened')),
    -- Why it was closed, in the admin's words.
    note text CHECK (length(note) BETWEEN 1 AND 500),
    decided_by uuid NOT NULL REFERENCES users,
    decided_at timestamptz NOT NULL,
    CHECK ((decision = 'closed') = (note IS NOT NULL))
);
CREATE INDEX difference_decisions_difference ON difference_decisions (difference_id, id);
