//! Who is there: noted from the open streams of all servers, in a table.

use domain::{chat::PRESENT, ids::UserId};
use serde_json::json;

use super::store;
use crate::{Result, Services, booking::finish, live};

/// Notes that a person opened a page. Where they were not there before, those with whom they talk, and who are
/// there, are told.
///
/// # Errors
/// Where the database cannot be written.
pub async fn arrive(services: &Services, user: UserId) -> Result<()> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let arrived = async {
        if !store::set_seen(&mut tx, user, now).await? {
            return Ok(Vec::new());
        }
        let others = store::list_partners_seen(&mut tx, user, now - PRESENT).await?;
        if !others.is_empty() {
            live::record(&mut tx, &others, "presence", &json!({ "user_id": user }), now).await?;
        }
        Ok(others)
    };
    let arrived = arrived.await;
    let others = finish(tx, arrived).await?;
    services.live.wake(&others);
    Ok(())
}

/// Notes that everybody with an open stream at this server is still there.
///
/// # Errors
/// Where the database cannot be written.
pub async fn stay(services: &Services) -> Result<()> {
    let mut here = services.live.listeners();
    // Servers that write the same rows take them in one order.
    here.sort_unstable();
    if here.is_empty() {
        return Ok(());
    }
    let mut db = services.db.acquire().await?;
    store::set_all_seen(&mut db, &here, services.clock.now()).await
}
