//! Meetings of lessons: made when a lesson is certain, changed and removed with it.
//!
//! One job at a time works on a lesson, by a lease on a row. It notes that it will ask for a meeting, then asks, then
//! notes the answer; one that was killed in between, or heard no answer, leaves the note, and the next one looks the
//! meeting up before it makes another. After each step the booking is read anew, for it may have changed meanwhile.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    booking::BookingState,
    ids::{BookingId, TutorId, UserId},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Kind, Made, Wanted, meetings, store};
use crate::{
    AppError, Result, Services,
    busy::Problem,
    calendar, chance,
    jobs::{self, Job},
    live,
};

/// How many steps one job takes.
const STEPS: usize = 8;

/// How long a job may take before another one takes over.
const LEASE: TimeDelta = TimeDelta::minutes(3);

/// How long the queue tries a meeting again that fails; then it is looked at each hour.
const QUEUE_TRIES_FOR: TimeDelta = TimeDelta::hours(1);
const LOOK_AFTER: TimeDelta = TimeDelta::hours(1);

/// How many lessons are handed out in one transaction.
const BATCH: i64 = 200;

/// How long a job waits for another one, and how often it looks.
const WAIT: Duration = Duration::from_secs(25);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The job that brings a lesson's meetings up to date.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ArrangeMeeting {
    /// Which.
    pub booking: BookingId,
}

impl Job for ArrangeMeeting {
    const NAME: &'static str = "arrange_meeting";

    async fn run(self, services: &Services) -> Result<()> {
        arrange(services, self.booking).await
    }
}

/// A booking, as far as meetings are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct View {
    pub state: BookingState,
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    pub tutor_user: UserId,
    pub student: UserId,
    /// Where its tutor's lessons take place, if meetings are made there.
    pub kind: Option<Kind>,
    /// The tutor's account there.
    pub account: Option<Account>,
    /// The meetings that were made for it, or may have been.
    pub rows: Vec<Row>,
}

/// The account in which a lesson's meeting belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub account: String,
    pub oauth: Uuid,
    /// Whether it lets us in.
    pub is_active: bool,
}

/// A meeting as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub id: Uuid,
    pub kind: Kind,
    pub account: String,
    /// `None` before the provider has answered.
    pub made: Option<Made>,
    /// The time for which the provider holds it.
    pub held: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// The permission by which it can be removed; `None` where the account is not connected any more.
    pub oauth: Option<Uuid>,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// Nothing: all is as it should be.
    Settled,
    /// The account lets us in no more: only its owner can mend that.
    NoWayIn,
    /// A meeting is made; `Some` where one may have been made already.
    Make(Account, Kind, Option<Row>),
    /// A meeting is held at another time.
    Change(Account, Row),
    /// A meeting is not wanted any more.
    Remove(Row),
}

impl View {
    /// What is to be done next. The wanted meeting comes first: what is left over elsewhere can wait.
    fn next(&self, now: DateTime<Utc>) -> Step {
        let wanted = match self.state {
            _ if self.end <= now => return Step::Settled,
            BookingState::Confirmed => self.kind,
            BookingState::Requested
            | BookingState::PendingReview
            | BookingState::Declined
            | BookingState::Expired
            | BookingState::Cancelled => None,
            _ => return Step::Settled,
        };
        let left_over = |own: Option<Uuid>| {
            let other = self.rows.iter().find(|row| Some(row.id) != own);
            other.map_or(Step::Settled, |row| Step::Remove(row.clone()))
        };
        let Some(kind) = wanted else { return left_over(None) };
        // Without an account the meeting that was made there stands.
        let Some(account) = self.account.clone().filter(|account| account.is_active) else {
            return Step::NoWayIn;
        };
        match self.rows.iter().find(|row| row.kind == kind && row.account == account.account) {
            None => Step::Make(account, kind, None),
            Some(row) if row.made.is_none() => Step::Make(account, kind, Some(row.clone())),
            Some(row) if row.held != Some((self.start, self.end)) => Step::Change(account, row.clone()),
            Some(row) => left_over(Some(row.id)),
        }
    }
}

async fn arrange(services: &Services, booking: BookingId) -> Result<()> {
    let mut lease = take_lease(services, booking).await?;
    let outcome = work(services, booking, &mut lease).await;
    let problem = match &outcome {
        Ok(done) => done.err(),
        Err(_) => Some(Problem::Unreachable),
    };
    let now = services.clock.now();
    let mut db = services.db.acquire().await?;
    let failing_since = store::end_lease(&mut db, booking, lease, problem, (now, now + LOOK_AFTER)).await?;
    match outcome? {
        // Only its owner can mend it; then all lessons are arranged again. Until then, and where it fails for long, it
        // is looked at each hour.
        Ok(()) | Err(Problem::Refused | Problem::Forbidden) => Ok(()),
        Err(_) if failing_since.is_some_and(|since| since + QUEUE_TRIES_FOR < now) => Ok(()),
        Err(problem) => Err(AppError::fault(format!("a meeting is not as it should be: {}", problem.name()))),
    }
}

/// Takes the work on a lesson's meetings over, once no other job has it; until when.
async fn take_lease(services: &Services, booking: BookingId) -> Result<DateTime<Utc>> {
    let patience = tokio::time::Instant::now() + WAIT;
    loop {
        let now = services.clock.now();
        let mut db = services.db.acquire().await?;
        if store::take_lease(&mut db, booking, now, now + LEASE).await? {
            return Ok(now + LEASE);
        }
        drop(db);
        if tokio::time::Instant::now() > patience {
            return Err(AppError::fault("another job has the meetings of this lesson in hand"));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Takes steps until nothing is left to be done. Each step has the whole time of a lease.
async fn work(
    services: &Services,
    booking: BookingId,
    lease: &mut DateTime<Utc>,
) -> Result<Result<(), Problem>> {
    for _ in 0..STEPS {
        let mut db = services.db.acquire().await?;
        let until = services.clock.now() + LEASE;
        if !store::renew_lease(&mut db, booking, *lease, until).await? {
            return Err(AppError::fault("another job took the meetings of this lesson over"));
        }
        *lease = until;
        let Some(view) = store::find_view(&mut db, booking).await? else { return Ok(Ok(())) };
        drop(db);
        let stepped = match view.next(services.clock.now()) {
            Step::Settled => return Ok(Ok(())),
            Step::NoWayIn => return Ok(Err(Problem::Refused)),
            Step::Make(account, kind, row) => {
                let known = match row {
                    Some(row) => (row, true),
                    None => (begin(services, booking, kind, &account).await?, false),
                };
                make(services, booking, &view, &account, known).await?
            }
            Step::Change(account, row) => change(services, booking, &view, &account, &row).await?,
            Step::Remove(row) => remove(services, &row).await?,
        };
        if let Err(problem) = stepped {
            return Ok(Err(problem));
        }
    }
    Err(AppError::fault("a lesson changes faster than its meeting"))
}

/// Notes that a meeting may be made from now on.
async fn begin(services: &Services, booking: BookingId, kind: Kind, account: &Account) -> Result<Row> {
    let row = Row {
        id: chance::id(),
        kind,
        account: account.account.clone(),
        made: None,
        held: None,
        oauth: Some(account.oauth),
    };
    let mut db = services.db.acquire().await?;
    store::insert_meeting(&mut db, booking, &row, services.clock.now()).await?;
    Ok(row)
}

/// What a lesson's meeting should be.
async fn wanted(services: &Services, booking: BookingId, view: &View, id: Uuid) -> Result<Option<Wanted>> {
    let mut db = services.db.acquire().await?;
    let now = services.clock.now();
    let stored = calendar::stored(&mut db, &services.config, booking, view.tutor_user, now).await?;
    Ok(stored.map(|stored| Wanted {
        id,
        title: stored.plain.summary,
        page: stored.plain.page,
        start: view.start,
        end: view.end,
    }))
}

async fn make(
    services: &Services,
    booking: BookingId,
    view: &View,
    account: &Account,
    (row, may_be_there): (Row, bool),
) -> Result<Result<(), Problem>> {
    let Some(wanted) = wanted(services, booking, view, row.id).await? else { return Ok(Ok(())) };
    let meetings = meetings(services, row.kind, account.oauth)?;
    let found = if may_be_there { meetings.find(row.id).await } else { Ok(None) };
    let made = match found {
        // It may have been made for another time.
        Ok(Some(made)) => meetings.change(&made, &wanted).await.map(|changed| changed.unwrap_or(made)),
        Ok(None) => meetings.make(&wanted).await,
        Err(problem) => Err(problem),
    };
    match made {
        Ok(made) => keep(services, booking, view, &made, &wanted).await.map(Ok),
        Err(problem) => Ok(Err(problem)),
    }
}

async fn change(
    services: &Services,
    booking: BookingId,
    view: &View,
    account: &Account,
    row: &Row,
) -> Result<Result<(), Problem>> {
    let (Some(wanted), Some(known)) = (wanted(services, booking, view, row.id).await?, &row.made) else {
        return Ok(Ok(()));
    };
    match meetings(services, row.kind, account.oauth)?.change(known, &wanted).await {
        Ok(Some(made)) => keep(services, booking, view, &made, &wanted).await.map(Ok),
        // Its owner removed it there: another one is made.
        Ok(None) => {
            let mut db = services.db.acquire().await?;
            store::delete_meeting(&mut db, row.id).await.map(Ok)
        }
        Err(problem) => Ok(Err(problem)),
    }
}

/// Notes what the provider holds, and tells both.
async fn keep(
    services: &Services,
    booking: BookingId,
    view: &View,
    made: &Made,
    wanted: &Wanted,
) -> Result<()> {
    let people = [view.student, view.tutor_user];
    let mut tx = services.begin().await?;
    store::set_made(&mut tx, made, wanted).await?;
    let told = json!({ "booking_id": booking });
    live::record(&mut tx, &people, "lesson.meeting", &told, services.clock.now()).await?;
    tx.commit().await?;
    services.live.wake(&people);
    Ok(())
}

/// Removes a meeting. What stands in an account that is connected no more stays there; one that does not let us in at
/// present is asked again.
async fn remove(services: &Services, row: &Row) -> Result<Result<(), Problem>> {
    if let Some(oauth) = row.oauth {
        let meetings = meetings(services, row.kind, oauth)?;
        let remote = match &row.made {
            Some(made) => Ok(Some(made.remote.clone())),
            None => meetings.find(row.id).await.map(|found| found.map(|made| made.remote)),
        };
        let removed = match remote {
            Ok(Some(remote)) => meetings.remove(&remote).await,
            Ok(None) => Ok(()),
            Err(problem) => Err(problem),
        };
        if let Err(problem) = removed {
            return Ok(Err(problem));
        }
    }
    let mut db = services.db.acquire().await?;
    store::delete_meeting(&mut db, row.id).await.map(Ok)
}

/// Hands out the lessons whose meetings are to be looked at again, each to a job of its own; how many.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn hand_out(services: &Services) -> Result<u64> {
    let now = services.clock.now();
    let mut handed_out = 0;
    while store::is_any_due(&mut *services.db.acquire().await?, now).await? {
        let mut tx = services.begin().await?;
        let due = store::take_due(&mut tx, BATCH, now, now + LOOK_AFTER).await?;
        let work: Vec<_> = due.into_iter().map(|booking| ArrangeMeeting { booking }).collect();
        if work.is_empty() {
            // Another server has them in hand.
            break;
        }
        jobs::enqueue_all(&mut tx, &work).await?;
        tx.commit().await?;
        handed_out += work.len() as u64;
    }
    Ok(handed_out)
}

/// Has the meetings of a tutor's lessons to come made where they now belong, and removed where they no longer do.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn arrange_all(tx: &mut PgConnection, tutor: TutorId, now: DateTime<Utc>) -> Result<()> {
    let bookings = store::list_bookings(tx, tutor, now).await?;
    let work: Vec<_> = bookings.into_iter().map(|booking| ArrangeMeeting { booking }).collect();
    if work.is_empty() { Ok(()) } else { jobs::enqueue_all(tx, &work).await }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(state: BookingState, kind: Option<Kind>, rows: Vec<Row>) -> View {
        let start = DateTime::UNIX_EPOCH + TimeDelta::hours(10);
        View {
            state,
            start,
            end: start + TimeDelta::hours(1),
            tutor_user: UserId(Uuid::from_u128(1)),
            student: UserId(Uuid::from_u128(2)),
            kind,
            account: kind.map(|_| account()),
            rows,
        }
    }

    fn account() -> Account {
        Account { account: "tina".into(), oauth: Uuid::from_u128(3), is_active: true }
    }

    fn row(id: u128, kind: Kind, account: &str, hour: Option<i64>) -> Row {
        let at = |hour: i64| DateTime::UNIX_EPOCH + TimeDelta::hours(hour);
        Row {
            id: Uuid::from_u128(id),
            kind,
            account: account.into(),
            made: hour.map(|_| Made { remote: id.to_string(), url: format!("https://zoom.test/{id}") }),
            held: hour.map(|hour| (at(hour), at(hour + 1))),
            oauth: None,
        }
    }

    #[test]
    fn what_is_next_follows_from_what_is_there() {
        use BookingState::{Cancelled, Completed, Confirmed, Requested};
        let now = DateTime::UNIX_EPOCH;
        let (zoom, meet) = (Kind::Zoom, Kind::GoogleMeet);
        let own = |hour| row(7, zoom, "tina", hour);
        let other = row(8, meet, "tina", Some(10));
        for (state, kind, rows, expected) in [
            (Confirmed, None, vec![], Step::Settled),
            (Confirmed, Some(zoom), vec![], Step::Make(account(), zoom, None)),
            (Confirmed, Some(zoom), vec![own(None)], Step::Make(account(), zoom, Some(own(None)))),
            (Confirmed, Some(zoom), vec![own(Some(10))], Step::Settled),
            (Confirmed, Some(zoom), vec![own(Some(9))], Step::Change(account(), own(Some(9)))),
            (Confirmed, Some(zoom), vec![other.clone(), own(Some(10))], Step::Remove(other.clone())),
            (Confirmed, Some(zoom), vec![other.clone()], Step::Make(account(), zoom, None)),
            (Confirmed, None, vec![own(None)], Step::Remove(own(None))),
            (Cancelled, Some(zoom), vec![own(Some(10))], Step::Remove(own(Some(10)))),
            (Requested, Some(zoom), vec![], Step::Settled),
            (Completed, Some(zoom), vec![own(Some(9))], Step::Settled),
        ] {
            assert_eq!(view(state, kind, rows.clone()).next(now), expected, "{state:?} {kind:?} {rows:?}");
        }
        let over = now + TimeDelta::hours(11);
        assert_eq!(view(Cancelled, Some(zoom), vec![own(Some(10))]).next(over), Step::Settled);
        let closed = View { account: None, ..view(Confirmed, Some(zoom), vec![own(Some(9))]) };
        assert_eq!(closed.next(now), Step::NoWayIn);
        let lapsed = Account { is_active: false, ..account() };
        let lapsed = View { account: Some(lapsed), ..view(Confirmed, Some(zoom), vec![]) };
        assert_eq!(lapsed.next(now), Step::NoWayIn);
    }
}
