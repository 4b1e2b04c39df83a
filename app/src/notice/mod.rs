//! Notices.

pub mod api;
