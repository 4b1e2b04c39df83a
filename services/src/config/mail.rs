//! Who sends mails.

use lettre::{
    Address, AsyncSmtpTransport, Tokio1Executor, message::Mailbox, transport::smtp::AsyncSmtpTransportBuilder,
};
use url::Url;

use super::{
    ConfigError, Mode,
    vars::{Vars, fault},
};

/// Who sends mails.
#[derive(Clone)]
pub struct MailConfig {
    /// `SMTP_URL`, read: server, encryption, user and password.
    pub smtp: AsyncSmtpTransportBuilder,
    /// `MAIL_FROM`, default `Lectern <no-reply@HOST>` with the host of `PUBLIC_URL`.
    pub from: Mailbox,
}

impl std::fmt::Debug for MailConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailConfig(…)")
    }
}

impl MailConfig {
    /// In development without `SMTP_URL` nothing.
    pub(super) fn read(vars: &Vars<'_>, mode: Mode, host: &str) -> Result<Option<Self>, ConfigError> {
        let Some(text) = vars.get("SMTP_URL") else {
            return match mode {
                Mode::Development => Ok(None),
                Mode::Production => Err(fault("SMTP_URL", "is required in production")),
            };
        };
        // Said without the text, which has the password in it.
        let malformed = || fault("SMTP_URL", "must be like smtps://user:password@host:465");
        let url = Url::parse(&text).map_err(|_| malformed())?;
        let encrypted = url.scheme() == "smtps"
            || url.query_pairs().any(|pair| pair == ("tls".into(), "required".into()));
        if mode == Mode::Production && url.password().is_some() && !encrypted {
            return Err(fault("SMTP_URL", "sends a password unencrypted: use smtps:// or ?tls=required"));
        }
        let smtp = AsyncSmtpTransport::<Tokio1Executor>::from_url(&text).map_err(|_| malformed())?;
        let from = match vars.get("MAIL_FROM") {
            Some(text) => text.parse().ok(),
            None => Address::new("no-reply", host)
                .ok()
                .map(|address| Mailbox::new(Some("Lectern".into()), address)),
        };
        let from = from.ok_or_else(|| fault("MAIL_FROM", "must be like Lectern <no-reply@example.org>"))?;
        Ok(Some(MailConfig { smtp, from }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_password_goes_to_the_mail_server_encrypted() {
        let secret = "x".repeat(32);
        for (url, fine) in [
            ("smtps://u:geheim@mail.test", true),
            ("smtp://u:geheim@mail.test?tls=required", true),
            ("smtp://127.0.0.1:25", true),
            ("smtp://u:geheim@mail.test", false),
            ("smtp://u:geheim@mail.test?tls=opportunistic", false),
        ] {
            let all = [
                ("LECTERN_ENV", "production"),
                ("PUBLIC_URL", "https://lectern.test"),
                ("SESSION_SECRET", &secret),
                ("CRON_SECRET", &secret),
                ("SMTP_URL", url),
                ("STRIPE_SECRET_KEY", "sk_live_x"),
                ("STRIPE_PUBLISHABLE_KEY", "pk_live_x"),
                ("STRIPE_WEBHOOK_SECRET", "whsec_x"),
            ];
            let answer = read(&all).map(|_| ()).map_err(|error| error.to_string());
            assert_eq!(answer.is_ok(), fine, "{answer:?}");
            assert!(!format!("{answer:?}").contains("geheim"));
        }
    }

    #[test]
    fn the_host_names_us_in_mails() {
        for (url, host) in [
            ("https://lectern.test", "lectern.test"),
            ("https://lectern.test:8443", "lectern.test"),
            ("http://127.0.0.1:3000", "localhost"),
            ("http://[::1]:3000", "localhost"),
        ] {
            assert_eq!(read(&[("PUBLIC_URL", url)]).expect(url).web.host(), host);
        }
        let malformed = [("SMTP_URL", "smtp://127.0.0.1:25"), ("MAIL_FROM", "nobody")];
        assert_eq!(read(&malformed).expect_err("no address").name, "MAIL_FROM");
    }
}
