//! Notices, and push in this browser.

pub mod api;
mod push;

pub use push::{PushSwitch, PushTexts};
