-- Browsers that are told by push, each for as long as the sign-in lasts in which its person asked for it.
CREATE TABLE push_devices (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    sign_in bytea NOT NULL REFERENCES user_sessions (token_hash) ON DELETE CASCADE,
    -- Where its push service takes what is for it.
    endpoint text NOT NULL UNIQUE CHECK (length(endpoint) <= 2000),
    -- Its public key and its secret: what is sent is encrypted for it (RFC 8291).
    p256dh bytea NOT NULL CHECK (length(p256dh) = 65),
    auth bytea NOT NULL CHECK (length(auth) = 16),
    -- Our public key, with which it subscribed; calls signed with another are refused.
    server_key text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX push_devices_user ON push_devices (user_id);
CREATE INDEX push_devices_sign_in ON push_devices (sign_in);

-- What they are told. However often it is told, it is one for each person.
CREATE TABLE pushes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind text NOT NULL,
    about text NOT NULL,
    sentence text NOT NULL,
    -- The page that it leads to.
    page text NOT NULL,
    created_at timestamptz NOT NULL,
    useful_until timestamptz NOT NULL,
    CONSTRAINT pushes_once UNIQUE (user_id, kind, about)
);
CREATE INDEX pushes_created ON pushes (created_at);

ALTER TABLE refusals
    DROP CONSTRAINT refusals_channel_check,
    ADD CONSTRAINT refusals_channel_check CHECK (channel IN ('mail', 'notice', 'push'));
