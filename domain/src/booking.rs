//! The agreement between one student and one tutor about a slot: its states, its policy, its deadlines.

mod placement;
mod policy;
mod state;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    charge::Terms,
    ids::{BookingId, LessonId, OfferingId, TutorId, UserId},
    lesson::LessonState,
    money::{Currency, Money},
};

pub use placement::{BookingRequest, Context, Note, Placement, REQUEST, choose, claim, place, slot_rules};
pub use policy::{Party, Policy, may_call_off};
pub use state::{BookingEvent, BookingState, Outcome};

/// How long a hold reserves a slot.
pub const HOLD: TimeDelta = TimeDelta::minutes(10);

impl Booking {
    /// What was agreed about money.
    #[must_use]
    pub fn terms(&self) -> Terms {
        Terms {
            price: Money { minor: self.price_minor, currency: self.currency },
            fee_bps: self.policy.fee_bps.unsigned_abs(),
            early_end: self.policy.early_end,
            nobody_joined: self.policy.nobody_joined,
        }
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
