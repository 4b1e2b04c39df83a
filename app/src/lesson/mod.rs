//! What the two parties of a lesson do with it.

pub mod api;
