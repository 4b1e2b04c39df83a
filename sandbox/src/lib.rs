//! A stand-in for Stripe, for development and tests.
//!
//! It speaks Stripe's wire protocol of one pinned version, keeps its state in memory and, where it is told to, in a
//! file, moves no money and needs no account. `README.md` says how it is driven and what it cannot do.

#![recursion_limit = "256"]

pub mod accounts;
pub mod api;
pub mod app;
pub mod balance;
pub mod call;
pub mod cards;
pub mod chance;
pub mod charges;
pub mod clock;
pub mod control;
pub mod customers;
pub mod disputes;
pub mod errors;
pub mod events;
pub mod expand;
pub mod faults;
pub mod form;
pub mod fraud_warnings;
pub mod http;
pub mod idempotency;
pub mod leases;
pub mod links;
pub mod money;
pub mod options;
pub mod pages;
pub mod params;
pub mod payment_intents;
pub mod payment_methods;
pub mod payments;
pub mod refunds;
pub mod search;
pub mod server;
pub mod setup_intents;
pub mod state;
pub mod store;
pub mod topups;
pub mod transfers;
pub mod webhook_endpoints;
pub mod webhooks;

pub use crate::{call::API_VERSION, options::Options, server::Sandbox};
