//! From what a student asks for to a booking that may be made.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{BookingState, Policy};
use crate::{
    Code, Refusal,
    account::paragraph,
    availability::Availability,
    ids::{HoldId, OfferingId, TutorId},
    interval::Interval,
    money::Currency,
    slot::{self, Slot, SlotRules},
    tutor::{Offering, Readiness},
};

/// How long a request may wait for the tutor's answer.
pub const REQUEST: TimeDelta = TimeDelta::hours(24);

/// What a student asks for, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookingRequest {
    /// The tutor.
    pub tutor: TutorId,
    /// The offering; without one, the tutor's first that has the duration.
    pub offering: Option<OfferingId>,
    /// When the lesson starts.
    pub start: DateTime<Utc>,
    /// Minutes.
    pub duration: i64,
    /// The student's hold on the slot, if there is one.
    pub hold: Option<HoldId>,
    /// Words to the tutor, at most 1000 characters.
    pub note: Option<Note>,
    /// The payment provider's id of the card to charge; naming it is consent.
    pub card: Option<String>,
}

/// Words of a student to the tutor: 1–1000 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Note(String);

impl Note {
    /// Reads a note; a blank one is none.
    ///
    /// # Errors
    /// `INVALID_REQUEST` on `note` over 1000 characters or with control characters.
    pub fn parse(text: &str) -> Result<Option<Self>, Refusal> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        paragraph(text, 1, 1000).map(|text| Some(Note(text))).ok_or(Refusal::on(
            Code::InvalidRequest,
            "note",
            "note",
        ))
    }

    /// The note as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Everything that decides whether a slot can be booked, read in one transaction.
#[derive(Clone, Debug)]
pub struct Context {
    /// Whether the tutor can be booked at all.
    pub readiness: Readiness,
    /// The tutor's settings.
    pub policy: Policy,
    /// The tutor's hours.
    pub availability: Availability,
    /// The tutor's offerings in their order.
    pub offerings: Vec<(OfferingId, Offering)>,
    /// The tutor's claims near the slot, the asking student's own hold left out.
    pub busy: Vec<Interval>,
}

/// A booking that may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The offering.
    pub offering: OfferingId,
    /// Its title at this moment.
    pub title: String,
    /// The lesson's time.
    pub slot: Slot,
    /// What it claims of the tutor's time, buffers included.
    pub claim: Interval,
    /// Minutes.
    pub duration: u16,
    /// Price in minor units.
    pub price_minor: i64,
    /// Its currency.
    pub currency: Currency,
    /// The settings that it copies.
    pub policy: Policy,
    /// `Confirmed`, or `Requested` where the tutor asks to confirm.
    pub state: BookingState,
    /// When an unanswered request lapses.
    pub expires_at: Option<DateTime<Utc>>,
}

/// The rules for one duration of an offering.
#[must_use]
pub fn slot_rules(offering: &Offering, minutes: u16, policy: &Policy) -> SlotRules {
    SlotRules {
        duration_min: minutes,
        step_min: offering.step_min.unwrap_or(minutes),
        buffer_before_min: offering.buffer_before_min,
        buffer_after_min: offering.buffer_after_min,
        notice_min: policy.notice_min,
        horizon_days: policy.horizon_days,
    }
}

/// Finds the offering and duration that a request means.
///
/// # Errors
/// `INVALID_DURATION` where no such offering has the duration, `NOT_FOUND` for an unknown offering.
pub fn choose(
    offerings: &[(OfferingId, Offering)],
    wanted: Option<OfferingId>,
    duration: i64,
) -> Result<(OfferingId, &Offering, u16), Refusal> {
    let wrong = Refusal::on(Code::InvalidDuration, "duration_not_offered", "duration");
    let minutes = u16::try_from(duration).map_err(|_| wrong.clone())?;
    let known = wanted.is_none_or(|id| offerings.iter().any(|(other, _)| *other == id));
    if !known {
        return Err(Refusal::on(Code::NotFound, "offering_not_found", "offering_id"));
    }
    offerings
        .iter()
        .find(|(id, offering)| wanted.is_none_or(|wanted| wanted == *id) && offering.price(minutes).is_some())
        .map(|(id, offering)| (*id, offering, minutes))
        .ok_or(wrong)
}

/// Decides whether the booking may be made, and how it will look.
///
/// # Errors
/// The first reason against it: the tutor's readiness, the duration, the notice, the horizon, the slot.
pub fn place(context: &Context, request: &BookingRequest, now: DateTime<Utc>) -> Result<Placement, Refusal> {
    context.readiness.check()?;
    let (offering_id, offering, minutes) = choose(&context.offerings, request.offering, request.duration)?;
    let rules = slot_rules(offering, minutes, &context.policy);
    let slot = slot::judge(&context.availability, &rules, &context.busy, now, request.start)?;
    let price_minor = offering.price(minutes).unwrap_or_default();
    let state =
        if context.policy.confirm_requests { BookingState::Requested } else { BookingState::Confirmed };
    Ok(Placement {
        offering: offering_id,
        title: offering.title.clone(),
        slot,
        claim: claim(slot, &rules),
        duration: minutes,
        price_minor,
        currency: offering.currency,
        policy: context.policy,
        state,
        expires_at: (state == BookingState::Requested).then(|| (now + REQUEST).min(slot.start)),
    })
}

/// What a slot claims of the tutor's time.
#[must_use]
pub fn claim(slot: Slot, rules: &SlotRules) -> Interval {
    Interval {
        start: slot.start - TimeDelta::minutes(rules.buffer_before_min.into()),
        end: slot.end + TimeDelta::minutes(rules.buffer_after_min.into()),
    }
}
