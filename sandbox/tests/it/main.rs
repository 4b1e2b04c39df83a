//! Drives a started sandbox over HTTP, rule by rule.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod binary;
mod connect;
mod edges;
mod faults;
mod payments;
mod refunds;
mod setups;
mod support;
mod webhooks;
