//! Quiet hours: what can wait is told after them, if it is still of use then.

use chrono::{DateTime, Utc};
use domain::{ids::UserId, notice::Quiet, zone::Zone};

use super::store;
use crate::{Actor, AppError, Result, Services, mail::Kind};

/// One's quiet hours.
///
/// # Errors
/// Where the database cannot be read.
pub async fn quiet_hours(services: &Services, actor: &Actor) -> Result<Option<Quiet>> {
    let mut db = services.db.acquire().await?;
    Ok(store::find_quiet(&mut db, actor.user).await?.map(|found| found.hours))
}

/// Sets one's quiet hours; `None` for none.
///
/// # Errors
/// Where the database cannot be written.
pub async fn set_quiet_hours(services: &Services, actor: &Actor, hours: Option<Quiet>) -> Result<()> {
    let mut db = services.db.acquire().await?;
    match hours {
        Some(hours) => store::set_quiet(&mut db, actor.user, hours).await,
        None => store::delete_quiet(&mut db, actor.user).await,
    }
}

/// Quiet hours as they are kept, with the present zone of their person.
pub(super) struct Kept {
    pub hours: Quiet,
    pub zone: String,
}

/// Until when something of a kind waits, for the end of a person's quiet; `None` where it does not. When that is, is
/// noted: until then the lists of what is due leave this person out.
///
/// # Errors
/// Where the database cannot be read or written.
pub(crate) async fn quiet_until(
    services: &Services,
    user: UserId,
    kind: Kind,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    if !kind.can_wait() {
        return Ok(None);
    }
    let mut db = services.db.acquire().await?;
    let Some(Kept { hours, zone }) = store::find_quiet(&mut db, user).await? else { return Ok(None) };
    let Some(ends) = hours.ends(Zone::parse(&zone).map_err(AppError::fault)?, now) else { return Ok(None) };
    store::set_quiet_found(&mut db, user, &zone, now, ends).await?;
    Ok(Some(ends))
}
