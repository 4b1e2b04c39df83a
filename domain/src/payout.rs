//! Paying tutors what they earned (rules, Charge 6 and 7).

use chrono::{Datelike as _, Months, NaiveDate, NaiveTime, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::{interval::Interval, money::Currency, zone::Zone};

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

/// A calendar month, of which there is a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(NaiveDate);

impl Month {
    /// The month of a date.
    #[must_use]
    pub fn of(date: NaiveDate) -> Month {
        Month(date.with_day(1).unwrap_or(date))
    }

    /// Reads `2027-03`; `None` for what is no month of the years 2000 to 2999.
    #[must_use]
    pub fn parse(text: &str) -> Option<Month> {
        let plain = text.len() == 7 && text.starts_with('2');
        NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok().filter(|_| plain).map(Month)
    }

    /// As `2027-03`.
    #[must_use]
    pub fn name(self) -> String {
        self.0.format("%Y-%m").to_string()
    }

    /// Its first day.
    #[must_use]
    pub const fn first(self) -> NaiveDate {
        self.0
    }

    /// The month before it.
    #[must_use]
    pub fn before(self) -> Month {
        Month(self.0.checked_sub_months(Months::new(1)).unwrap_or(self.0))
    }

    /// The month after it.
    #[must_use]
    pub fn after(self) -> Month {
        Month(self.0.checked_add_months(Months::new(1)).unwrap_or(self.0))
    }

    /// From its first midnight to its last, in a zone.
    #[must_use]
    pub fn within(self, zone: Zone) -> Interval {
        let midnight = |month: Month| zone.to_instant(month.0.and_time(NaiveTime::MIN));
        Interval::new(midnight(self), midnight(self.after()))
    }
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
    fn a_month_begins_and_ends_at_midnight_of_its_zone() {
        let zone = Zone::parse("Europe/Paris").expect("a zone");
        let month = Month::parse("2027-03").expect("a month");
        let within = month.within(zone);
        assert_eq!(within.start.to_rfc3339(), "2027-02-28T23:00:00+00:00");
        assert_eq!(within.end.to_rfc3339(), "2027-03-31T22:00:00+00:00", "summer has begun");
        assert_eq!((month.before().name(), month.after().name()), ("2027-02".into(), "2027-04".into()));
        assert_eq!(Month::parse("2027-12").map(Month::after), Month::parse("2028-01"));
        for wrong in ["", "2027", "2027-13", "2027-00", "2027-3", "1999-01", "2027-03-01", "20270301"] {
            assert_eq!(Month::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Month::of(NaiveDate::from_ymd_opt(2027, 3, 31).expect("a day")), month);
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
