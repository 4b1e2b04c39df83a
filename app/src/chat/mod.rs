//! Messages between a tutor and a student: what moves on the page of a conversation, and server functions.

pub mod api;
mod earlier;
pub(crate) mod outbox;
pub mod safety;
pub mod talk;
