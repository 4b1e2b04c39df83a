//! Mails with a link that stands for its reader: it confirms the address, or signs in.

use chrono::{DateTime, Utc};
use domain::ids::UserId;
use sqlx::PgConnection;

use super::{
    Kind, NewMail, keep,
    layout::Body,
    letter::{Letter, Reader},
    store,
    texts::{Texts, fill},
};
use crate::{Result, Services, account::Purpose, chance};

/// A link, and until when it works.
#[derive(Clone, Copy)]
pub(crate) struct Link<'a> {
    pub purpose: Purpose,
    pub token: &'a str,
    pub expires_at: DateTime<Utc>,
}

/// Writes to a person the link that they asked for.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn send_link(
    services: &Services,
    tx: &mut PgConnection,
    user: UserId,
    link: &Link<'_>,
) -> Result<()> {
    let Some(reader) = store::find_reader(tx, user).await? else { return Ok(()) };
    let (kind, path) = match link.purpose {
        Purpose::VerifyEmail => (Kind::VerifyEmail, "verify"),
        Purpose::SignIn => (Kind::SignInLink, "login"),
    };
    let public_url = &services.config.web.public_url;
    let address = format!("{public_url}/{path}/{}", link.token);
    let letter = letter(kind, &reader, address, link.expires_at, public_url)?;
    let new = NewMail {
        useful_until: Some(link.expires_at),
        ..NewMail::of(kind, chance::id::<uuid::Uuid>().to_string(), &reader, &letter)
    };
    keep(services, tx, &new).await?;
    Ok(())
}

fn letter(
    kind: Kind,
    reader: &Reader,
    address: String,
    expires_at: DateTime<Utc>,
    public_url: &str,
) -> Result<Letter> {
    let texts = Texts::of(reader.language)?;
    let own = if kind == Kind::VerifyEmail { &texts.verify_email } else { &texts.sign_in_link };
    let body = Body {
        language: reader.language,
        greeting: fill(&texts.greeting, &[("name", &reader.name)]),
        paragraphs: vec![own.lead.clone(), own.unasked.clone()],
        rows: vec![(texts.good_until.clone(), reader.moment(expires_at))],
        button: (own.link.clone(), address),
        links: Vec::new(),
        reason: texts.reason.account.clone(),
    };
    Letter::lay_out(&texts, own.subject.clone(), &body, public_url)
}
