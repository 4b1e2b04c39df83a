//! How it is reached: the axum server and its commands.

pub mod api;
pub mod auth;
mod calendar;
mod chat_files;
pub mod chat_stream;
pub mod command;
mod connect;
mod dev;
mod dispute_forms;
mod files;
pub mod headers;
mod health;
mod hooks;
mod join;
pub mod listen;
mod malformed;
mod metrics;
mod photo_form;
pub mod router;
pub mod run;
mod sandbox;
mod site;
mod statement;
mod stream;
pub mod telemetry;
mod unsubscribe;
mod uploads;
