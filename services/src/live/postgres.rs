//! Hints by NOTIFY: nothing to run beside the database.
//!
//! Commits that notify wait for one another, so that one task tells what many use cases have to say.

use std::time::Duration;

use sqlx::{PgPool, postgres::PgListener};

use super::bus::{Hearing, Telling};
use crate::Result;

/// The channel of the hints.
const CHANNEL: &str = "lectern_live";

/// Listens, and tells.
pub(super) async fn start(db: PgPool, telling: Telling, hearing: Hearing) -> Result<()> {
    let mut listener = PgListener::connect_with(&db).await?;
    listener.listen(CHANNEL).await?;
    tokio::spawn(listen(listener, hearing));
    tokio::spawn(notify(db, telling));
    Ok(())
}

async fn notify(db: PgPool, mut telling: Telling) {
    while let Some(told) = telling.next().await {
        // A hint is nothing to keep: its commit waits for no disk, and what people write does not wait for it there.
        let hint = sqlx::query!(
            "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)",
            CHANNEL,
            told
        );
        if let Err(error) = hint.fetch_one(&db).await {
            tracing::warn!(%error, "live events: a hint was lost");
        }
    }
}

/// Passes hints on until nobody is left who could wait for one.
async fn listen(mut listener: PgListener, hearing: Hearing) {
    loop {
        match listener.recv().await {
            Ok(notification) if hearing.hear(notification.payload()) => {}
            // The bus is gone; or the server stops, and waits for this connection.
            Ok(_) | Err(sqlx::Error::PoolClosed) => return,
            // The listener connects anew at the next call; a moment's wait keeps it from spinning.
            Err(error) => {
                tracing::warn!(%error, "live events: the listening connection was lost");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}
