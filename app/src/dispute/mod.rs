//! What admins do about a dispute.

pub mod api;
