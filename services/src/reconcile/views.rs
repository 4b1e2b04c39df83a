//! What admins see of it: the comparisons, what differs, and the figures of `/metrics`.

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    ids::{BookingId, PayoutId, ReconciliationId},
    reconcile::{Fault, Kind, Side},
};

use super::store;
use crate::{
    Actor, Result, Services,
    booking::{self, Page},
};

/// A comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunView {
    /// Which.
    pub id: ReconciliationId,
    /// The admin who asked for it; `None` where it was due.
    pub asked_by: Option<String>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it was at its end; `None` while it is under way.
    pub finished_at: Option<DateTime<Utc>>,
    /// Lines of the provider that were new.
    pub lines: i64,
    /// Lines and movements that were looked up on the other side.
    pub judged: i64,
    /// Differences that were new.
    pub found: i64,
    /// Differences that were none any more.
    pub closed: i64,
}

/// In what ledger and provider differ, or differed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its id; later ones have greater ones.
    pub id: i64,
    /// What moved.
    pub kind: Kind,
    /// In what the two differ.
    pub fault: Fault,
    /// The row of ours that caused it, or the provider's id.
    pub reference: String,
    /// What the ledger says.
    pub ledger: Option<Side>,
    /// What the provider says.
    pub provider: Option<Side>,
    /// The provider's object.
    pub object: Option<String>,
    /// The lesson that it is about.
    pub booking: Option<BookingId>,
    /// The payout that it is of.
    pub payout: Option<PayoutId>,
    /// When it was found.
    pub found_at: DateTime<Utc>,
    /// When it was none any more, or an admin closed it.
    pub closed_at: Option<DateTime<Utc>>,
    /// An admin closed it.
    pub closed_by_hand: bool,
    /// What admins decided about it, in its order.
    pub decisions: Vec<Decision>,
}

impl Difference {
    /// In what the two differ, as a word: whoever closes a difference says which one was read, so that none is closed
    /// that has changed since.
    #[must_use]
    pub fn mark(&self) -> String {
        let told = |side: &Side| format!("{} {} x{}", side.minor, side.currency, side.lines);
        let [ledger, provider] =
            [&self.ledger, &self.provider].map(|side| side.as_ref().map_or_else(String::new, told));
        format!("{}/{ledger}/{provider}", self.fault.name())
    }
}

/// What an admin decided about a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Why it was closed, in the admin's words; `None` where it was opened again.
    pub note: Option<String>,
    /// The admin's name.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Which differences are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listed {
    /// Those that are there.
    #[default]
    Open,
    /// Those that were there.
    Closed,
}

impl Listed {
    /// The name in addresses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Listed::Open => "open",
            Listed::Closed => "closed",
        }
    }
}

/// Differences on a page.
pub const PAGE_SIZE: i64 = 20;

/// Comparisons that are shown.
const RUNS: i64 = 10;

/// The last comparisons, the latest first.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS` for anyone but an admin.
pub async fn list_runs(services: &Services, actor: &Actor) -> Result<Vec<RunView>> {
    actor.require_admin()?;
    let mut db = services.db.acquire().await?;
    store::list_runs(&mut db, RUNS).await
}

/// What differs, the latest first.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS` for anyone but an admin, `INVALID_REQUEST` for a page out of range.
pub async fn list_differences(
    services: &Services,
    actor: &Actor,
    listed: Listed,
    page: i64,
) -> Result<Page<Difference>> {
    actor.require_admin()?;
    booking::offset(page, PAGE_SIZE)?;
    let mut db = services.db.acquire().await?;
    let total = store::count_differences(&mut db, listed).await?;
    // Closing the last one of the last page leaves that page empty: what is then the last is shown.
    let page = page.min((total + PAGE_SIZE - 1) / PAGE_SIZE).max(1);
    let offset = booking::offset(page, PAGE_SIZE)?;
    let mut rows = store::list_differences(&mut db, listed, PAGE_SIZE, offset).await?;
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    for (id, decision) in store::list_decisions(&mut db, &ids).await? {
        rows.iter_mut().filter(|row| row.id == id).for_each(|row| row.decisions.push(decision.clone()));
    }
    Ok(Page { rows, page, page_size: PAGE_SIZE, total })
}

/// A difference, without what was decided about it.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS` for anyone but an admin, `NOT_FOUND`.
pub async fn find(services: &Services, actor: &Actor, id: i64) -> Result<Difference> {
    actor.require_admin()?;
    let mut db = services.db.acquire().await?;
    let found = store::find_difference(&mut db, id).await?;
    found.ok_or_else(|| Refusal::new(Code::NotFound, "not_found").into())
}

/// How it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Differences that are there.
    pub open: i64,
    /// Seconds since the last comparison that came to its end began; `None` before the first.
    pub age: Option<i64>,
}

/// Counts.
///
/// # Errors
/// Where the database cannot be read.
pub async fn counts(services: &Services) -> Result<Counts> {
    let now = services.clock.now();
    let mut db = services.db.acquire().await?;
    let open = store::count_differences(&mut db, Listed::Open).await?;
    let last = store::find_last_start(&mut db).await?;
    Ok(Counts { open, age: last.map(|last| (now - last).num_seconds()) })
}
