//! Paying tutors what they earned: the accounts to which it is paid.

mod account;
mod store;

pub(crate) use account::look_up;
pub use account::{account_state, begin_onboarding, look_again};
