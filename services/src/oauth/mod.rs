//! Permission of people to act for them at providers (OAuth 2.0, RFC 6749): asked for with PKCE (RFC 7636) and a state,
//! kept sealed, renewed by one server at a time, withdrawn when nobody needs it any more.

mod calls;
mod consent;
mod provider;
mod store;
mod tokens;

pub use consent::{Asked, Reply};
pub use provider::Provider;

pub(crate) use calls::{Answer, Calls, Token};
pub(crate) use consent::{Granted, ask, take};
pub(crate) use tokens::{Lost, access, delete, end, insert, replace, withdraw};
