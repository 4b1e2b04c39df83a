//! By which ways a person wants to be told of what. What was agreed and what it costs is mailed all the same; the rest
//! can be refused, topic by topic and way by way.

use chrono::{DateTime, Utc};
use domain::{
    ids::UserId,
    notice::{Channel, Choice},
};
use sqlx::PgConnection;

use super::store;
use crate::{Actor, Result, Services, mail::Kind};

/// What one refuses, of all that one can refuse.
///
/// # Errors
/// Where the database cannot be read.
pub async fn refused(services: &Services, actor: &Actor) -> Result<Vec<Choice>> {
    let mut db = services.db.acquire().await?;
    let names = store::list_refusals(&mut db, actor.user).await?;
    let is_refused = |choice: &Choice| {
        names.iter().any(|(topic, channel)| topic == choice.topic.name() && channel == choice.channel.name())
    };
    Ok(Choice::all(actor.role).filter(is_refused).collect())
}

/// Wants this, and nothing else of all that one can refuse.
///
/// # Errors
/// Where the database cannot be written.
pub async fn choose(services: &Services, actor: &Actor, wanted: &[Choice]) -> Result<()> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    for choice in Choice::all(actor.role) {
        if wanted.contains(&choice) {
            store::delete_refusal(&mut tx, actor.user, choice).await?;
        } else {
            refuse(&mut tx, actor.user, choice, now).await?;
        }
    }
    Ok(tx.commit().await?)
}

/// Notes that a person refuses something; again changes nothing.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn refuse(
    tx: &mut PgConnection,
    user: UserId,
    choice: Choice,
    now: DateTime<Utc>,
) -> Result<()> {
    store::insert_refusal(tx, user, choice, now).await
}

/// Whether a person wants to be told of a kind by that way.
///
/// # Errors
/// Where the database cannot be read.
pub(crate) async fn wants(tx: &mut PgConnection, user: UserId, kind: Kind, channel: Channel) -> Result<bool> {
    match kind.topic() {
        Some(topic) => Ok(!store::is_refused(tx, user, Choice { topic, channel }).await?),
        None => Ok(channel == Channel::Mail),
    }
}
