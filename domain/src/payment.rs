//! The life of a charge, and what the payment provider can charge at all.

use serde::{Deserialize, Serialize};

use crate::{Code, Refusal, money::Currency};

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
    pub const ALL: [ChargeState; 5] = [
        ChargeState::Nothing,
        ChargeState::Waived,
        ChargeState::Scheduled,
        ChargeState::Debt,
        ChargeState::Paid,
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
        }
    }

    /// Reads a name of the database.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        ChargeState::ALL.into_iter().find(|state| state.name() == text)
    }

    /// What becomes of it. An answer that comes twice, by the call and by the provider's own message, changes
    /// nothing the second time; a payment clears a debt; a decline after the payment is old news.
    ///
    /// # Errors
    /// `INVALID_STATE` for money that nobody asked for.
    pub fn on(self, event: ChargeEvent) -> Result<ChargeState, Refusal> {
        match (self, event) {
            (ChargeState::Scheduled | ChargeState::Debt | ChargeState::Paid, ChargeEvent::Paid)
            | (ChargeState::Paid, ChargeEvent::Declined) => Ok(ChargeState::Paid),
            (ChargeState::Scheduled | ChargeState::Debt, ChargeEvent::Declined) => Ok(ChargeState::Debt),
            (ChargeState::Nothing | ChargeState::Waived, _) => {
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
    fn every_state_meets_every_event() {
        use ChargeEvent as E;
        use ChargeState as S;
        let expected = |state, event| match (state, event) {
            (S::Scheduled | S::Debt | S::Paid, E::Paid) | (S::Paid, E::Declined) => Some(S::Paid),
            (S::Scheduled | S::Debt, E::Declined) => Some(S::Debt),
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
