-- An answer that is too large keeps lessons from being written, too.
ALTER TABLE calendar_accounts
    DROP CONSTRAINT calendar_accounts_lessons_problem_check,
    ADD CONSTRAINT calendar_accounts_lessons_problem_check
        CHECK (lessons_problem IN ('unreachable', 'refused', 'forbidden', 'too_large', 'unreadable'));
