//! A tutor's hours, and the slots that follow from them.

pub mod store;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Code, Refusal,
    availability::Availability,
    booking::{Policy, choose},
    ids::{OfferingId, TutorId},
    interval::Interval,
    slot::Slot,
    tutor::Offering,
    zone::Zone,
};

use crate::{Actor, Result, Services, settings};
use store::TutorContext;

/// The longest range of one question.
pub const MAX_RANGE: TimeDelta = TimeDelta::days(62);

/// Which slots are asked for.
#[derive(Clone, Debug)]
pub struct SlotQuery {
    /// The tutor, by id or slug.
    pub tutor: String,
    /// From when, until when; at most 62 days.
    pub range: Interval,
    /// The offering; without one, the tutor's first that has the duration.
    pub offering: Option<OfferingId>,
    /// Minutes; without it, the offering's shortest.
    pub duration: Option<i64>,
}

/// The slots of a tutor with what was meant by the question.
#[derive(Clone, Debug)]
pub struct FreeSlots {
    /// The tutor.
    pub tutor: TutorId,
    /// The zone of the tutor's hours.
    pub zone: Zone,
    /// The offering that was meant, `None` where the tutor has none.
    pub offering: Option<OfferingId>,
    /// The duration that was meant, minutes.
    pub duration: u16,
    /// What governs notice and horizon.
    pub policy: Policy,
    /// The instant for which the answer holds.
    pub now: DateTime<Utc>,
    /// In order.
    pub slots: Vec<Slot>,
}

/// The free slots of a tutor; none for a tutor who cannot be booked.
///
/// # Errors
/// `PROFILE_NOT_FOUND`, `INVALID_DURATION`, `NOT_FOUND` for an unknown offering, `INVALID_REQUEST` on a
/// range that ends before it starts or is over 62 days.
pub async fn free_slots(services: &Services, query: &SlotQuery) -> Result<FreeSlots> {
    check_range(query.range)?;
    let now = services.clock.now();
    let context = load(services, query, now).await?;
    let (offering, duration) = meant(&context, query)?;
    let slots = match offering {
        Some((_, offering)) => context.slots(offering, duration, now, query.range),
        None => Vec::new(),
    };
    Ok(FreeSlots {
        tutor: context.id,
        zone: context.availability.zone(),
        offering: offering.map(|(id, _)| id),
        duration,
        policy: context.policy,
        now,
        slots,
    })
}

fn check_range(range: Interval) -> Result<()> {
    if range.end < range.start || range.end - range.start > MAX_RANGE {
        return Err(Refusal::on(Code::InvalidRequest, "slot_range", "to").into());
    }
    Ok(())
}

async fn load(services: &Services, query: &SlotQuery, now: DateTime<Utc>) -> Result<TutorContext> {
    let mut db = services.db.acquire().await?;
    let unknown = || Refusal::new(Code::ProfileNotFound, "profile_not_found");
    let tutor = store::find_tutor(&mut db, &query.tutor).await?.ok_or_else(unknown)?;
    let settings = settings::load_here(services, &mut db).await?;
    let mut found = store::load(&mut db, &[tutor], query.range, &settings, now).await?;
    Ok(found.remove(&tutor).ok_or_else(unknown)?)
}

/// The offering and the minutes that a question means; none of a tutor who offers nothing.
fn meant<'a>(
    context: &'a TutorContext,
    query: &SlotQuery,
) -> Result<(Option<(OfferingId, &'a Offering)>, u16)> {
    if context.offerings.is_empty() && query.offering.is_none() {
        return Ok((None, query.duration.and_then(|minutes| u16::try_from(minutes).ok()).unwrap_or(0)));
    }
    let wanted = |id: OfferingId| query.offering.is_none_or(|offering| offering == id);
    let first = context.offerings.iter().find(|(id, _)| wanted(*id));
    let shortest = first.and_then(|(_, offering)| offering.durations.first());
    let minutes = query.duration.or(shortest.map(|priced| i64::from(priced.minutes))).unwrap_or(0);
    let (id, offering, minutes) = choose(&context.offerings, query.offering, minutes)?;
    Ok((Some((id, offering)), minutes))
}

/// The hours of a tutor, for the tutor.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `PROFILE_NOT_FOUND`.
pub async fn hours(services: &Services, actor: &Actor, tutor: TutorId) -> Result<Availability> {
    actor.require_tutor(tutor)?;
    let mut db = services.db.acquire().await?;
    let found = store::find_hours(&mut db, tutor).await?;
    Ok(found.ok_or(Refusal::new(Code::ProfileNotFound, "profile_not_found"))?)
}

/// Replaces hours and overrides, and the zone in which they are meant. Bookings stay as they are.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `PROFILE_NOT_FOUND`.
pub async fn set_hours(
    services: &Services,
    actor: &Actor,
    tutor: TutorId,
    availability: &Availability,
) -> Result<()> {
    actor.require_tutor(tutor)?;
    let mut tx = services.begin().await?;
    if !store::set_hours(&mut tx, tutor, availability, services.clock.now()).await? {
        return Err(Refusal::new(Code::ProfileNotFound, "profile_not_found").into());
    }
    Ok(tx.commit().await?)
}
