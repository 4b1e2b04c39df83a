//! Sending over SMTP.

use std::time::Duration;

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};

use super::Mail;
use crate::config::MailConfig;

/// How long the mail server may take for one command.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a mail was not sent. Never names the password: what the server said, or which address cannot be one.
pub(super) type SendError = Box<dyn std::error::Error + Send + Sync>;

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
        let automatic =
            HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        let message = Message::builder()
            .from(self.from.clone())
            .to(mail.to.parse()?)
            .subject(&mail.subject)
            .date(mail.created_at.into())
            .message_id(Some(mail.message_id.clone()))
            .raw_header(automatic)
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))?;
        Ok(message)
    }
}
