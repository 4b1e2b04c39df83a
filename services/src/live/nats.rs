//! Hints by NATS, where many servers serve one platform and the database is to do only what it alone can.

use async_nats::{Client, ConnectOptions, Event, Subscriber};
use futures::StreamExt as _;

use super::bus::{Hearing, Telling};
use crate::{AppError, Result, config::NatsConfig};

/// The subject of the hints. Ids are unique in the world: platforms that share a NATS do not disturb each other.
const SUBJECT: &str = "lectern.live";

/// Subscribes, and tells. The client connects by itself, now or when NATS is there, and subscribes anew whenever it
/// was away.
pub(super) async fn start(nats: &NatsConfig, telling: Telling, hearing: Hearing) -> Result<()> {
    let options =
        ConnectOptions::new().name("lectern").no_echo().retry_on_initial_connect().event_callback(note);
    let options = match &nats.login {
        Some((user, password)) => options.user_and_password(user.clone(), password.clone()),
        None => options,
    };
    let client = options.connect(&nats.servers[..]).await.map_err(AppError::fault)?;
    let subscriber = client.subscribe(SUBJECT).await.map_err(AppError::fault)?;
    tokio::spawn(carry(client, subscriber, telling, hearing));
    Ok(())
}

/// Tells and hears until the bus is gone.
async fn carry(client: Client, mut subscriber: Subscriber, mut telling: Telling, hearing: Hearing) {
    loop {
        tokio::select! {
            told = telling.next() => {
                let Some(told) = told else { return };
                if let Err(error) = client.publish(SUBJECT, told.into()).await {
                    tracing::warn!(%error, "live events: a hint was lost");
                }
            }
            heard = subscriber.next() => {
                let Some(heard) = heard else { return };
                if !std::str::from_utf8(&heard.payload).is_ok_and(|text| hearing.hear(text)) {
                    tracing::debug!("live events: a hint for nobody");
                }
            }
        }
    }
}

/// What becomes of the connection is for the log.
async fn note(event: Event) {
    match event {
        Event::Connected => tracing::info!("live events: connected to NATS"),
        event => tracing::warn!(%event, "live events: NATS"),
    }
}
