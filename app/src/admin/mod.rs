//! What admins do.

pub mod api;
