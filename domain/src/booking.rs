//! The agreement between one student and one tutor about a slot: its states, its policy, its deadlines.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    Code, Refusal,
    account::paragraph,
    availability::Availability,
    ids::{BookingId, LessonId, OfferingId, TutorId, UserId},
    interval::Interval,
    lesson::LessonState,
    money::Currency,
    slot::{self, Slot, SlotRules},
    tutor::{Offering, Readiness},
};

/// How long a hold reserves a slot.
pub const HOLD: TimeDelta = TimeDelta::minutes(10);

/// How long a request may wait for the tutor's answer.
pub const REQUEST: TimeDelta = TimeDelta::hours(24);

/// The life of a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookingState {
    /// Waits for the tutor's answer; holds the slot.
    Requested,
    /// Waits for a look by an admin; holds the slot, joining is closed.
    PendingReview,
    /// Agreed.
    Confirmed,
    /// Taught to its end.
    Completed,
    /// The student did not come.
    NoShowStudent,
    /// The tutor did not come.
    NoShowTutor,
    /// Nobody came.
    MutualNoShow,
    /// Ended before its scheduled end, by trusted evidence.
    EarlyEnd,
    /// Called off by one of the two before its start.
    Cancelled,
    /// Requested and not answered in time.
    Expired,
    /// Requested and refused by the tutor.
    Declined,
}

impl BookingState {
    /// Every state.
    pub const ALL: [BookingState; 11] = [
        BookingState::Requested,
        BookingState::PendingReview,
        BookingState::Confirmed,
        BookingState::Completed,
        BookingState::NoShowStudent,
        BookingState::NoShowTutor,
        BookingState::MutualNoShow,
        BookingState::EarlyEnd,
        BookingState::Cancelled,
        BookingState::Expired,
        BookingState::Declined,
    ];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            BookingState::Requested => "requested",
            BookingState::PendingReview => "pending_review",
            BookingState::Confirmed => "confirmed",
            BookingState::Completed => "completed",
            BookingState::NoShowStudent => "no_show_student",
            BookingState::NoShowTutor => "no_show_tutor",
            BookingState::MutualNoShow => "mutual_no_show",
            BookingState::EarlyEnd => "early_end",
            BookingState::Cancelled => "cancelled",
            BookingState::Expired => "expired",
            BookingState::Declined => "declined",
        }
    }

    /// Reads a name of the database or the wire.
    ///
    /// # Errors
    /// `INVALID_REQUEST` on `status` for any other text.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        BookingState::ALL.into_iter().find(|state| state.name() == text).ok_or(Refusal::on(
            Code::InvalidRequest,
            "status",
            "status",
        ))
    }

    /// Whether it claims its slot.
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, BookingState::Requested | BookingState::PendingReview | BookingState::Confirmed)
    }

    /// What becomes of it when something happens.
    ///
    /// # Errors
    /// `INVALID_STATE` where the event does not belong to the state.
    pub fn on(self, event: BookingEvent) -> Result<BookingState, Refusal> {
        use BookingEvent as E;
        use BookingState as S;
        match (self, event) {
            (S::Requested, E::Confirm) | (S::PendingReview, E::Approve) => Ok(S::Confirmed),
            (S::Requested, E::Decline) | (S::PendingReview, E::Reject) => Ok(S::Declined),
            (S::Requested, E::Expire) => Ok(S::Expired),
            (S::Requested | S::PendingReview | S::Confirmed, E::Cancel) => Ok(S::Cancelled),
            (S::Confirmed, E::Settle(outcome)) => Ok(outcome.booking_state()),
            _ => Err(Refusal::new(Code::InvalidState, "booking_state")),
        }
    }
}

/// What can happen to a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookingEvent {
    /// The tutor says yes to a request.
    Confirm,
    /// The tutor says no to a request.
    Decline,
    /// Nobody answered the request in time.
    Expire,
    /// An admin lets a booking under review through.
    Approve,
    /// An admin refuses a booking under review.
    Reject,
    /// One of the two calls it off.
    Cancel,
    /// The lesson has its outcome.
    Settle(Outcome),
}

/// How a lesson came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Its end was reached.
    Completed,
    /// The student was absent, marked by the tutor.
    NoShowStudent,
    /// The student joined, the tutor never did.
    NoShowTutor,
    /// Nobody joined.
    MutualNoShow,
    /// A trusted source says that it ended before its scheduled end.
    EarlyEnd,
}

impl Outcome {
    /// The booking's state after it.
    #[must_use]
    pub const fn booking_state(self) -> BookingState {
        match self {
            Outcome::Completed => BookingState::Completed,
            Outcome::NoShowStudent => BookingState::NoShowStudent,
            Outcome::NoShowTutor => BookingState::NoShowTutor,
            Outcome::MutualNoShow => BookingState::MutualNoShow,
            Outcome::EarlyEnd => BookingState::EarlyEnd,
        }
    }

    /// The lesson's state after it.
    #[must_use]
    pub const fn lesson_state(self) -> LessonState {
        match self {
            Outcome::Completed => LessonState::CompletedAssumed,
            Outcome::NoShowStudent => LessonState::NoShowStudent,
            Outcome::NoShowTutor => LessonState::NoShowTutor,
            Outcome::MutualNoShow => LessonState::MutualNoShow,
            Outcome::EarlyEnd => LessonState::EarlyEndShort,
        }
    }
}

/// The settings that a booking copies when it is made; a later change never alters it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Minutes before the start until which a slot can be booked.
    pub notice_min: i64,
    /// Days ahead that can be booked.
    pub horizon_days: i64,
    /// Minutes before the start until which the student may cancel or reschedule, exactly so many allowed.
    pub cancel_notice_min: i64,
    /// Whether the tutor confirms each request.
    pub confirm_requests: bool,
    /// The platform's fee in basis points.
    pub fee_bps: i32,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            notice_min: 120,
            horizon_days: 30,
            cancel_notice_min: 120,
            confirm_requests: false,
            fee_bps: 1000,
        }
    }
}

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
    pub hold: Option<crate::ids::HoldId>,
    /// Words to the tutor, at most 1000 characters.
    pub note: Option<Note>,
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

/// On whose behalf a booking is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Party {
    /// The student of the booking.
    Student,
    /// Its tutor.
    Tutor,
}

impl Party {
    /// The name in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Party::Student => "student",
            Party::Tutor => "tutor",
        }
    }
}

/// Whether a party may still cancel or reschedule: the student until the notice before the start,
/// the tutor until the start.
///
/// # Errors
/// `INVALID_STATE` once the lesson has started, `CANCELLATION_TOO_LATE` for a student within the notice.
pub fn may_call_off(
    party: Party,
    start: DateTime<Utc>,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    match party {
        Party::Student if start - now < TimeDelta::minutes(policy.cancel_notice_min) => {
            Err(Refusal::new(Code::CancellationTooLate, "cancellation_too_late"))
        }
        Party::Tutor if now >= start => Err(Refusal::new(Code::InvalidState, "lesson_started")),
        _ => Ok(()),
    }
}

/// A booking as its parties see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Booking {
    /// Its id.
    pub id: BookingId,
    /// Its state.
    pub state: BookingState,
    /// The tutor.
    pub tutor: TutorId,
    /// The tutor's name.
    pub tutor_name: String,
    /// The tutor's slug, for links.
    pub tutor_slug: String,
    /// The tutor's zone, an IANA name.
    pub tutor_zone: String,
    /// The student.
    pub student: UserId,
    /// The student's name.
    pub student_name: String,
    /// The student's zone, an IANA name.
    pub student_zone: String,
    /// The offering.
    pub offering: OfferingId,
    /// Its title when the booking was made.
    pub title: String,
    /// When the lesson starts.
    pub start: DateTime<Utc>,
    /// When it ends.
    pub end: DateTime<Utc>,
    /// Minutes.
    pub duration: u16,
    /// Price in minor units.
    pub price_minor: i64,
    /// Its currency.
    pub currency: Currency,
    /// The settings that it copied.
    pub policy: Policy,
    /// Words of the student to the tutor.
    pub note: Option<String>,
    /// Why it was called off, where it was.
    pub reason: Option<String>,
    /// How often it was rescheduled.
    pub sequence: i32,
    /// The token of its present meeting link, `PUBLIC_URL/join/{token}`.
    pub join_token: String,
    /// When an unanswered request lapses.
    pub expires_at: Option<DateTime<Utc>>,
    /// The lesson's id.
    pub lesson: LessonId,
    /// The lesson's state.
    pub lesson_state: LessonState,
    /// Minutes after the start from which the tutor may mark a student absent.
    pub no_show_wait: i32,
    /// Minutes from which a lesson is worth its full price under the `min_payable` policy.
    pub min_payable: i32,
    /// The student's rating, once given.
    pub rating: Option<i16>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// State × event: each row lists what leads from a state; all other pairs are refused.
    #[test]
    fn every_state_meets_every_event() {
        use BookingEvent as E;
        use BookingState as S;
        let outcomes = [
            Outcome::Completed,
            Outcome::NoShowStudent,
            Outcome::NoShowTutor,
            Outcome::MutualNoShow,
            Outcome::EarlyEnd,
        ];
        let mut events = vec![E::Confirm, E::Decline, E::Expire, E::Approve, E::Reject, E::Cancel];
        events.extend(outcomes.map(E::Settle));
        let allowed = |state, event| match (state, event) {
            (S::Requested, E::Confirm) | (S::PendingReview, E::Approve) => Some(S::Confirmed),
            (S::Requested, E::Decline) | (S::PendingReview, E::Reject) => Some(S::Declined),
            (S::Requested, E::Expire) => Some(S::Expired),
            (S::Requested | S::PendingReview | S::Confirmed, E::Cancel) => Some(S::Cancelled),
            (S::Confirmed, E::Settle(Outcome::Completed)) => Some(S::Completed),
            (S::Confirmed, E::Settle(Outcome::NoShowStudent)) => Some(S::NoShowStudent),
            (S::Confirmed, E::Settle(Outcome::NoShowTutor)) => Some(S::NoShowTutor),
            (S::Confirmed, E::Settle(Outcome::MutualNoShow)) => Some(S::MutualNoShow),
            (S::Confirmed, E::Settle(Outcome::EarlyEnd)) => Some(S::EarlyEnd),
            _ => None,
        };
        for state in S::ALL {
            for event in &events {
                assert_eq!(state.on(*event).ok(), allowed(state, *event), "{state:?} × {event:?}");
            }
            assert_eq!(S::parse(state.name()), Ok(state));
        }
    }

    #[test]
    fn a_student_may_cancel_exactly_at_the_notice_and_a_tutor_until_the_start() {
        let start = DateTime::from_timestamp(1_800_000_000, 0).expect("a valid instant");
        let policy = Policy::default();
        let at = |seconds| start - TimeDelta::seconds(seconds);
        for (party, before, code) in [
            (Party::Student, 7200, None),
            (Party::Student, 7199, Some(Code::CancellationTooLate)),
            (Party::Student, -1, Some(Code::CancellationTooLate)),
            (Party::Tutor, 1, None),
            (Party::Tutor, 0, Some(Code::InvalidState)),
        ] {
            let judged = may_call_off(party, start, &policy, at(before));
            assert_eq!(judged.err().map(|refusal| refusal.code), code, "{party:?} {before}");
        }
    }
}
