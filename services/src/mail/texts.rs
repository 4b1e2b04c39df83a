//! The sentences of mails: a file for each language, every key a field.

use domain::account::Language;
use serde::Deserialize;

use crate::{AppError, Result};

/// The sentences of a language; every field is one of its file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    pub greeting: String,
    pub label: String,
    pub platform: String,
    pub reason: ReasonTexts,
    pub unsubscribe: String,
    pub lesson: String,
    pub with: String,
    pub time: String,
    pub amount: String,
    pub card: String,
    pub card_number: String,
    pub receipt: ReceiptTexts,
    pub payment_failed: FailedTexts,
    pub debt_forgiven: ForgivenTexts,
    pub deposit_failed: DepositTexts,
    pub refund_failed: RefundFailedTexts,
    pub booking: BookingTexts,
    pub new_message: MessageTexts,
    pub sign_in: SignInTexts,
    pub verify_email: LinkTexts,
    pub sign_in_link: LinkTexts,
    pub good_until: String,
    pub payout: PayoutTexts,
    pub reconciliation: ReconciliationTexts,
    pub money_stuck: StuckTexts,
    pub payout_failed: NotPaidTexts,
    pub refund: RefundTexts,
    pub permission_ended: PermissionTexts,
    pub export_ready: ExportTexts,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExportTexts {
    pub subject: String,
    pub lead: String,
    pub once: String,
    pub unasked: String,
    pub link: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StuckTexts {
    pub refund_subject: String,
    pub refund_lead: String,
    pub deposit_subject: String,
    pub deposit_lead: String,
    pub reversal_subject: String,
    pub reversal_lead: String,
    pub student: String,
    pub why: String,
    pub link: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReconciliationTexts {
    pub subject_one: String,
    pub subject_other: String,
    pub lead: String,
    pub found: String,
    pub open: String,
    pub link: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NotPaidTexts {
    pub subject: String,
    pub lead: String,
    pub short: String,
    pub account: String,
    pub link: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PermissionTexts {
    pub subject: String,
    pub lead: String,
    pub video: String,
    pub calendar: String,
    pub link: String,
    pub zoom: String,
    pub google_meet: String,
    pub google_calendar: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefundTexts {
    pub subject: String,
    pub lead: String,
    pub days: String,
    pub why: String,
    pub link: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PayoutTexts {
    pub subject: String,
    pub lead: String,
    pub lessons: String,
    pub parts: String,
    pub kept_back: String,
    pub given_again: String,
    pub link: String,
}

/// Why one gets a mail.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReasonTexts {
    pub lesson: String,
    pub messages: String,
    pub account: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceiptTexts {
    pub subject: String,
    pub lead: String,
    pub number: String,
    pub paid_at: String,
    pub link: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FailedTexts {
    pub subject: String,
    pub declined: String,
    pub asks: String,
    pub no_card: String,
    pub consequence: String,
    pub link: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ForgivenTexts {
    pub subject: String,
    pub lead: String,
    pub consequence: String,
    pub why: String,
    pub link: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefundFailedTexts {
    pub subject: String,
    pub lead: String,
    pub consequence: String,
    pub link: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DepositTexts {
    pub subject: String,
    pub declined: String,
    pub no_card: String,
    pub stands: String,
    pub ended: String,
    pub link: String,
}

/// What mails about bookings have in common, and each of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BookingTexts {
    pub other_time: String,
    pub old_time: String,
    pub price: String,
    pub note: String,
    pub reason: String,
    pub join: String,
    pub opens: String,
    pub page: String,
    pub another: String,
    pub nothing_charged: String,
    pub charge: String,
    pub requested: RequestedTexts,
    pub confirmed: NewsTexts,
    pub declined: NewsTexts,
    pub expired: NewsTexts,
    pub rescheduled: RescheduledTexts,
    pub cancelled: CancelledTexts,
    pub no_show: NoShowTexts,
    pub dispute: DisputeTexts,
    pub reminder_day: NewsTexts,
    pub reminder_hour: NewsTexts,
    pub join_now: NewsTexts,
    pub feedback_request: FeedbackTexts,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestedTexts {
    pub subject: String,
    pub lead: String,
    pub until: String,
    pub link: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewsTexts {
    pub subject: String,
    pub lead: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RescheduledTexts {
    pub subject: String,
    pub by_you: String,
    pub by_other: String,
    pub by_platform: String,
    pub new_link: String,
    pub unanswered: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CancelledTexts {
    pub subject: String,
    pub by_you: String,
    pub by_other: String,
    pub by_platform: String,
    pub not_paid: String,
    pub given_back: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoShowTexts {
    pub subject: String,
    pub you: String,
    pub other: String,
    pub nobody: String,
    pub charged: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DisputeTexts {
    pub opened_subject: String,
    pub opened: String,
    pub opened_next: String,
    pub bank_subject: String,
    pub bank_decided_subject: String,
    pub bank_asks_student: String,
    pub bank_asks_tutor: String,
    pub bank_took_student: String,
    pub bank_took_tutor: String,
    pub bank_won_student: String,
    pub bank_won_tutor: String,
    pub bank_lost_student: String,
    pub bank_lost_tutor: String,
    pub bank_closed_subject: String,
    pub bank_closed: String,
    pub answered_subject: String,
    pub answered: String,
    pub claimed: String,
    pub decided_subject: String,
    pub decided: String,
    pub given_back: String,
    pub reduced: String,
    pub nothing: String,
    pub why: String,
    pub link: String,
    pub not_held: String,
    pub cut_short: String,
    pub not_as_agreed: String,
    pub technical: String,
    pub wrong_outcome: String,
    pub other: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FeedbackTexts {
    pub subject: String,
    pub lead: String,
    pub link: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MessageTexts {
    pub subject: String,
    pub lead: String,
    pub from: String,
    pub unread: String,
    pub since: String,
    pub link: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignInTexts {
    pub subject: String,
    pub lead: String,
    pub advice: String,
    pub device: String,
    pub browser: String,
    pub unknown: String,
    pub program: String,
    pub address: String,
    pub link: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkTexts {
    pub subject: String,
    pub lead: String,
    pub unasked: String,
    pub link: String,
}

impl Texts {
    /// What stands before what it names: French wants a space before the colon.
    pub fn labelled(&self, name: &str) -> String {
        fill(&self.label, &[("name", name)])
    }

    /// Those of a language.
    ///
    /// # Errors
    /// Where the file does not have them.
    pub fn of(language: Language) -> Result<Self> {
        serde_json::from_str(Texts::file(language)).map_err(AppError::fault)
    }

    const fn file(language: Language) -> &'static str {
        match language {
            Language::En => include_str!("texts/en.json"),
            Language::Fr => include_str!("texts/fr.json"),
        }
    }
}

/// Puts values into a sentence, in one pass: what a value contains is not looked at.
pub(super) fn fill(sentence: &str, values: &[(&str, &str)]) -> String {
    let mut parts = sentence.split("{{");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap_or((part, ""));
        let value = values.iter().find(|(known, _)| *known == name.trim());
        out.push_str(value.map_or("", |(_, value)| value));
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;

    /// `group.key` with its placeholders, sorted.
    fn keys(language: Language) -> BTreeMap<String, Vec<String>> {
        fn walk(prefix: &str, value: &Value, into: &mut BTreeMap<String, Vec<String>>) {
            match value {
                Value::Object(map) => {
                    map.iter().for_each(|(key, value)| walk(&format!("{prefix}.{key}"), value, into));
                }
                value => {
                    let text = value.as_str().filter(|text| !text.is_empty()).expect(prefix);
                    let parts = text.split("{{").skip(1).filter_map(|part| part.split_once("}}"));
                    let mut names: Vec<_> = parts.map(|(name, _)| name.trim().to_owned()).collect();
                    names.sort();
                    into.insert(prefix.to_owned(), names);
                }
            }
        }
        let mut into = BTreeMap::new();
        walk("", &serde_json::from_str(Texts::file(language)).expect("JSON"), &mut into);
        into
    }

    /// That all are used is proven by the compiler: a field of [`Texts`] that nobody reads is a warning.
    #[test]
    fn every_language_has_the_same_sentences() {
        for language in Language::ALL {
            assert_eq!(keys(language), keys(Language::En), "{language:?}");
            Texts::of(language).expect("every key is a field");
        }
    }

    #[test]
    fn french_signs_stand_apart() {
        let file = Texts::file(Language::Fr);
        for sign in [" ;", " !", " ?", " :"] {
            let found: Vec<_> = file.lines().filter(|line| line.contains(sign)).collect();
            assert!(found.is_empty(), "an ordinary space before{sign} in {found:?}");
        }
    }
}
