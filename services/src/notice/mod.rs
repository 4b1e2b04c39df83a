//! Notices: what a person is told on the pages, under the bell.
//!
//! One is written beside each mail about a lesson, its money, a payout, a conversation or one's data, by the same job and in the same
//! transaction; who did something is not told of it.

mod choices;
mod quiet;
mod store;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Code, Refusal,
    ids::{BookingId, ExportId, PayoutId, ThreadId, UserId},
    money::Money,
};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Actor, Result, Services, booking::Page, live, mail::Kind, push};

pub use choices::{choose, refused};
pub(crate) use choices::{refuse, wants};
pub(crate) use quiet::quiet_until;
pub use quiet::{quiet_hours, set_quiet_hours};

/// How long notices are kept.
pub(crate) const KEPT_FOR: TimeDelta = TimeDelta::days(90);

/// Notices on a page.
const PAGE_SIZE: i64 = 20;

/// The kind of the live event that says that there is a notice.
const EVENT: &str = "notice";

/// Where a notice leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A lesson.
    Booking(BookingId),
    /// A conversation.
    Thread(ThreadId),
    /// A payout to the reader.
    Payout(PayoutId),
    /// A permission that the reader gave at a provider.
    Permission(Uuid),
    /// A copy of the reader's data.
    Export(ExportId),
}

/// A notice as its reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its id; later ones have greater ones.
    pub id: i64,
    /// What it is about.
    pub kind: Kind,
    /// Where it leads.
    pub subject: Subject,
    /// The name of the other person of the lesson or conversation; empty where there is none.
    pub other: String,
    /// Title and present start of the lesson.
    pub lesson: Option<(String, DateTime<Utc>)>,
    /// Of a payout: how much.
    pub amount: Option<Money>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// Whether it was read.
    pub is_read: bool,
}

/// The page of what a notice is about.
#[must_use]
pub fn page(kind: Kind, subject: Subject) -> String {
    match (subject, kind) {
        (
            Subject::Booking(id),
            Kind::Receipt
            | Kind::PaymentFailed
            | Kind::DebtForgiven
            | Kind::DepositFailed
            | Kind::RefundFailed
            | Kind::Refund,
        ) => format!("/lessons/{id}/charge"),
        (Subject::Booking(id), Kind::Dispute) => format!("/lessons/{id}#dispute"),
        (Subject::Booking(id), _) => format!("/lessons/{id}"),
        (Subject::Payout(_), _) => "/tutor/earnings#payouts".to_owned(),
        (Subject::Permission(_), _) => "/tutor/settings".to_owned(),
        (Subject::Export(_), _) => "/settings#your-data".to_owned(),
        (Subject::Thread(id), _) => format!("/messages/{id}"),
    }
}

/// What people are told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct News<'a> {
    pub kind: Kind,
    /// What it is about: told again, it is the same notice.
    pub about: &'a str,
    pub subject: Subject,
    /// From when on it is of no use to be told by push; `None` for half a day.
    pub useful_until: Option<DateTime<Utc>>,
}

/// Somebody who is told, and the sentence for their browsers, in their language.
pub(crate) type Told<'a> = (UserId, &'a str);

/// Writes a notice for each of some people who want to be told of its topic so, and tells their open pages; has it told
/// by the browsers of those who want that. Whom to wake after the commit.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn tell(
    tx: &mut PgConnection,
    people: &[Told<'_>],
    news: &News<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    let users: Vec<_> = people.iter().map(|(user, _)| *user).collect();
    let told = store::insert(tx, &users, news, now).await?;
    if !told.is_empty() {
        let payload = match news.subject {
            Subject::Booking(booking) => json!({ "kind": news.kind, "booking_id": booking }),
            Subject::Thread(thread) => json!({ "kind": news.kind, "thread_id": thread }),
            Subject::Payout(payout) => json!({ "kind": news.kind, "payout_id": payout }),
            Subject::Permission(_) => json!({ "kind": news.kind }),
            Subject::Export(export) => json!({ "kind": news.kind, "export_id": export }),
        };
        live::record(tx, &told, EVENT, &payload, now).await?;
    }
    for (user, sentence) in people {
        push::tell(tx, *user, news, sentence, now).await?;
    }
    Ok(told)
}

/// One's notices, newest first; pages begin with 1.
///
/// # Errors
/// `INVALID_REQUEST` for a page before the first.
pub async fn list(services: &Services, actor: &Actor, page: i64) -> Result<Page<Notice>> {
    let offset = page.checked_sub(1).filter(|before| (0..i64::MAX / PAGE_SIZE).contains(before));
    let offset = offset.ok_or(Refusal::on(Code::InvalidRequest, "page", "page"))? * PAGE_SIZE;
    let mut db = services.db.acquire().await?;
    let total = store::count(&mut db, actor.user).await?;
    let rows = store::list(&mut db, actor.user, PAGE_SIZE, offset).await?;
    Ok(Page { rows, page, page_size: PAGE_SIZE, total })
}

/// How many notices a person has not read.
///
/// # Errors
/// Where the database cannot be read.
pub async fn unread(services: &Services, actor: &Actor) -> Result<i64> {
    let mut db = services.db.acquire().await?;
    store::count_unread(&mut db, actor.user).await
}

/// Notes that a notice was read; where it leads.
///
/// # Errors
/// `NOT_FOUND` for a notice of others.
pub async fn open(services: &Services, actor: &Actor, id: i64) -> Result<(Kind, Subject)> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let unknown = || Refusal::new(Code::NotFound, "not_found");
    let opened = store::set_read(&mut tx, actor.user, id, now).await?.ok_or_else(unknown)?;
    live::record(&mut tx, &[actor.user], EVENT, &json!({ "read": id.to_string() }), now).await?;
    tx.commit().await?;
    services.live.wake(&[actor.user]);
    Ok(opened)
}

/// Notes that all notices were read.
///
/// # Errors
/// Where the database cannot be written.
pub async fn read_all(services: &Services, actor: &Actor) -> Result<()> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    if store::set_all_read(&mut tx, actor.user, now).await? > 0 {
        live::record(&mut tx, &[actor.user], EVENT, &json!({ "read": "all" }), now).await?;
    }
    tx.commit().await?;
    services.live.wake(&[actor.user]);
    Ok(())
}
