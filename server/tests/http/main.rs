//! The server over HTTP, each test with a database of its own.
#![allow(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod account_links;
mod accounts;
mod calendar_accounts;
mod calendars;
mod cards;
mod chat;
mod chat_files;
mod chat_pages;
mod chat_safety;
mod chat_stream;
mod dispute_files;
mod disputes;
mod events;
mod forms;
#[path = "../../../services/tests/google/mod.rs"]
mod google;
mod google_accounts;
mod inputs;
mod journey;
mod limits;
mod meetings;
mod money;
mod nats;
mod pages;
mod payouts;
mod privacy;
mod push;
mod races;
#[path = "../../../services/tests/radicale/mod.rs"]
mod radicale;
mod site;
mod support;
mod unsubscribe;
mod video_accounts;
