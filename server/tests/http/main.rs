//! The server over HTTP, each test with a database of its own.

mod accounts;
mod events;
mod inputs;
mod journey;
mod limits;
mod races;
mod site;
mod support;
