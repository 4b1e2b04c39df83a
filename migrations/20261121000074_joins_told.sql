-- A page fetches the meeting's address ahead, and opens it though the server is away: the join is told afterwards.

-- When each party was given the address ahead, for the last time of its lesson at which it was.
ALTER TABLE lessons ADD student_given_at timestamptz, ADD tutor_given_at timestamptz;

-- When a browser told of what it says; by its own name a click is on record once.
ALTER TABLE attendance ADD told_at timestamptz;
CREATE UNIQUE INDEX attendance_click ON attendance (lesson_id, user_id, reference)
    WHERE kind = 'join' AND source IN ('lectern', 'browser') AND reference IS NOT NULL;
