//! What the forms of booking do: holding, giving back, confirming, moving.

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    booking::{BookingRequest, Note},
    ids::{BookingId, HoldId, OfferingId},
};
use leptos_axum::redirect;
use services::{
    AppError, Result, booking,
    booking::HoldRequest,
    tutor::{OfferingView, TutorView},
};

use super::{
    card_actions::keep,
    context::{Visit, answer, answer_form, visit},
    login::with_next,
    query,
};
use crate::{booking::api::Remaining, error::WireError};

/// What a confirmation sends.
pub struct Confirmation {
    /// The tutor's slug.
    pub slug: String,
    /// The hold's id.
    pub hold: String,
    /// The offering's id.
    pub offering: String,
    /// The start, RFC 3339.
    pub start: String,
    /// Minutes.
    pub duration: i64,
    /// Makes a second posting the same booking.
    pub key: String,
    /// Words to the tutor.
    pub note: String,
    /// The card on which it is charged; empty for a free lesson.
    pub card: String,
}

/// A booking that is not there, or not for this person.
#[must_use]
pub fn no_booking() -> AppError {
    Refusal::new(Code::BookingNotFound, "not_found").into()
}

fn malformed(field: &'static str) -> AppError {
    Refusal::on(Code::InvalidRequest, "malformed", field).into()
}

fn instant(text: &str) -> Result<DateTime<Utc>> {
    text.parse().map_err(|_| malformed("start"))
}

fn offering(text: &str) -> Result<Option<OfferingId>> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| malformed("offering")) }
}

/// The address of the details of a start, with its hold where there is one.
#[must_use]
pub fn book_address(slug: &str, offering: &str, start: &str, duration: i64, hold: Option<HoldId>) -> String {
    let query = query::write([
        ("offering", offering.to_owned()),
        ("start", start.to_owned()),
        ("duration", duration.to_string()),
        ("hold", hold.map(|hold| hold.0.to_string()).unwrap_or_default()),
    ]);
    format!("/book/{}?{query}", query::encode(slug))
}

/// See [`crate::booking::api::hold_slot`].
pub async fn hold_slot(
    slug: String,
    offering: String,
    duration: i64,
    start: String,
) -> std::result::Result<String, WireError> {
    let visit = visit();
    let address = answer(&visit, hold_address(&visit, slug, offering, duration, start)).await?;
    redirect(&address);
    Ok(address)
}

async fn hold_address(
    visit: &Visit,
    slug: String,
    offering_text: String,
    duration: i64,
    start_text: String,
) -> Result<String> {
    let (start, offering) = (instant(&start_text)?, offering(&offering_text)?);
    let tutor = services::tutor::find(&visit.services, visit.actor.as_ref(), &slug).await?;
    let Some(actor) = &visit.actor else {
        let next = book_address(&tutor.slug, &offering_text, &start_text, duration, None);
        return Ok(with_next("/login", &next));
    };
    let request = HoldRequest { tutor: tutor.id, offering, start, duration };
    let hold = booking::hold(&visit.services, actor, &request).await?;
    Ok(book_address(&tutor.slug, &offering_text, &start_text, duration, Some(hold.id)))
}

/// See [`crate::booking::api::hold_state`].
pub async fn hold_state(hold: String) -> std::result::Result<Remaining, WireError> {
    let visit = visit();
    answer(&visit, async {
        let hold = hold.parse::<HoldId>().map_err(|_| malformed("hold"))?;
        let found = booking::find_hold(&visit.services, visit.actor()?, hold).await?;
        Ok(Remaining {
            remaining_ms: found.map_or(0.0, |(hold, _)| remaining_ms(hold.expires_at, visit.now)),
        })
    })
    .await
}

/// Milliseconds until an instant, 0 when it has passed.
#[must_use]
pub fn remaining_ms(until: DateTime<Utc>, now: DateTime<Utc>) -> f64 {
    let left = u32::try_from((until - now).num_milliseconds().max(0)).unwrap_or(u32::MAX);
    f64::from(left)
}

/// See [`crate::booking::api::release_hold`].
pub async fn release_hold(hold: String, slug: String) -> std::result::Result<(), WireError> {
    let visit = visit();
    answer(&visit, async {
        let hold = hold.parse::<HoldId>().map_err(|_| malformed("hold"))?;
        booking::release(&visit.services, visit.actor()?, hold).await
    })
    .await?;
    redirect(&format!("/tutors/{}#calendar", query::encode(&slug)));
    Ok(())
}

/// See [`crate::booking::api::confirm_booking`].
pub async fn confirm(asked: Confirmation) -> std::result::Result<(), WireError> {
    let visit = visit();
    let (note, card) = (asked.note.clone(), asked.card.clone());
    let typed = [("note", &*note), ("card", &*card)];
    let booking = answer_form(&visit, &typed, place(&visit, asked)).await?;
    redirect(&format!("/lessons/{}", booking.0));
    Ok(())
}

async fn place(visit: &Visit, asked: Confirmation) -> Result<BookingId> {
    let actor = visit.actor()?;
    let tutor = services::tutor::find(&visit.services, visit.actor.as_ref(), &asked.slug).await?;
    let offering = offering(&asked.offering)?;
    let card = is_paid(visit, &tutor, offering, asked.duration).then_some(asked.card);
    let mut request = BookingRequest {
        tutor: tutor.id,
        offering,
        start: instant(&asked.start)?,
        duration: asked.duration,
        hold: Some(asked.hold.parse::<HoldId>().map_err(|_| malformed("hold"))?),
        note: Note::parse(&asked.note)?,
        card: None,
    };
    // What cannot be read is refused before a card is asked for or saved.
    if let Some(card) = card {
        request.card = Some(keep(visit, &card).await?);
    }
    Ok(booking::place(&visit.services, actor, &request, Some(&asked.key)).await?.id)
}

/// Whether a card is charged for the lesson: it has a price, and there is a payment provider.
fn is_paid(visit: &Visit, tutor: &TutorView, offering: Option<OfferingId>, duration: i64) -> bool {
    let minutes = u16::try_from(duration).ok();
    let of = |it: &&OfferingView| offering.is_none_or(|id| it.id == id);
    let mut prices = tutor
        .offerings
        .iter()
        .filter(of)
        .filter_map(|it| minutes.and_then(|minutes| it.offering.price(minutes)));
    visit.services.payments.is_some() && prices.next().is_some_and(|price| price > 0)
}

/// See [`crate::booking::api::reschedule`].
pub async fn reschedule(id: String, start: String) -> std::result::Result<(), WireError> {
    let visit = visit();
    let booking = answer(&visit, async {
        let id = id.parse::<BookingId>().map_err(|_| no_booking())?;
        booking::reschedule(&visit.services, visit.actor()?, id, instant(&start)?, None).await
    })
    .await?;
    redirect(&format!("/lessons/{}", booking.id.0));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_carry_what_they_need() {
        let address = book_address("léa", "abc", "2026-12-03T14:00:00Z", 60, None);
        assert_eq!(address, "/book/l%C3%A9a?offering=abc&start=2026-12-03T14:00:00Z&duration=60");
        let login = with_next("/login", &address);
        assert_eq!(query::get(login.split_once('?').unwrap().1, "next"), Some(address));
    }

    #[test]
    fn nothing_remains_of_what_is_past() {
        let now: DateTime<Utc> = "2026-12-03T14:00:00Z".parse().unwrap();
        for (until, ms) in [
            ("2026-12-03T14:10:00Z", 600_000.0),
            ("2026-12-03T14:00:00Z", 0.0),
            ("2026-12-03T13:00:00Z", 0.0),
        ] {
            assert!((remaining_ms(until.parse().unwrap(), now) - ms).abs() < f64::EPSILON, "{until}");
        }
    }
}
