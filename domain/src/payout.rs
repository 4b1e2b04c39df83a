//! Paying tutors what they earned (rules, Charge 6 and 7).

use serde::{Deserialize, Serialize};

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
