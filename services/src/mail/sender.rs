//! Sending over SMTP.

use std::{error::Error as _, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Attachment, Mailbox, MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp,
};

use super::{Mail, refused};
use crate::config::MailConfig;

/// How long the mail server may take for one command.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a mail was not sent. Never names the password: what the server said, or which address cannot be one.
pub(super) type SendError = Box<dyn std::error::Error + Send + Sync>;

/// Whether the mail server said that nobody has the address: then no other try is of use.
pub(super) fn is_for_nobody(error: &SendError) -> bool {
    let answer = error.downcast_ref::<smtp::Error>();
    let code_and_words = answer.and_then(|answer| Some((answer.status()?, answer.source()?)));
    code_and_words.is_some_and(|(code, words)| refused::is_nobody(code.into(), &words.to_string()))
}

/// Sends mails to the configured server, over connections that are kept for the next.
pub struct Sender {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Sender {
    /// Connects with the first mail.
    #[must_use]
    pub fn new(config: &MailConfig) -> Self {
        let transport = config.smtp.clone().timeout(Some(PATIENCE)).build();
        Sender { transport, from: config.from.clone() }
    }

    /// Sends one; the server has taken it when this returns.
    pub(super) async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        self.transport.send(self.message(mail)?).await?;
        Ok(())
    }

    fn message(&self, mail: &Mail) -> Result<Message, SendError> {
        // RFC 3834: nobody's absence note is wanted.
        let automatic = raw("Auto-Submitted", "auto-generated".to_owned());
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(mail.to.parse()?)
            .subject(&mail.subject)
            .date(mail.created_at.into())
            .message_id(Some(mail.message_id.clone()))
            .raw_header(automatic);
        if let Some(address) = &mail.unsubscribe {
            // RFC 8058: mail programs show a button that ends such mails.
            message = message
                .raw_header(raw("List-Unsubscribe", format!("<{address}>")))
                .raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
        }
        Ok(message.multipart(parts(mail)?)?)
    }
}

/// A header without a type of its own.
fn raw(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

/// Text and HTML to choose from. A calendar file is a third choice, which mail programs show as an invitation
/// (RFC 6047), and an attachment for those that do not.
fn parts(mail: &Mail) -> Result<MultiPart, SendError> {
    let letter = MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone());
    let (Some(file), Some(method)) = (&mail.calendar, &mail.calendar_method) else { return Ok(letter) };
    let shown = ContentType::parse(&format!("text/calendar; charset=utf-8; method={method}"))?;
    let letter = letter.singlepart(SinglePart::builder().header(shown).body(file.clone()));
    let attached =
        Attachment::new("lesson.ics".to_owned()).body(file.clone(), ContentType::parse("application/ics")?);
    Ok(MultiPart::mixed().multipart(letter).singlepart(attached))
}
