-- Meetings that failed for long are tried again each hour; links of single lessons know since when they stand; of what
-- video providers tell only what concerns lessons is kept, and for a month.

-- When the meetings of a lesson are looked at again; none while they are as they should be.
ALTER TABLE meeting_work ADD look_at timestamptz;
UPDATE meeting_work SET look_at = failing_since;
CREATE INDEX meeting_work_due ON meeting_work (look_at) WHERE look_at IS NOT NULL;

ALTER TABLE lessons ADD own_url_since timestamptz;

DELETE FROM video_events e
WHERE NOT EXISTS (SELECT FROM meetings m WHERE m.provider = e.provider AND m.remote_id = e.remote_id);
UPDATE video_events
SET payload = jsonb_build_object('payload', jsonb_build_object('object', jsonb_build_object('participant', jsonb_build_object(
    'id', payload #> '{payload,object,participant,id}',
    'participant_user_id', payload #> '{payload,object,participant,participant_user_id}',
    'email', payload #> '{payload,object,participant,email}'))))
WHERE kind IN ('meeting.participant_joined', 'meeting.participant_left');
UPDATE video_events SET payload = '{}'
WHERE kind NOT IN ('meeting.participant_joined', 'meeting.participant_left');
CREATE INDEX video_events_received ON video_events (received_at);
