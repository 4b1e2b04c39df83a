//! Chargebacks: the bank of a student's card takes a payment back, and decides about it itself.

use serde::{Deserialize, Serialize};

/// How a chargeback stands, as the payment provider says it; in the order in which a case goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The bank asks what the payment was for, and has taken nothing yet.
    Inquiry,
    /// It asked, and looks at what it was sent.
    InquiryReview,
    /// It took the payment back for now, and waits for evidence.
    NeedsResponse,
    /// It took the payment back for now, and looks at what it was sent.
    UnderReview,
    /// It decided for the platform, or asked and left it at that: the payment stands.
    Won,
    /// It decided for the owner of the card: the payment is gone.
    Lost,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Standing; 6] = [
        Standing::Inquiry,
        Standing::InquiryReview,
        Standing::NeedsResponse,
        Standing::UnderReview,
        Standing::Won,
        Standing::Lost,
    ];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Standing::Inquiry => "inquiry",
            Standing::InquiryReview => "inquiry_review",
            Standing::NeedsResponse => "needs_response",
            Standing::UnderReview => "under_review",
            Standing::Won => "won",
            Standing::Lost => "lost",
        }
    }

    /// Reads a name of the database.
    #[must_use]
    pub fn parse(text: &str) -> Option<Standing> {
        Standing::ALL.into_iter().find(|standing| standing.name() == text)
    }

    /// From the provider's word (Stripe's `status` of a dispute; an inquiry's begin with `warning_`), and whether the
    /// payment was taken: a chargeback that was prevented ends with the payment given back by agreement of the banks
    /// (Visa's Rapid Dispute Resolution), or blocked before it began.
    #[must_use]
    pub fn of_provider(status: &str, is_taken: bool) -> Option<Standing> {
        match status {
            "warning_needs_response" => Some(Standing::Inquiry),
            "warning_under_review" => Some(Standing::InquiryReview),
            "needs_response" => Some(Standing::NeedsResponse),
            "under_review" => Some(Standing::UnderReview),
            "prevented" if is_taken => Some(Standing::Lost),
            "won" | "warning_closed" | "prevented" => Some(Standing::Won),
            "lost" => Some(Standing::Lost),
            _ => None,
        }
    }

    /// Whether the bank has decided.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Standing::Won | Standing::Lost)
    }

    /// Whether the bank has taken the money for now: nobody else can give it back meanwhile.
    #[must_use]
    pub const fn holds_money(self) -> bool {
        matches!(self, Standing::NeedsResponse | Standing::UnderReview)
    }

    /// Whether the bank takes evidence.
    #[must_use]
    pub const fn takes_evidence(self) -> bool {
        matches!(self, Standing::Inquiry | Standing::NeedsResponse)
    }

    /// How it stands after news that may be old: it only ever goes on (an inquiry may become a chargeback), and what
    /// was decided stays.
    #[must_use]
    pub fn after(self, told: Standing) -> Standing {
        if self.is_final() { self } else { self.max(told) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_in_any_order_lead_to_the_same() {
        use Standing::{Inquiry, InquiryReview, Lost, NeedsResponse, UnderReview, Won};
        for (told, expected) in [
            (&[NeedsResponse, UnderReview, Won][..], Won),
            (&[Won, NeedsResponse, UnderReview], Won),
            (&[UnderReview, NeedsResponse], UnderReview),
            (&[InquiryReview, NeedsResponse, Inquiry], NeedsResponse),
            (&[Lost, UnderReview], Lost),
            (&[NeedsResponse, NeedsResponse], NeedsResponse),
        ] {
            let after = told[1..].iter().fold(told[0], |standing, told| standing.after(*told));
            assert_eq!(after, expected, "{told:?}");
        }
    }

    #[test]
    fn the_words_of_the_provider() {
        for (word, is_taken, expected) in [
            ("warning_needs_response", false, Some(Standing::Inquiry)),
            ("warning_closed", false, Some(Standing::Won)),
            ("under_review", true, Some(Standing::UnderReview)),
            ("won", false, Some(Standing::Won)),
            ("lost", true, Some(Standing::Lost)),
            ("prevented", false, Some(Standing::Won)),
            ("prevented", true, Some(Standing::Lost)),
            ("unheard_of", false, None),
        ] {
            assert_eq!(Standing::of_provider(word, is_taken), expected, "{word}, {is_taken}");
        }
        for standing in Standing::ALL {
            assert_eq!(Standing::parse(standing.name()), Some(standing));
            assert!(!(standing.is_final() && (standing.holds_money() || standing.takes_evidence())));
        }
    }
}
