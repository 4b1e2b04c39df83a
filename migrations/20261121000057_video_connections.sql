-- Tutors' accounts with Zoom and Google Meet, in which their lessons can take place.

ALTER TABLE oauth_connections
    DROP CONSTRAINT oauth_connections_provider_check,
    ADD CONSTRAINT oauth_connections_provider_check CHECK (provider IN ('google', 'zoom'));

ALTER TABLE tutors
    DROP CONSTRAINT tutors_provider_check,
    ADD CONSTRAINT tutors_provider_check CHECK (provider IN ('jitsi', 'external', 'zoom', 'google_meet'));

CREATE TABLE video_connections (
    tutor_id uuid NOT NULL REFERENCES tutors ON DELETE CASCADE,
    provider text NOT NULL CHECK (provider IN ('zoom', 'google_meet')),
    -- Who the tutor is there, as the provider's messages say it.
    account text NOT NULL CHECK (length(account) <= 320),
    -- What the tutor knows the account by.
    login text NOT NULL CHECK (length(login) <= 320),
    oauth_id uuid NOT NULL UNIQUE REFERENCES oauth_connections ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tutor_id, provider)
);

-- Whether lessons can take place where a tutor chose: an account there lets us in.
CREATE FUNCTION provider_works(tutor uuid, chosen text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT chosen IN ('jitsi', 'external') OR EXISTS (
        SELECT FROM video_connections v JOIN oauth_connections o ON o.id = v.oauth_id
        WHERE v.tutor_id = tutor AND v.provider = chosen AND o.state = 'active')
$$;
