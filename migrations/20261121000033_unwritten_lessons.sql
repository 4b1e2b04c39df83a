-- Lessons that an account elsewhere does not show as the bookings say, each with what kept it from that. A row is gone
-- as soon as its lesson is written there, or over.

CREATE TABLE unwritten_lessons (
    account_id uuid NOT NULL REFERENCES calendar_accounts ON DELETE CASCADE,
    booking_id uuid NOT NULL REFERENCES bookings ON DELETE CASCADE,
    -- `failed` waits until it is due; `pending` is in the hands of a job, and due again should that be lost.
    state text NOT NULL CHECK (state IN ('failed', 'pending')),
    problem text NOT NULL CHECK (problem IN ('unreachable', 'refused', 'forbidden', 'too_large', 'unreadable')),
    failing_since timestamptz NOT NULL,
    tries integer NOT NULL CHECK (tries > 0),
    due_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, booking_id)
);
CREATE INDEX unwritten_lessons_due ON unwritten_lessons (due_at);
CREATE INDEX unwritten_lessons_booking ON unwritten_lessons (booking_id);

-- What was known of an account as a whole becomes the state of those of its lessons that are not there. The columns are
-- read no more; a later release removes them.
INSERT INTO unwritten_lessons (account_id, booking_id, state, problem, failing_since, tries, due_at)
SELECT a.id, b.id, 'failed', a.lessons_problem, a.lessons_failing_since, 1, a.lessons_failing_since
FROM calendar_accounts a
JOIN bookings b ON b.tutor_id = a.tutor_id AND b.ends_at > a.lessons_failing_since
WHERE a.lessons_problem IS NOT NULL
  AND (b.state = 'confirmed' AND a.lessons_in IS NOT NULL AND NOT EXISTS (
          SELECT FROM lesson_entries e WHERE e.account_id = a.id AND e.booking_id = b.id AND e.written IS NOT NULL)
       OR b.state <> 'confirmed' AND EXISTS (
          SELECT FROM lesson_entries e WHERE e.account_id = a.id AND e.booking_id = b.id));
