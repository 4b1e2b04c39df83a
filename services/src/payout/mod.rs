//! Paying tutors what they earned: the accounts to which it goes, payouts, and what has to be taken back of them.
//!
//! Locks are taken in one order everywhere: charges by their ids, the booking, payouts, the tutor's account. Whoever
//! opens a dispute locks the charge too, and a payout that is made looks for disputes once it holds the locks: what was
//! disputed in the last moment of the window is not paid out beside it.

mod account;
mod desk;
mod earnings;
mod run;
mod store;
mod take_back;

pub(crate) use account::look_up;
pub use account::{account_state, begin_onboarding, look_again};
pub use desk::{
    Line, Owing, Refused, Shelf, Sum, list_desk, list_owing, list_refused, sum_desk, try_again, tutor_name,
};
pub use earnings::{
    LineKind, PayoutLine, PayoutView, Progress, StatementRow, Sums, list_payouts, statement, sums,
};
pub use run::PayOut;
pub(crate) use run::{hand_out, note_payable, pay_as_of};
pub use take_back::ReverseTransfer;
pub(crate) use take_back::{foresee, given, has, undone};

use crate::{Result, Services};

/// What paying tutors has come to, of all tutors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Payouts that were sent.
    pub paid: i64,
    /// Payouts whose answer is not known yet.
    pub pending: i64,
    /// Payouts that the provider refused, for whatever reason; their lessons are tried again.
    pub failed: i64,
    /// Tutors whose last payout was refused because the platform's own balance was too low.
    pub short_of_balance: i64,
    /// Reversals that the provider refused: the tutor's next payouts bear them.
    pub reversals_failed: i64,
}

/// Counts.
///
/// # Errors
/// Where the database cannot be read.
pub async fn counts(services: &Services) -> Result<Counts> {
    let mut db = services.db.acquire().await?;
    store::count(&mut db).await
}
