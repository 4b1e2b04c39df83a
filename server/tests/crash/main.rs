//! Servers that are killed, and many at once, on real databases: money moves once, and so do messages; a lesson has one
//! meeting.
//!
//! The server is the real binary. Between it and Postgres, and between it and the provider's stand-in, stands a proxy
//! that sees every commit and every call. A first run of a scenario lists these points, and the list is compared with
//! the one that is committed: a point that is added is seen. Then, for each point, before and after its effect, the
//! scenario runs again, the server is killed there with SIGKILL and started anew, and the story must be the same.
#![allow(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod census;
mod chat;
mod crowd;
#[path = "../../../services/tests/google/mod.rs"]
mod google;
mod kills;
mod meetings;
mod points;
mod postgres;
mod processes;
mod provider;
mod scenarios;
mod wire;
mod world;
