//! The mail about a sign-in from where the person did not sign in before.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use domain::{account::Agent, ids::UserId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    Kind, NewMail, keep,
    layout::Body,
    letter::{Letter, Reader},
    store,
    texts::{SignInTexts, Texts, fill},
};
use crate::{Result, Services};

/// A sign-in, as its person is told of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignIn {
    /// About each there is one mail.
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub from: Where,
    pub ip: Option<IpAddr>,
}

/// What signed in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Where {
    /// A browser, as far as it says what it is.
    Browser(Option<Agent>),
    /// A program that calls the API.
    Program,
}

/// Writes to a person that somebody signed in as them.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn tell_of_sign_in(
    services: &Services,
    tx: &mut PgConnection,
    user: UserId,
    sign_in: &SignIn,
) -> Result<()> {
    let Some(reader) = store::find_reader(tx, user).await? else { return Ok(()) };
    let letter = letter(&reader, sign_in, &services.config.web.public_url)?;
    keep(services, tx, &NewMail::of(Kind::SignIn, sign_in.id.to_string(), &reader, &letter)).await?;
    Ok(())
}

fn letter(reader: &Reader, sign_in: &SignIn, public_url: &str) -> Result<Letter> {
    let texts = Texts::of(reader.language)?;
    let own = &texts.sign_in;
    let mut rows = vec![
        (texts.time.clone(), reader.moment(sign_in.at)),
        (own.device.clone(), device(own, sign_in.from)),
    ];
    rows.extend(sign_in.ip.map(|ip| (own.address.clone(), ip.to_string())));
    let body = Body {
        language: reader.language,
        greeting: fill(&texts.greeting, &[("name", &reader.name)]),
        paragraphs: vec![own.lead.clone(), own.advice.clone()],
        rows,
        button: (own.link.clone(), format!("{public_url}/settings#password")),
        links: Vec::new(),
        reason: texts.reason.account.clone(),
    };
    Letter::lay_out(&texts, own.subject.clone(), &body, public_url)
}

fn device(own: &SignInTexts, from: Where) -> String {
    match from {
        Where::Browser(Some(Agent { browser, system })) => {
            fill(&own.browser, &[("browser", browser), ("system", system)])
        }
        Where::Browser(None) => own.unknown.clone(),
        Where::Program => own.program.clone(),
    }
}
