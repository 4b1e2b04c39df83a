-- Attendance as a chain of evidence, and what an admin has to decide about it.

-- When the tutor marked the student absent.
ALTER TABLE lessons ADD marked_no_show_at timestamptz;

-- Who says so: 'lectern', or the video provider; a provider may know a meeting and nobody in it.
ALTER TABLE attendance
    ADD source text NOT NULL DEFAULT 'lectern',
    ADD hash bytea,
    ALTER user_id DROP NOT NULL,
    ALTER party DROP NOT NULL,
    DROP CONSTRAINT attendance_kind_check,
    ADD CONSTRAINT attendance_kind_check CHECK (kind IN ('join', 'join_refused', 'marked_no_show', 'ended'));
ALTER TABLE attendance RENAME code TO reference;

-- Each record is sealed by the hash of all before it (domain::attendance::seal, the same formula).
DO $$
DECLARE
    record record;
    before bytea;
    lesson uuid;
BEGIN
    FOR record IN SELECT * FROM attendance ORDER BY lesson_id, id LOOP
        IF lesson IS DISTINCT FROM record.lesson_id THEN
            lesson := record.lesson_id;
            before := decode(repeat('00', 32), 'hex');
        END IF;
        before := sha256(convert_to(concat_ws(E'\n', encode(before, 'hex'), lesson, record.kind, record.party,
            record.source, coalesce(record.reference, ''), (extract(epoch FROM record.at) * 1000000)::bigint), 'UTF8'));
        UPDATE attendance SET hash = before WHERE id = record.id;
    END LOOP;
END $$;
ALTER TABLE attendance ALTER hash SET NOT NULL, ALTER source DROP DEFAULT;

-- What no rule decides: evidence that came after the outcome and would have changed it.
CREATE TABLE cases (
    id uuid PRIMARY KEY,
    booking_id uuid NOT NULL REFERENCES bookings,
    kind text NOT NULL CHECK (kind IN ('late_evidence')),
    details jsonb NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_by uuid REFERENCES users,
    note text,
    CHECK ((closed_at IS NULL) = (closed_by IS NULL))
);
CREATE INDEX cases_open ON cases (opened_at) WHERE closed_at IS NULL;
CREATE INDEX cases_booking ON cases (booking_id);
