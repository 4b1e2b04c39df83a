//! Chat between a tutor and a student: what a message may be, and what is masked in it.

mod contact;
mod pieces;
mod presence;
mod report;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{Code, Refusal, account::paragraph};

pub use contact::{MASK, mask, mask_file_name};
pub use pieces::{Piece, pieces};
pub use presence::{PRESENT, Presence};
pub use report::{Decision, ReportReason, Silence, decision_note, report_note};

/// At most this many characters (Unicode scalar values) in a message (rules, Text and numbers).
pub const MAX_MESSAGE: usize = 4000;

/// At most this many characters in a [`ClientId`].
const MAX_CLIENT_ID: usize = 100;

/// The text of a message: 1 to [`MAX_MESSAGE`] characters, trimmed, or none where the message has files. Line breaks are
/// allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct MessageBody(String);

impl MessageBody {
    /// From what was written.
    ///
    /// # Errors
    /// `INVALID_REQUEST` (`message_length`) on `body`.
    pub fn parse(text: &str) -> Result<MessageBody, Refusal> {
        MessageBody::read(text, 1)
    }

    /// The same for a message with files, which may say nothing.
    ///
    /// # Errors
    /// As [`MessageBody::parse`].
    pub fn parse_with_files(text: &str) -> Result<MessageBody, Refusal> {
        MessageBody::read(text, 0)
    }

    fn read(text: &str, least: usize) -> Result<MessageBody, Refusal> {
        let text = paragraph(text, least, MAX_MESSAGE).map(MessageBody);
        text.ok_or(Refusal::on(Code::InvalidRequest, "message_length", "body"))
    }

    /// Whether a message with so many files can say it: one without any has words.
    ///
    /// # Errors
    /// As [`MessageBody::parse`].
    pub fn fits(&self, files: usize) -> Result<(), Refusal> {
        let fits = files > 0 || !self.0.is_empty();
        if fits { Ok(()) } else { Err(Refusal::on(Code::InvalidRequest, "message_length", "body")) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The sender's own name for a message, so that sending it twice gives one: 1 to 100 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ClientId(String);

impl ClientId {
    /// Taken as it is: nothing is trimmed.
    ///
    /// # Errors
    /// `INVALID_REQUEST` (`client_id`) on `client_id`.
    pub fn parse(text: &str) -> Result<ClientId, Refusal> {
        let fits = (1..=MAX_CLIENT_ID).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        let refusal = Refusal::on(Code::InvalidRequest, "client_id", "client_id");
        if fits { Ok(ClientId(text.to_owned())) } else { Err(refusal) }
    }

    /// The name of a text that was written in a form with a name of its own. Posted twice it is the same; another
    /// text from a form to which a browser went back is another message.
    #[must_use]
    pub fn of_form(form: &str, text: &str) -> ClientId {
        let hash = Sha256::new().chain_update(form).chain_update([0]).chain_update(text).finalize();
        ClientId(URL_SAFE_NO_PAD.encode(hash))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Receipt {
    /// It reached a page or a program of the other person.
    Delivered,
    /// The other person saw it.
    Read,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_counted_in_characters_after_trimming() {
        for (text, expected) in [
            ("  hello \n", Some("hello")),
            ("one\r\ntwo", Some("one\ntwo")),
            ("👩‍🏫", Some("👩‍🏫")),
            ("", None),
            (" \n\t ", None),
            ("bell\u{7}", None),
        ] {
            let read = MessageBody::parse(text).ok();
            assert_eq!(read.as_ref().map(MessageBody::as_str), expected, "{text:?}");
        }
        assert!(MessageBody::parse(&"é".repeat(MAX_MESSAGE)).is_ok());
        let refusal = MessageBody::parse(&"é".repeat(MAX_MESSAGE + 1)).expect_err("too long");
        assert_eq!(refusal, Refusal::on(Code::InvalidRequest, "message_length", "body"));
    }

    #[test]
    fn a_message_with_files_may_say_nothing() {
        for (text, expected) in
            [("", Some("")), (" \n ", Some("")), (" Look ", Some("Look")), ("\u{7}", None)]
        {
            let read = MessageBody::parse_with_files(text).ok();
            assert_eq!(read.as_ref().map(MessageBody::as_str), expected, "{text:?}");
        }
        assert!(MessageBody::parse_with_files(&"é".repeat(MAX_MESSAGE + 1)).is_err());
        for (text, files, fits) in [("", 0, false), ("", 1, true), ("Look", 0, true), ("Look", 2, true)] {
            let body = MessageBody::parse_with_files(text).expect("a text");
            assert_eq!(body.fits(files).is_ok(), fits, "{text:?} {files}");
        }
    }

    #[test]
    fn a_client_id_is_taken_as_it_is() {
        for (text, fits) in [("a", true), (" a ", true), (&"é".repeat(100), true)] {
            assert_eq!(ClientId::parse(text).is_ok_and(|id| id.as_str() == text), fits, "{text:?}");
        }
        for text in ["", "a\nb", &"x".repeat(101)] {
            assert!(ClientId::parse(text).is_err(), "{text:?}");
        }
        let of = ClientId::of_form;
        assert_eq!(of("form", "text"), of("form", "text"));
        assert!(of("form", "text") != of("form", "other") && of("form", "text") != of("formt", "ext"));
        assert!(ClientId::parse(of("form", "text").as_str()).is_ok());
    }
}
