//! Which mails a person wants.

pub mod api;
