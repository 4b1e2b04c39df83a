//! Which mails a person wants. What is about money and about bookings is always written; reminders, questions and news of messages can be
//! refused, in the settings or by the link in each of them, which needs no signing in (RFC 8058).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{Code, Refusal, ids::UserId};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

use super::{Kind, store};
use crate::{Actor, AppError, Result, Services};

/// Mails that can be refused together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Reminders before a lesson.
    Reminders,
    /// The question how a lesson was.
    Questions,
    /// Messages that wait to be read.
    Messages,
}

impl Topic {
    /// All of them.
    pub const ALL: [Topic; 3] = [Topic::Reminders, Topic::Questions, Topic::Messages];

    /// That of a mail; `None` for what cannot be refused.
    pub(super) const fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::ReminderDay | Kind::ReminderHour | Kind::JoinNow => Some(Topic::Reminders),
            Kind::FeedbackRequest => Some(Topic::Questions),
            Kind::NewMessage => Some(Topic::Messages),
            _ => None,
        }
    }

    /// The name in the database and in links.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Topic::Reminders => "reminders",
            Topic::Questions => "questions",
            Topic::Messages => "messages",
        }
    }
}

/// What one refuses.
///
/// # Errors
/// Where the database cannot be read.
pub async fn refused(services: &Services, actor: &Actor) -> Result<Vec<Topic>> {
    let mut db = services.db.acquire().await?;
    let names = store::list_refusals(&mut db, actor.user).await?;
    Ok(Topic::ALL.into_iter().filter(|topic| names.iter().any(|name| name == topic.name())).collect())
}

/// Wants mails of the topics, and no others of those that can be refused.
///
/// # Errors
/// Where the database cannot be written.
pub async fn choose(services: &Services, actor: &Actor, wanted: &[Topic]) -> Result<()> {
    let mut tx = services.db.begin().await?;
    for topic in Topic::ALL {
        if wanted.contains(&topic) {
            store::delete_refusal(&mut tx, actor.user, topic).await?;
        } else {
            store::insert_refusal(&mut tx, actor.user, topic, services.clock.now()).await?;
        }
    }
    Ok(tx.commit().await?)
}

/// Where mails of a topic to a person end with a click. Nobody else can make such an address.
pub(super) fn address(services: &Services, user: UserId, topic: Topic) -> Result<String> {
    let seal = URL_SAFE_NO_PAD.encode(&seal(services, user, topic)?.finalize().into_bytes()[..SEAL]);
    Ok(format!("{}/unsubscribe/{}.{}.{seal}", services.config.web.public_url, topic.name(), user.0.simple()))
}

/// Bytes of a seal.
const SEAL: usize = 16;

fn seal(services: &Services, user: UserId, topic: Topic) -> Result<Hmac<Sha256>> {
    let secret = &services.config.secrets.session;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(AppError::fault)?;
    mac.update(format!("unsubscribe:{}:{}", topic.name(), user.0).as_bytes());
    Ok(mac)
}

/// What a link of ours ends.
///
/// # Errors
/// `NOT_FOUND` for a link that is not ours.
pub fn read_link(services: &Services, token: &str) -> Result<(UserId, Topic)> {
    let unknown = || AppError::from(Refusal::new(Code::NotFound, "not_found"));
    let mut parts = token.split('.');
    let (Some(topic), Some(user), Some(sealed), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(unknown());
    };
    let topic = Topic::ALL.into_iter().find(|known| known.name() == topic).ok_or_else(unknown)?;
    let user = UserId(Uuid::try_parse(user).map_err(|_| unknown())?);
    let sealed = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| unknown())?;
    if sealed.len() != SEAL {
        return Err(unknown());
    }
    seal(services, user, topic)?.verify_truncated_left(&sealed).map_err(|_| unknown())?;
    Ok((user, topic))
}

/// Ends what a link ends, as often as it is pressed.
///
/// # Errors
/// `NOT_FOUND` for a link that is not ours, or of a person who is gone.
pub async fn unsubscribe(services: &Services, token: &str) -> Result<Topic> {
    let (user, topic) = read_link(services, token)?;
    let mut db = services.db.acquire().await?;
    if store::find_reader(&mut db, user).await?.is_none() {
        return Err(Refusal::new(Code::NotFound, "not_found").into());
    }
    store::insert_refusal(&mut db, user, topic, services.clock.now()).await?;
    Ok(topic)
}
