//! Signing up, in and out, and one's own settings.

pub mod api;
