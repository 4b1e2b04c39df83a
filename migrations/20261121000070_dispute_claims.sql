-- Each of a lesson's two has a claim of their own. The first opens a dispute; the other's joins it while it is open.

ALTER TABLE dispute_statements
    -- What it claims, where it is its author's claim in a dispute that the other opened.
    ADD reason text CHECK (reason IN ('not_held', 'cut_short', 'not_as_agreed', 'technical', 'wrong_outcome', 'other'));
CREATE UNIQUE INDEX dispute_statements_claim ON dispute_statements (dispute_id, author_id) WHERE reason IS NOT NULL;
CREATE UNIQUE INDEX disputes_one_of_a_party ON disputes (booking_id, opened_by) WHERE opened_by IS NOT NULL;
