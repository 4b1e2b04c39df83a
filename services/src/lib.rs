//! What happens: use cases over Postgres, jobs and providers.
