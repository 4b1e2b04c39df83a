//! A person's copy of their own data.

pub mod api;
