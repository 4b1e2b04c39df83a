//! A person's export of their own data: asked for, made by a job, downloaded by nobody else, and removed after a week.

mod archive;
mod store;
mod write;

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    ids::{ExportId, UserId},
    privacy::{ExportState, KEPT_FOR, NotNow, may_ask},
};
use serde_json::json;

use crate::{
    Actor, AppError, Result, Services, account, booking::Page, chance, files, jobs, storage::FileStream,
};

pub use write::WriteExport;

/// An export as its person sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its id.
    pub id: ExportId,
    /// How far it is.
    pub state: ExportState,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When its file was there.
    pub ready_at: Option<DateTime<Utc>>,
    /// From when on it is not downloaded any more.
    pub ends_at: DateTime<Utc>,
    /// Bytes of its file.
    pub size: Option<i64>,
}

/// Asks for a copy of all that is kept about the person. A job makes it, and tells of it.
///
/// # Errors
/// `INVALID_STATE` (`export_waits`) while one is being made, `RATE_LIMITED` (`exports_many`) with `details.retry_after`
/// (seconds) for a fourth within 24 hours.
pub async fn request_export(services: &Services, actor: &Actor) -> Result<Export> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    account::lock(&mut tx, actor.user).await?;
    store::set_all_over(&mut tx, actor.user, now).await?;
    let (waits, asked) = store::find_asked(&mut tx, actor.user).await?;
    may_ask(waits, &asked, now).map_err(|not_now| refused(not_now, now))?;
    let id = chance::id();
    let export = store::insert(&mut tx, id, actor.user, now, now + KEPT_FOR).await?;
    jobs::enqueue(&mut tx, &WriteExport { export: id }).await?;
    tx.commit().await?;
    Ok(export)
}

fn refused(not_now: NotNow, now: DateTime<Utc>) -> AppError {
    match not_now {
        NotNow::Waits => Refusal::new(Code::InvalidState, "export_waits").into(),
        NotNow::Until(next) => {
            let retry_after = ((next - now).num_milliseconds() + 999) / 1000;
            let refusal = Refusal::new(Code::RateLimited, "exports_many");
            AppError::with_details(refusal, json!({ "retry_after": retry_after }))
        }
    }
}

/// One's own exports, the latest first.
///
/// # Errors
/// Where the database cannot be read.
pub async fn list_exports(
    services: &Services,
    actor: &Actor,
    page: i64,
    page_size: i64,
) -> Result<Page<Export>> {
    let now = services.clock.now();
    let mut db = services.db.acquire().await?;
    let total = store::count(&mut db, actor.user).await?;
    let offset = page.saturating_sub(1).saturating_mul(page_size);
    let mut rows = store::list(&mut db, actor.user, page_size, offset).await?;
    for export in &mut rows {
        export.state = export.state.at(export.ends_at, now);
    }
    Ok(Page { rows, page, page_size, total })
}

/// The address under which a person downloads an export, under our own, for an hour at least; `None` unless it is ready.
///
/// # Errors
/// Where no seal can be made.
pub fn export_link(services: &Services, actor: &Actor, export: &Export) -> Result<Option<String>> {
    if export.state != ExportState::Ready {
        return Ok(None);
    }
    let (id, until) = (export.id, files::ends(services));
    let seal = files::sealed(services, &told(id, actor.user, until))?;
    Ok(Some(format!("/api/gdpr/export/{id}/file?until={until}&seal={seal}")))
}

/// What the seal of a link says.
fn told(id: ExportId, user: UserId, until: i64) -> String {
    format!("export:{id}:{user}:{until}")
}

/// The size of an export's file, bytes, and the file piece by piece, for the person whose it is, signed in.
///
/// # Errors
/// `NOT_FOUND` for a link that is not ours or not theirs, `LINK_EXPIRED` for one that is too old and once the file is
/// removed.
pub async fn open_export(
    services: &Services,
    actor: &Actor,
    id: ExportId,
    until: i64,
    seal: &str,
) -> Result<(u64, FileStream)> {
    files::check_seal(services, &told(id, actor.user, until), until, seal)?;
    let mut db = services.db.acquire().await?;
    let unknown = || Refusal::new(Code::NotFound, "not_found");
    let export = store::find(&mut db, id, actor.user).await?.ok_or_else(unknown)?;
    drop(db);
    match export.state.at(export.ends_at, services.clock.now()) {
        ExportState::Requested => return Err(unknown().into()),
        ExportState::Expired => return Err(Refusal::new(Code::LinkExpired, "link_expired").into()),
        ExportState::Ready => {}
    }
    let found = services.storage.stream(&file(id)).await?;
    found.ok_or_else(|| AppError::fault(format!("the file of export {id} is missing")))
}

/// The name of an export's file in the store.
fn file(id: ExportId) -> String {
    format!("exports/{id}")
}

/// Ends the exports whose time is over and removes their files; how many. A store that does not answer is logged and
/// asked again by the next sweep.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn sweep(services: &Services) -> Result<u64> {
    let now = services.clock.now();
    let over = store::list_over(&mut *services.db.acquire().await?, now).await?;
    let mut removed = 0;
    for id in over {
        // From here on no job makes it ready any more: what one has put there since it removes itself.
        store::set_over(&mut *services.db.acquire().await?, id, now).await?;
        if let Err(error) = services.storage.delete(&file(id)).await {
            tracing::error!(export = %id, %error, "cannot delete the file of an export");
            return Ok(removed);
        }
        store::set_removed(&mut *services.db.acquire().await?, id, now).await?;
        removed += 1;
    }
    Ok(removed)
}
