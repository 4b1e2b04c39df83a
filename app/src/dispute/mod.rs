//! What the two of a lesson and admins do about a dispute.

pub mod api;
