//! What is true: the rules of Lectern, without I/O, clock or chance.
//!
//! Everything here runs on the server and in the browser. Time and chance are arguments.

pub mod account;
pub mod attendance;
pub mod availability;
pub mod booking;
pub mod charge;
pub mod chat;
pub mod dispute;
pub mod error;
pub mod ids;
pub mod interval;
pub mod ledger;
pub mod lesson;
pub mod manners;
pub mod money;
pub mod notice;
pub mod payment;
pub mod payout;
pub mod presence;
pub mod privacy;
pub mod reconcile;
pub mod review;
pub mod series;
pub mod slot;
pub mod tutor;
pub mod webhook;
pub mod zone;

pub use error::{Code, Refusal};
