-- Whoever is told of what waits for admins is found among all people without reading them all.

CREATE INDEX users_admins ON users (id) WHERE role = 'admin' AND deleted_at IS NULL;
