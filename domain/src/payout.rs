//! Paying tutors what they earned (rules, Charge 6 and 7).

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::money::Currency;

/// How long until a payout is tried again that the provider refused, or that had nothing to send.
pub const RETRY_AFTER: TimeDelta = TimeDelta::hours(1);

/// What is sent to a tutor of what is due and carried, minor units: all of it together. `None` where nothing is left,
/// or less than can be sent: then everything waits for more.
#[must_use]
pub fn sendable(currency: Currency, due: impl IntoIterator<Item = i64>) -> Option<i64> {
    Some(due.into_iter().sum()).filter(|total| *total >= currency.quantum())
}

/// What is taken back of a transfer, minor units: how much of `wanted` the provider can be asked for, where so much
/// is left of the transfer, and how much the tutor's next payouts bear. They sum to `wanted`.
#[must_use]
pub fn take_back(wanted: i64, left: i64) -> (i64, i64) {
    let asked = wanted.min(left).max(0);
    (asked, wanted - asked)
}

/// What the payment provider says of a tutor's account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Its owner gave the details that were asked for.
    pub details_submitted: bool,
    /// It takes transfers.
    pub transfers_enabled: bool,
    /// It pays out to its owner's bank.
    pub payouts_enabled: bool,
}

/// How far a tutor is with the account to which earnings are paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// There is none.
    Missing,
    /// It was begun, and its owner has not given the details.
    Begun,
    /// The provider checks the details, or asks for more.
    Checked,
    /// Earnings can be paid out.
    Ready,
}

impl AccountState {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            AccountState::Missing => "missing",
            AccountState::Begun => "begun",
            AccountState::Checked => "checked",
            AccountState::Ready => "ready",
        }
    }
}

impl Standing {
    /// How far an account of this standing is. Money is sent only where its owner can also get it out.
    #[must_use]
    pub const fn state(self) -> AccountState {
        match self {
            Standing { transfers_enabled: true, payouts_enabled: true, .. } => AccountState::Ready,
            Standing { details_submitted: true, .. } => AccountState::Checked,
            Standing { .. } => AccountState::Begun,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_carried_is_kept_back_from_what_is_sent() {
        use Currency as C;
        for (currency, due, sent) in [
            (C::Eur, &[2250][..], Some(2250)),
            (C::Eur, &[2250, 2250, -1000], Some(3500)),
            (C::Eur, &[2250, -2250], None),
            (C::Eur, &[2250, -2251], None),
            (C::Eur, &[], None),
            (C::Eur, &[1], Some(1)),
            (C::Kwd, &[9], None),
            (C::Kwd, &[10], Some(10)),
        ] {
            assert_eq!(sendable(currency, due.iter().copied()), sent, "{currency} {due:?}");
        }
        for (wanted, left, parts) in [
            (900, 2250, (900, 0)),
            (1350, 1350, (1350, 0)),
            (1350, 1000, (1000, 350)),
            (1350, 0, (0, 1350)),
            (1350, -5, (0, 1350)),
        ] {
            assert_eq!(take_back(wanted, left), parts, "{wanted} of {left}");
        }
    }

    #[test]
    fn an_account_is_ready_when_money_comes_in_and_gets_out() {
        use AccountState as S;
        for (details_submitted, transfers_enabled, payouts_enabled, state) in [
            (false, false, false, S::Begun),
            (true, false, false, S::Checked),
            (true, true, false, S::Checked),
            (true, false, true, S::Checked),
            (false, true, false, S::Begun),
            (true, true, true, S::Ready),
            (false, true, true, S::Ready),
        ] {
            let standing = Standing { details_submitted, transfers_enabled, payouts_enabled };
            assert_eq!(standing.state(), state, "{standing:?}");
        }
    }
}
