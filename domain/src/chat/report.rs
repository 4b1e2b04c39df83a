//! Reports: what one of the two tells an admin about the other, and what an admin decides.

use serde::{Deserialize, Serialize};

use crate::{Code, Refusal, account::paragraph};

/// At most this many characters in words about a report.
const MAX_WORDS: usize = 500;

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportReason {
    /// Insults, threats, unwanted advances.
    Harassment,
    /// Advertisement, or the same again and again.
    Spam,
    /// Payment elsewhere, or a trick to get money or data.
    Fraud,
    /// What has no place in lessons.
    Inappropriate,
    /// Something else, said in the note.
    Other,
}

impl ReportReason {
    /// Every reason, in the order in which a form offers them.
    pub const ALL: [ReportReason; 5] = [
        ReportReason::Harassment,
        ReportReason::Spam,
        ReportReason::Fraud,
        ReportReason::Inappropriate,
        ReportReason::Other,
    ];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ReportReason::Harassment => "harassment",
            ReportReason::Spam => "spam",
            ReportReason::Fraud => "fraud",
            ReportReason::Inappropriate => "inappropriate",
            ReportReason::Other => "other",
        }
    }

    /// From its name.
    ///
    /// # Errors
    /// `INVALID_REQUEST` (`report_reason`) on `reason`.
    pub fn parse(text: &str) -> Result<ReportReason, Refusal> {
        let found = ReportReason::ALL.into_iter().find(|reason| reason.name() == text);
        found.ok_or(Refusal::on(Code::InvalidRequest, "report_reason", "reason"))
    }
}

/// What an admin does about a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Nothing: what was reported stays.
    Dismiss,
    /// The message is shown to nobody any more, but to admins.
    Remove,
    /// Who was reported writes no more messages, in any conversation.
    Suspend,
}

impl Decision {
    /// Every decision.
    pub const ALL: [Decision; 3] = [Decision::Dismiss, Decision::Remove, Decision::Suspend];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Decision::Dismiss => "dismiss",
            Decision::Remove => "remove",
            Decision::Suspend => "suspend",
        }
    }

    /// From its name.
    ///
    /// # Errors
    /// `INVALID_REQUEST` (`report_decision`) on `decision`.
    pub fn parse(text: &str) -> Result<Decision, Refusal> {
        let found = Decision::ALL.into_iter().find(|decision| decision.name() == text);
        found.ok_or(Refusal::on(Code::InvalidRequest, "report_decision", "decision"))
    }
}

/// What the reporter adds: up to 500 characters, `None` for nothing.
///
/// # Errors
/// `INVALID_REQUEST` (`report_note`) on `note`.
pub fn report_note(text: &str) -> Result<Option<String>, Refusal> {
    let note = paragraph(text, 0, MAX_WORDS);
    let note = note.ok_or(Refusal::on(Code::InvalidRequest, "report_note", "note"))?;
    Ok((!note.is_empty()).then_some(note))
}

/// Why an admin decided as they did: 1 to 500 characters.
///
/// # Errors
/// `INVALID_REQUEST` (`case_note`) on `note`.
pub fn decision_note(text: &str) -> Result<String, Refusal> {
    paragraph(text, 1, MAX_WORDS).ok_or(Refusal::on(Code::InvalidRequest, "case_note", "note"))
}

/// What keeps a person from writing in a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// The person has blocked the other one.
    pub blocks: bool,
    /// The other one has blocked the person.
    pub blocked: bool,
    /// An admin has suspended the person.
    pub suspended: bool,
}

impl Silence {
    /// Whether the person may write. Who can end it by themselves is told that first.
    ///
    /// # Errors
    /// `INSUFFICIENT_PERMISSIONS` (`chat_suspended`, `chat_blocks`, `chat_blocked`).
    pub const fn allows_writing(self) -> Result<(), Refusal> {
        let key = match self {
            Silence { suspended: true, .. } => "chat_suspended",
            Silence { blocks: true, .. } => "chat_blocks",
            Silence { blocked: true, .. } => "chat_blocked",
            Silence { .. } => return Ok(()),
        };
        Err(Refusal::new(Code::InsufficientPermissions, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for reason in ReportReason::ALL {
            assert_eq!(ReportReason::parse(reason.name()), Ok(reason));
            assert_eq!(serde_json::to_value(reason).expect("a name"), reason.name());
        }
        for decision in Decision::ALL {
            assert_eq!(Decision::parse(decision.name()), Ok(decision));
            assert_eq!(serde_json::to_value(decision).expect("a name"), decision.name());
        }
        assert!(ReportReason::parse("Spam").is_err() && Decision::parse("").is_err());
    }

    #[test]
    fn words_are_counted_after_trimming() {
        assert_eq!(report_note(" \n "), Ok(None));
        assert_eq!(report_note(" rude "), Ok(Some("rude".into())));
        assert!(report_note(&"é".repeat(500)).is_ok() && report_note(&"é".repeat(501)).is_err());
        assert!(decision_note(" ").is_err() && decision_note("é").is_ok());
    }

    #[test]
    fn one_silence_is_enough() {
        let silence = |blocks, blocked, suspended| Silence { blocks, blocked, suspended };
        for (silence, expected) in [
            (silence(false, false, false), None),
            (silence(true, false, false), Some("chat_blocks")),
            (silence(false, true, false), Some("chat_blocked")),
            (silence(true, true, false), Some("chat_blocks")),
            (silence(true, true, true), Some("chat_suspended")),
        ] {
            let refusal = silence.allows_writing().err();
            assert_eq!(refusal.map(|refusal| refusal.key.into_owned()).as_deref(), expected);
        }
    }
}
