-- A video provider also sees people leave.
ALTER TABLE attendance
    DROP CONSTRAINT attendance_kind_check,
    ADD CONSTRAINT attendance_kind_check
        CHECK (kind IN ('join', 'join_refused', 'left', 'marked_no_show', 'ended'));
