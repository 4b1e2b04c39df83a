//! The life of a charge, and what the payment provider can charge at all.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{Code, Refusal, money::Currency};

/// When a lesson's money is taken (rules, Charge 3). A setting that each booking copies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Collection {
    /// The saved card is charged at the scheduled end.
    #[default]
    AtEnd,
    /// The price is set aside on the card some days before, and what is due is taken of it at the end.
    Authorize,
    /// The price is paid at once, and what is not due is given back at the end.
    Prepay,
}

/// How long before the scheduled end money is set aside at the earliest.
pub const AUTHORIZE_AHEAD: TimeDelta = TimeDelta::days(4);

/// How long beyond the scheduled end an authorization has to last: the time that charging may take.
const AUTHORIZE_BEYOND: TimeDelta = TimeDelta::hours(2);

impl Collection {
    /// The name in the database and in settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Collection::AtEnd => "at_end",
            Collection::Authorize => "authorize",
            Collection::Prepay => "prepay",
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Collection::AtEnd, Collection::Authorize, Collection::Prepay]
            .into_iter()
            .find(|collection| collection.name() == text)
    }

    /// When money is secured for a lesson that ends at `end` and is certain from `now` on; `None` for never.
    #[must_use]
    pub fn secures_at(self, end: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Collection::AtEnd => None,
            Collection::Authorize => Some((end - AUTHORIZE_AHEAD).max(now)),
            Collection::Prepay => Some(now),
        }
    }
}

/// When to ask again for an authorization that was given at `now` and lapses too soon to last beyond `end`: so late
/// that one of the same length does. `None` where it lasts, or is too short ever to.
#[must_use]
pub fn ask_again_at(
    end: DateTime<Utc>,
    now: DateTime<Utc>,
    capture_before: Option<DateTime<Utc>>,
) -> Option<DateTime<Utc>> {
    let needed = end + AUTHORIZE_BEYOND;
    let lasts = capture_before? - now;
    let later = needed - lasts;
    (now + lasts < needed && later > now && later < end).then_some(later)
}

/// What became of the charge of a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeState {
    /// The rule says that nothing is due.
    Nothing,
    /// Less is due than the provider can charge: the platform lets it be.
    Waived,
    /// Due at the scheduled end.
    Scheduled,
    /// Declined: the student owes it.
    Debt,
    /// Paid.
    Paid,
    /// Was owed, and the platform lets the student off it.
    Forgiven,
}

/// What can happen to a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeEvent {
    /// The provider took the money.
    Paid,
    /// The card was declined, there is none, or it wants its owner's word.
    Declined,
}

impl ChargeState {
    /// Every state.
    pub const ALL: [ChargeState; 6] = [
        ChargeState::Nothing,
        ChargeState::Waived,
        ChargeState::Scheduled,
        ChargeState::Debt,
        ChargeState::Paid,
        ChargeState::Forgiven,
    ];

    /// The name in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ChargeState::Nothing => "nothing",
            ChargeState::Waived => "waived",
            ChargeState::Scheduled => "scheduled",
            ChargeState::Debt => "debt",
            ChargeState::Paid => "paid",
            ChargeState::Forgiven => "forgiven",
        }
    }

    /// Reads a name of the database.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        ChargeState::ALL.into_iter().find(|state| state.name() == text)
    }

    /// What becomes of it. An answer that comes twice, by the call and by the provider's own message, changes
    /// nothing the second time; a payment clears a debt; a decline after the payment, or of what was forgiven, is old news.
    ///
    /// # Errors
    /// `INVALID_STATE` for money that nobody asked for.
    pub fn on(self, event: ChargeEvent) -> Result<ChargeState, Refusal> {
        match (self, event) {
            (ChargeState::Scheduled | ChargeState::Debt | ChargeState::Paid, ChargeEvent::Paid)
            | (ChargeState::Paid, ChargeEvent::Declined) => Ok(ChargeState::Paid),
            (ChargeState::Scheduled | ChargeState::Debt, ChargeEvent::Declined) => Ok(ChargeState::Debt),
            (ChargeState::Forgiven, ChargeEvent::Declined) => Ok(ChargeState::Forgiven),
            (ChargeState::Nothing | ChargeState::Waived, _) | (ChargeState::Forgiven, ChargeEvent::Paid) => {
                Err(Refusal::new(Code::InvalidState, "nothing_due"))
            }
        }
    }
}

/// The smallest amount that Stripe charges, in minor units (its page on minimum amounts; for currencies that it
/// does not list, about half a US dollar).
#[must_use]
pub const fn smallest(currency: Currency) -> i64 {
    use Currency as C;
    match currency {
        C::Aud | C::Brl | C::Cad | C::Chf | C::Eur | C::Inr | C::Nzd | C::Sgd | C::Usd => 50,
        C::Gbp => 30,
        C::Bhd | C::Kwd => 200,
        C::Clp | C::Krw => 500,
        C::Czk => 1500,
        C::Dkk => 250,
        C::Hkd => 400,
        C::Jpy => 50,
        C::Mad => 500,
        C::Mxn => 1000,
        C::Nok | C::Sek => 300,
        C::Npr => 7000,
        C::Pln => 200,
        C::Tnd => 1600,
        C::Try => 2000,
        C::Ttd => 350,
        C::Xof => 300,
        C::Zar => 1000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_secured_at_most_four_days_ahead() {
        let now: DateTime<Utc> = "2027-03-01T12:00:00Z".parse().expect("an instant");
        for (collection, days, expected) in [
            (Collection::AtEnd, 10, None),
            (Collection::Prepay, 10, Some(0)),
            (Collection::Authorize, 10, Some(6)),
            (Collection::Authorize, 4, Some(0)),
            (Collection::Authorize, 1, Some(0)),
        ] {
            let at = collection.secures_at(now + TimeDelta::days(days), now);
            assert_eq!(at, expected.map(|days| now + TimeDelta::days(days)), "{collection:?} {days}");
            assert_eq!(Collection::parse(collection.name()), Some(collection));
        }
    }

    #[test]
    fn an_authorization_that_lapses_before_the_end_is_asked_for_later() {
        let now: DateTime<Utc> = "2027-03-01T12:00:00Z".parse().expect("an instant");
        let hours = |hours| now + TimeDelta::hours(hours);
        for (end, capture_before, again) in [
            (hours(90), Some(hours(168)), None),
            (hours(90), None, None),
            (hours(90), Some(hours(92)), None),
            (hours(90), Some(hours(48)), Some(hours(44))),
            // Too short to last from before the end until after it.
            (hours(90), Some(hours(2)), None),
            (hours(90), Some(hours(-1)), None),
        ] {
            assert_eq!(ask_again_at(end, now, capture_before), again, "{end} {capture_before:?}");
        }
    }

    #[test]
    fn every_state_meets_every_event() {
        use ChargeEvent as E;
        use ChargeState as S;
        let expected = |state, event| match (state, event) {
            (S::Scheduled | S::Debt | S::Paid, E::Paid) | (S::Paid, E::Declined) => Some(S::Paid),
            (S::Scheduled | S::Debt, E::Declined) => Some(S::Debt),
            (S::Forgiven, E::Declined) => Some(S::Forgiven),
            _ => None,
        };
        for state in S::ALL {
            for event in [E::Paid, E::Declined] {
                assert_eq!(state.on(event).ok(), expected(state, event), "{state:?} × {event:?}");
            }
            assert_eq!(S::parse(state.name()), Some(state));
        }
    }

    #[test]
    fn the_smallest_amounts_are_of_whole_quanta() {
        for currency in Currency::ALL {
            assert_eq!(smallest(*currency) % currency.quantum(), 0, "{currency}");
            assert!(smallest(*currency) > 0);
        }
        assert_eq!((smallest(Currency::Eur), smallest(Currency::Gbp), smallest(Currency::Jpy)), (50, 30, 50));
    }
}
