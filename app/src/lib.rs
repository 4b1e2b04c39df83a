//! What is seen: pages that the server renders, islands that wake in the browser, and the server
//! functions between the two.
//!
//! Islands (`#[island]`), server functions are compiled for both sides. Pages are the
//! server's alone, and with them the router and every sentence: an island gets its texts as props.

// Whether what awaits the payment provider can move between threads is asked through its many nested types.
#![recursion_limit = "256"]

pub mod account;
pub mod admin;
pub mod booking;
mod browser;
pub mod chat;
pub mod dev;
pub mod diary;
pub mod dispute;
pub mod enhance;
pub mod error;
pub mod form;
pub mod lesson;
pub mod live;
pub mod mail;
pub mod notice;
pub mod payment;
pub mod privacy;
pub mod tutor;
pub mod ui;

#[cfg(feature = "ssr")]
pub mod pages;
