//! Disputes: one of the two does not accept something about a settled lesson, both say what they have to say, and an
//! admin decides. The lesson is not paid out to its tutor meanwhile.

mod chargeback;
mod claims;
mod decide;
mod file_store;
mod files;
mod store;
mod weigh;

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    account::Role,
    booking::Party,
    dispute::{Outcome, Reason, Statement},
    ids::{AttachmentId, BookingId, DisputeId, UserId},
    money::Money,
};
use serde_json::{Value, json};
use sqlx::PgConnection;

use self::{claims::Way, files::Taker};
use crate::{
    Actor, Result, Services, account,
    booking::{self, By, Found},
    chance,
    files::Attachment,
    limit, live, outbox, payment,
};

pub use chargeback::{Bank, SubmitEvidence, submit_evidence};
pub(crate) use chargeback::{bear_losses, has_money, has_payment, hear, lost_beside_charge};
pub use decide::decide;
pub use files::{attach, open as open_file};
pub use weigh::{Weighed, weigh};

/// What a person may say in disputes in an hour: far more than there is to say, and no flood of mails.
const STATEMENTS_PER_HOUR: i32 = 30;

/// A dispute as the two parties and admins see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// Its id.
    pub id: DisputeId,
    /// The lesson.
    pub booking: BookingId,
    /// Its title.
    pub title: String,
    /// Whose it is; `None` for a bank's.
    pub by: Option<Opener>,
    /// Since when.
    pub opened_at: DateTime<Utc>,
    /// What was decided; `None` while it is open.
    pub verdict: Option<Verdict>,
    /// Since when it is over, where a bank decided.
    pub closed_at: Option<DateTime<Utc>>,
    /// What both said, oldest first; the first of a party's dispute opened it, and is the claim of who did.
    pub statements: Vec<Said>,
    /// What banks do about the payment meanwhile, oldest first.
    pub banks: Vec<Bank>,
}

impl Dispute {
    /// Whether it waits for a decision.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.verdict.is_none() && self.closed_at.is_none()
    }
}

/// Who opened a dispute, and about what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opener {
    /// On which side.
    pub party: Party,
    /// The name.
    pub name: String,
    /// What it is about.
    pub reason: Reason,
}

/// What one of the two said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Who.
    pub by: Party,
    /// The name.
    pub name: String,
    /// What it is about, where it is the claim of who said it.
    pub claim: Option<Reason>,
    /// What.
    pub body: String,
    /// What goes with it.
    pub files: Vec<Attachment>,
    /// When.
    pub at: DateTime<Utc>,
}

/// What an admin decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What.
    pub outcome: Outcome,
    /// What the student is better off by.
    pub amount: Money,
    /// What was owed was reduced, as it was not paid yet; else it is given back.
    pub reduced: bool,
    /// Why.
    pub note: String,
    /// Which admin.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Whether a lesson can be disputed by its reader, and what was disputed about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfLesson {
    /// Until when it can be disputed, by one who may now.
    pub until: Option<DateTime<Utc>>,
    /// Whether its reader can join the other's dispute with a claim of their own.
    pub joins: bool,
    /// Its disputes, oldest first.
    pub disputes: Vec<Dispute>,
}

/// Makes one's claim about a settled lesson, as one of its two parties: it opens a dispute, or joins the other's while
/// that is open. The statement takes files that were attached.
///
/// # Errors
/// `BOOKING_NOT_FOUND` for others, `INSUFFICIENT_PERMISSIONS` for an admin, `RATE_LIMITED`, `INVALID_STATE` before the
/// outcome (`dispute_not_settled`), after the window (`dispute_window`), while a bank decides (`dispute_of_bank`) and where
/// one has made one's claim (`dispute_exists`, `dispute_decided`), `INVALID_REQUEST` on `attachments` for files that it cannot take.
pub async fn open(
    services: &Services,
    actor: &Actor,
    id: BookingId,
    reason: Reason,
    statement: &Statement,
    attached: &[AttachmentId],
) -> Result<Dispute> {
    limit::count(services, &format!("dispute:{}", actor.user), STATEMENTS_PER_HOUR).await?;
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let opened = insert(&mut tx, actor, id, reason, &Words { statement, attached, claim: None }, now).await;
    let (dispute, people) = booking::finish(tx, opened).await?;
    services.live.wake(&people);
    find(services, actor, dispute).await
}

/// What somebody says, and what goes with it.
struct Words<'a> {
    statement: &'a Statement,
    attached: &'a [AttachmentId],
    /// What it is about, where it is a claim in the other's dispute.
    claim: Option<Reason>,
}

async fn insert(
    tx: &mut PgConnection,
    actor: &Actor,
    id: BookingId,
    reason: Reason,
    words: &Words<'_>,
    now: DateTime<Utc>,
) -> Result<(DisputeId, Vec<UserId>)> {
    // The charge before the booking, as everywhere: a payout that is being made waits, and looks for disputes then.
    if let Some(charge) = payment::store::find_charge(tx, id).await? {
        payment::store::find_locked(tx, charge).await?;
    }
    let found = booking::find_locked(tx, id, now).await?.ok_or_else(booking::not_found)?;
    let party = own_party(actor, &found, booking::not_found)?;
    let (kind, dispute, claim) = match claims::way(tx, &found.booking, actor.user, now).await?? {
        Way::Joins(dispute) => ("dispute.claimed", dispute, Some(reason)),
        Way::Opens(_) => {
            let dispute: DisputeId = chance::id();
            store::insert(tx, dispute, id, party, actor.user, reason, now).await?;
            ("dispute.opened", dispute, None)
        }
    };
    write(tx, actor, &found, dispute, &Words { claim, ..*words }, now).await?;
    let news =
        News { kind, dispute, by: By::actor(actor, &found.booking), details: json!({ "reason": reason }) };
    booking::note(tx, &found, news.by, None, &json!({ "event": news.kind, "dispute_id": dispute }), now)
        .await?;
    Ok((dispute, tell(tx, &found, &news, now).await?))
}

/// Writes a statement down with its files.
async fn write(
    tx: &mut PgConnection,
    actor: &Actor,
    found: &Found,
    dispute: DisputeId,
    words: &Words<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    let (booking, author) = (found.booking.id, actor.user);
    let statement = store::insert_statement(tx, dispute, author, words.claim, words.statement, now).await?;
    files::give(tx, &Taker { booking, dispute, author, statement }, words.attached, now).await
}

/// Adds a statement to an open dispute, as one of its two parties, with files that were attached.
///
/// # Errors
/// `NOT_FOUND` for others, `INSUFFICIENT_PERMISSIONS` for an admin, `RATE_LIMITED`, `INVALID_STATE` (`dispute_decided`)
/// once it is decided, `INVALID_REQUEST` on `attachments` for files that it cannot take.
pub async fn answer(
    services: &Services,
    actor: &Actor,
    id: DisputeId,
    statement: &Statement,
    attached: &[AttachmentId],
) -> Result<Dispute> {
    limit::count(services, &format!("dispute:{}", actor.user), STATEMENTS_PER_HOUR).await?;
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let said = say(&mut tx, actor, id, &Words { statement, attached, claim: None }, now).await;
    let people = booking::finish(tx, said).await?;
    services.live.wake(&people);
    find(services, actor, id).await
}

async fn say(
    tx: &mut PgConnection,
    actor: &Actor,
    id: DisputeId,
    words: &Words<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    // Locked as where a claim is made and a dispute is decided: nobody else says anything in it meanwhile.
    let booking = store::find_booking(tx, id).await?.ok_or_else(not_found)?;
    let found = booking::find_locked(tx, booking, now).await?.ok_or_else(not_found)?;
    own_party(actor, &found, not_found)?;
    if !store::is_open(tx, id).await? {
        return Err(Refusal::new(Code::InvalidState, "dispute_decided").into());
    }
    write(tx, actor, &found, id, words, now).await?;
    let news = News {
        kind: "dispute.answered",
        dispute: id,
        by: By::actor(actor, &found.booking),
        details: Value::Null,
    };
    tell(tx, &found, &news, now).await
}

/// The booking of a dispute, as it stands.
async fn of_dispute(tx: &mut PgConnection, id: DisputeId, now: DateTime<Utc>) -> Result<Found> {
    let booking = store::find_booking(tx, id).await?.ok_or_else(not_found)?;
    booking::read(tx, booking, now).await?.ok_or_else(not_found)
}

/// On which side an actor stands.
fn own_party(actor: &Actor, found: &Found, unknown: fn() -> crate::AppError) -> Result<Party> {
    match booking::party(actor, &found.booking) {
        Some(party) => Ok(party),
        None if actor.role == Role::Admin => {
            Err(Refusal::new(Code::InsufficientPermissions, "forbidden").into())
        }
        None => Err(unknown()),
    }
}

/// What happened in a dispute.
struct News {
    kind: &'static str,
    dispute: DisputeId,
    by: By,
    /// What else to tell; `Null` where there is nothing.
    details: Value,
}

/// Tells jobs, the open pages of the two, and those of admins; whom to wake after the commit.
async fn tell(tx: &mut PgConnection, found: &Found, news: &News, now: DateTime<Utc>) -> Result<Vec<UserId>> {
    let booking = &found.booking;
    let mut told = json!({ "booking_id": booking.id, "dispute_id": news.dispute, "actor": news.by.name() });
    if let (Some(told), Value::Object(details)) = (told.as_object_mut(), &news.details) {
        told.extend(details.clone());
    }
    outbox::record(tx, news.kind, booking.id, &told, now).await?;
    let mut people = account::list_admins(tx).await?;
    people.extend([booking.student, found.tutor_user]);
    let told = json!({ "booking_id": booking.id, "dispute_id": news.dispute });
    live::record(tx, &people, news.kind, &told, now).await?;
    Ok(people)
}

/// A dispute of a lesson of one's own (any for an admin).
///
/// # Errors
/// `NOT_FOUND`, also for another's.
pub async fn find(services: &Services, actor: &Actor, id: DisputeId) -> Result<Dispute> {
    let mut db = services.db.acquire().await?;
    let found = of_dispute(&mut db, id, services.clock.now()).await?;
    if booking::party(actor, &found.booking).is_none() && actor.role != Role::Admin {
        return Err(not_found());
    }
    let disputes = list_of(&mut db, found.booking.id).await?;
    disputes.into_iter().find(|dispute| dispute.id == id).ok_or_else(not_found)
}

/// What was disputed about one of one's own lessons (any for an admin).
///
/// # Errors
/// `BOOKING_NOT_FOUND`, also for another's.
pub async fn of_lesson(services: &Services, actor: &Actor, id: BookingId) -> Result<OfLesson> {
    let booking = booking::find(services, actor, id).await?;
    let mut db = services.db.acquire().await?;
    let disputes = list_of(&mut db, id).await?;
    let way = match booking::party(actor, &booking) {
        Some(_) => claims::way(&mut db, &booking, actor.user, services.clock.now()).await?.ok(),
        None => None,
    };
    let (until, joins) = match way {
        Some(Way::Opens(until)) => (Some(until), false),
        Some(Way::Joins(_)) => (None, true),
        None => (None, false),
    };
    Ok(OfLesson { until, joins, disputes })
}

/// The disputes of a lesson with all that belongs to them, oldest first.
async fn list_of(db: &mut PgConnection, booking: BookingId) -> Result<Vec<Dispute>> {
    let mut disputes = store::list_of(db, booking).await?;
    if !disputes.is_empty() {
        for (id, bank) in chargeback::list_of(db, booking).await? {
            disputes.iter_mut().filter(|dispute| dispute.id == id).for_each(|of| of.banks.push(bank.clone()));
        }
    }
    Ok(disputes)
}

/// One may not know that it exists.
fn not_found() -> crate::AppError {
    Refusal::new(Code::NotFound, "not_found").into()
}

/// What the queue of disputes shows of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its id.
    pub id: DisputeId,
    /// The lesson's title.
    pub title: String,
    /// The student's name.
    pub student: String,
    /// The tutor's name.
    pub tutor: String,
    /// What it is about; `None` for a bank's.
    pub reason: Option<Reason>,
    /// Until when the bank takes evidence, where it waits for it.
    pub due_by: Option<DateTime<Utc>>,
    /// Since when it is, or was, open.
    pub opened_at: DateTime<Utc>,
    /// Whether a bank decided.
    pub closed: bool,
    /// What was decided, and when.
    pub verdict: Option<(Outcome, DateTime<Utc>)>,
}

/// Disputes on a page.
const SHOWN: i64 = 50;

/// The disputes that wait, oldest first, and those that were decided, the latest first; at most fifty of each.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`.
pub async fn queue(services: &Services, actor: &Actor) -> Result<(Vec<Row>, Vec<Row>)> {
    actor.require_admin()?;
    let mut db = services.db.acquire().await?;
    Ok((store::list_open(&mut db, SHOWN).await?, store::list_past(&mut db, SHOWN).await?))
}

/// How many disputes wait for an admin.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`.
pub async fn count_open(services: &Services, actor: &Actor) -> Result<i64> {
    actor.require_admin()?;
    let mut db = services.db.acquire().await?;
    store::count_open(&mut db).await
}
