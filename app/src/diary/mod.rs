//! Lessons in one's own calendar.

pub mod api;
