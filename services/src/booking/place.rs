//! Placing a booking.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Code, Refusal,
    booking::{self as rules, Booking, BookingRequest, Placement},
    ids::{BookingId, HoldId, UserId},
    interval::Interval,
    lesson::waits,
};
use serde_json::Value;
use sqlx::PgConnection;

use super::{
    conflict::{self, Wanted},
    events::{self, By, Change},
    key::Key,
    store::{self, Claim, Found, NewBooking},
    transaction,
};
use crate::{Actor, Result, Services, chance, payment};

/// Books a slot: confirmed at once, or requested where the tutor asks to confirm.
/// With a key it is idempotent for 24 h.
///
/// Notice and horizon are judged when the slot is held: whoever books the very slot of a live hold of their
/// own, before it starts, does not lose it because the notice passed within the hold's ten minutes. A lapsed
/// hold is no fault, the slot is then claimed as without one. Whatever the student held with this tutor is
/// given back by the booking.
///
/// # Errors
/// `PROFILE_NOT_FOUND`, the tutor's readiness, `INVALID_DURATION`, `MINIMUM_NOTICE_REQUIRED`,
/// `OUTSIDE_HORIZON`, `BOOKING_CONFLICT` (details: `slots`, fresh ones), `IDEMPOTENCY_MISMATCH`,
/// `NOT_FOUND` for a hold that is not one's own or not on this tutor, `INVALID_REQUEST` for a key of more
/// than 255 bytes.
pub async fn place(
    services: &Services,
    actor: &Actor,
    request: &BookingRequest,
    key: Option<&str>,
) -> Result<Booking> {
    let student = actor.require_student()?;
    let key = key.map(|text| Key::parse(text, request)).transpose()?;
    let now = services.clock.now();
    let asked = Order { services, student, request, key: key.as_ref(), card: None, now };
    if let (Some(_), Some(_)) = (&request.card, &key)
        && let Some(before) = asked.used_before(&mut *services.db.acquire().await?).await?
    {
        return Ok(before);
    }
    let card = match &request.card {
        Some(id) if services.payments.is_some() => card(services, actor, request, id, now).await?,
        _ => None,
    };
    let order = Order { card: card.as_deref(), ..asked };
    let mut retries = transaction::Retries::default();
    loop {
        let outcome = order.place().await;
        if !retries.again(&outcome).await {
            return outcome;
        }
    }
}

/// The card that a booking names (without a payment provider it is left alone), saved with the consent that naming
/// it is. A free lesson leaves it alone.
async fn card(
    services: &Services,
    actor: &Actor,
    request: &BookingRequest,
    id: &str,
    now: DateTime<Utc>,
) -> Result<Option<String>> {
    let mut db = services.db.acquire().await?;
    let context = transaction::tutor(services, &mut db, request.tutor, request.start, now).await?;
    let (_, offering, minutes) = rules::choose(&context.offerings, request.offering, request.duration)?;
    let free = offering.price(minutes).unwrap_or_default() == 0;
    if free || payment::is_own_card(&mut db, actor.user, id).await? {
        return Ok((!free).then(|| id.to_owned()));
    }
    drop(db);
    Ok(Some(payment::save_card(services, actor, id, payment::CONSENT_BY_API).await?.id))
}

/// One attempt to book. Copied into each try.
#[derive(Clone, Copy)]
struct Order<'a> {
    services: &'a Services,
    student: UserId,
    request: &'a BookingRequest,
    key: Option<&'a Key>,
    card: Option<&'a str>,
    now: DateTime<Utc>,
}

/// What a transaction came to.
enum Placed {
    /// A new booking, and the people to wake.
    New(Booking, [UserId; 2]),
    /// What the key was used for already.
    Before(Booking),
}

impl Order<'_> {
    async fn place(self) -> Result<Booking> {
        let outcome = match self.glance().await {
            Ok(()) => self.transact().await,
            Err(refused) => Err(refused),
        };
        match outcome {
            Ok(Placed::New(booking, people)) => {
                self.services.live.wake(&people);
                Ok(booking)
            }
            Ok(Placed::Before(booking)) => Ok(booking),
            Err(error) => self.explain(error).await,
        }
    }

    /// Looks without locks, in one connection that is given back, whether the slot is taken.
    /// In a stampede this keeps the losers away from the tutor's lock.
    async fn glance(self) -> Result<()> {
        let soon = Interval::new(self.now, self.now + TimeDelta::days(400));
        let minutes = u16::try_from(self.request.duration).unwrap_or(0);
        if minutes == 0 || !soon.contains(self.request.start) {
            return Ok(());
        }
        let lesson =
            Interval::new(self.request.start, self.request.start + TimeDelta::minutes(minutes.into()));
        let mut db = self.services.db.acquire().await?;
        if store::is_claimed(&mut db, self.request.tutor, self.student, lesson, self.now).await? {
            let context =
                transaction::tutor(self.services, &mut db, self.request.tutor, lesson.start, self.now)
                    .await?;
            rules::place(&context.into(), self.request, self.now)?;
        }
        Ok(())
    }

    async fn transact(self) -> Result<Placed> {
        let mut tx = self.services.begin().await?;
        let outcome = self.within(&mut tx).await;
        transaction::finish(tx, outcome).await
    }

    async fn within(self, tx: &mut PgConnection) -> Result<Placed> {
        let BookingRequest { tutor, start, .. } = *self.request;
        store::lock_parties(tx, tutor, self.student).await?;
        if let Some(before) = self.used_before(tx).await? {
            return Ok(Placed::Before(before));
        }
        if payment::store::has_debt(tx, self.student).await? {
            return Err(Refusal::new(Code::DebtOutstanding, "debt_outstanding").into());
        }
        let held_at = match self.request.hold {
            Some(hold) => self.held_at(tx, hold).await?,
            None => None,
        };
        store::close_holds(tx, tutor, Some(self.student), self.now).await?;
        let context = transaction::tutor(self.services, tx, tutor, start, self.now).await?.into();
        let placed = rules::place(&context, self.request, held_at.unwrap_or(self.now))?;
        let found = self.insert(tx, &placed).await?;
        payment::deposits::plan(tx, &found.booking, self.now).await?;
        let change = Change {
            kind: "booking.created",
            from: None,
            by: By::Student(self.student),
            reason: None,
            details: Value::Null,
            now: self.now,
        };
        let people = events::record(tx, &found, &change).await?;
        Ok(Placed::New(found.booking, people))
    }

    /// When the slot was held, where the student's own live hold is on just this slot and it has not started.
    async fn held_at(self, tx: &mut PgConnection, hold: HoldId) -> Result<Option<DateTime<Utc>>> {
        let unknown = Refusal::on(Code::NotFound, "hold_not_found", "hold_id");
        let found = store::find_hold(tx, hold, self.student, self.now).await?;
        let found = found.filter(|found| found.request.tutor == self.request.tutor).ok_or(unknown)?;
        let held = &found.request;
        let same = held.start == self.request.start
            && held.duration == self.request.duration
            && (self.request.offering.is_none() || self.request.offering == held.offering);
        Ok((same && found.live.is_some() && self.now < held.start).then_some(found.created_at))
    }

    async fn insert(self, tx: &mut PgConnection, placed: &Placement) -> Result<Found> {
        let id: BookingId = chance::id();
        let claim = Claim {
            id: id.0,
            tutor: self.request.tutor,
            student: self.student,
            during: placed.claim,
            lesson: Interval::new(placed.slot.start, placed.slot.end),
            expires_at: None,
            now: self.now,
        };
        store::insert_claim(tx, &claim).await?;
        let new = NewBooking {
            id,
            tutor: self.request.tutor,
            student: self.student,
            placement: placed,
            note: self.request.note.as_ref().map(rules::Note::as_str),
            card: self.card,
            join_token: chance::token(),
            lesson: chance::id(),
            waits: waits(placed.duration),
            now: self.now,
        };
        store::insert(tx, &new).await?;
        if let Some(key) = self.key {
            store::insert_key(tx, self.student, key.text(), key.hash(), id, self.now).await?;
        }
        super::found(store::find(tx, id, self.now).await?)
    }

    /// The booking that the key made before.
    async fn used_before(self, db: &mut PgConnection) -> Result<Option<Booking>> {
        let Some(key) = self.key else { return Ok(None) };
        match store::find_key(db, self.student, key.text(), self.now).await? {
            Some((hash, booking)) if hash == key.hash() => {
                Ok(Some(super::found(store::find(db, booking, self.now).await?)?.booking))
            }
            Some(_) => Err(Refusal::new(Code::IdempotencyMismatch, "idempotency_mismatch").into()),
            None => Ok(None),
        }
    }

    /// A refusal, unless the same key has meanwhile made the booking: then it is the answer.
    async fn explain(self, error: crate::AppError) -> Result<Booking> {
        if self.key.is_some() && error.code() != Code::IdempotencyMismatch {
            let mut db = self.services.db.acquire().await?;
            if let Some(before) = self.used_before(&mut db).await? {
                return Ok(before);
            }
        }
        let wanted = Wanted {
            tutor: self.request.tutor,
            student: self.student,
            offering: self.request.offering,
            start: self.request.start,
            duration: self.request.duration,
            moving: None,
            now: self.now,
        };
        Err(conflict::explain(self.services, error, &wanted).await)
    }
}
