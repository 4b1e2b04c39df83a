-- People, their sign-ins, and what the platform decides for all.

CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL CONSTRAINT users_email_key UNIQUE CHECK (email = lower(email)),
    password_hash text NOT NULL,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('student', 'tutor', 'admin')),
    time_zone text NOT NULL,
    locale text NOT NULL DEFAULT 'en',
    languages text[] NOT NULL DEFAULT '{}',
    goals text[] NOT NULL DEFAULT '{}',
    -- NULL: not yet asked. Never preset.
    marketing_opt_in boolean,
    last_sign_in_ip inet,
    last_sign_in_at timestamptz,
    created_at timestamptz NOT NULL,
    deleted_at timestamptz
);

-- A sign-in of a browser. Only the hash of the cookie's token is kept.
CREATE TABLE user_sessions (
    token_hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    user_agent text,
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX user_sessions_user ON user_sessions (user_id);

-- A chain of rotating tokens of one API sign-in. A used token that comes back revokes its family.
CREATE TABLE refresh_tokens (
    token_hash bytea PRIMARY KEY,
    family uuid NOT NULL,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX refresh_tokens_family ON refresh_tokens (family);
CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id);

-- Platform settings by name; a missing row means the default in the code.
CREATE TABLE settings (
    name text PRIMARY KEY,
    value jsonb NOT NULL
);

-- Calls counted per key and hour. Losing it in a crash does no harm.
CREATE UNLOGGED TABLE rate_counts (
    key text NOT NULL,
    hour timestamptz NOT NULL,
    calls integer NOT NULL,
    PRIMARY KEY (key, hour)
);

-- Development only: the instant at which the clock of all servers on this database stands.
CREATE TABLE dev_clock (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    now timestamptz
);
INSERT INTO dev_clock (now) VALUES (NULL);
