//! Whether a party of a lesson has a claim left, and which dispute it joins.

use chrono::{DateTime, Utc};
use domain::{
    Refusal,
    booking::Booking,
    dispute::{Claim, Open, claim},
    ids::{DisputeId, UserId},
};
use sqlx::PgConnection;

use super::store;
use crate::Result;

/// Where a person's claim about a lesson of theirs goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It opens a dispute; until when it can.
    Opens(DateTime<Utc>),
    /// It joins this one, which the other party opened.
    Joins(DisputeId),
}

/// Where a person's claim about a lesson of theirs goes, or why it goes nowhere (`domain::dispute::claim`).
///
/// # Errors
/// Where the database cannot be read.
pub(super) async fn way(
    db: &mut PgConnection,
    booking: &Booking,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<Result<Way, Refusal>> {
    let hours = booking.policy.dispute_window_hours;
    let settled = store::find_settled(db, booking.id).await?;
    let own = store::find_claimed(db, booking.id, user).await?;
    let open = store::find_open(db, booking.id).await?;
    let whose = open.map(|(_, of_bank)| if of_bank { Open::Bank } else { Open::Party });
    Ok(claim(own, whose, settled, hours, now).map(|found| match (found, open, settled) {
        (Claim::Joins, Some((dispute, _)), _) => Way::Joins(dispute),
        (_, _, settled) => Way::Opens(domain::dispute::window_end(settled.unwrap_or(now), hours)),
    }))
}
