//! What the two parties of a lesson do with it.

pub mod api;
mod join;

pub use join::{Join, JoinTexts};

/// The address of the form that joins a lesson.
pub const JOIN: &str = "/do/join_lesson";
