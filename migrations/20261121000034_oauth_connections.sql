-- Permission that people gave us to act for them at providers (OAuth 2.0).

CREATE TABLE oauth_connections (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    provider text NOT NULL CHECK (provider IN ('google')),
    -- Who the person is there.
    subject text NOT NULL CHECK (length(subject) <= 320),
    -- What was permitted, with spaces between.
    scopes text NOT NULL,
    -- Both tokens are encrypted with a key that is not in the database.
    access_token bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    refresh_token bytea NOT NULL,
    -- `needs_reauth` where the provider renews them no more: the person has to permit it again.
    state text NOT NULL CHECK (state IN ('active', 'needs_reauth')),
    -- Until when one server renews the tokens and all others wait.
    renewing_until timestamptz,
    created_at timestamptz NOT NULL,
    renewed_at timestamptz NOT NULL
);
CREATE INDEX oauth_connections_user ON oauth_connections (user_id);
CREATE INDEX oauth_connections_subject ON oauth_connections (provider, subject);
