//! What the forms of lessons do on the server.

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    chat::ClientId,
    ids::BookingId,
    review::{Feedback, Rating},
};
use services::{Actor, Result, Services, booking, lesson, review, video};

use super::{
    context::{answer, answer_form, visit},
    flash::{self, Flash},
    updates::milliseconds,
};
use crate::{
    error::WireError,
    lesson::{JOIN, api::Ahead},
};

/// Acts on a booking as the signed-in person, then shows its page where `show` says so.
async fn act<T>(
    id: &str,
    typed: &[(&str, &str)],
    show: bool,
    action: impl AsyncFnOnce(&Services, &Actor, BookingId) -> Result<T>,
) -> Result<(), WireError> {
    let visit = visit();
    let acting = async {
        let booking: BookingId = id.parse()?;
        action(&visit.services, visit.actor()?, booking).await?;
        if show {
            leptos_axum::redirect(&format!("/lessons/{booking}"));
        }
        Ok(())
    };
    answer_form(&visit, typed, acting).await
}

/// Opens the meeting. A form may lead to our own pages only (the content security policy says so), and so
/// the browser goes on to the provider from a page of ours.
///
/// # Errors
/// As `services::lesson::join`.
pub async fn join(id: &str, click: Option<&str>) -> Result<(), WireError> {
    act(id, &[], false, async |services, actor, booking| {
        let click = given(click).map(ClientId::parse).transpose()?;
        let url = lesson::join_by(services, actor, booking, click.as_ref()).await?;
        flash::leave(Flash {
            action: JOIN.to_owned(),
            kept: [("url".to_owned(), url)].into(),
            ..Flash::default()
        });
        leptos_axum::redirect(&format!("/lessons/{booking}/room?__path={JOIN}"));
        Ok(())
    })
    .await
}

/// The meeting's address, ahead of a join.
///
/// # Errors
/// As `services::lesson::look_ahead`.
pub async fn look_ahead(id: &str) -> Result<Ahead, WireError> {
    let visit = visit();
    let looking = async {
        let ahead = lesson::look_ahead(&visit.services, visit.actor()?, id.parse()?).await?;
        Ok(Ahead { url: ahead.url, given_ms: milliseconds(ahead.given_at) })
    };
    answer(&visit, looking).await
}

/// Puts a join on record of which the browser tells afterwards.
///
/// # Errors
/// As `services::lesson::tell_join`.
pub async fn tell_join(id: &str, click: &str, at: &str) -> Result<(), WireError> {
    let visit = visit();
    let telling = async {
        let malformed = |_| Refusal::on(Code::InvalidRequest, "told_time", "at");
        let at: DateTime<Utc> = at.parse().map_err(malformed)?;
        let click = ClientId::parse(click)?;
        lesson::tell_join(&visit.services, visit.actor()?, id.parse()?, &click, at).await
    };
    answer(&visit, telling).await
}

/// Gives one lesson a link of its own.
///
/// # Errors
/// As `services::video::set_own_link`.
pub async fn set_link(id: &str, url: &str) -> Result<(), WireError> {
    act(id, &[("external_url", url)], true, async |services, actor, id| {
        video::set_own_link(services, actor, id, url).await
    })
    .await
}

/// Calls a lesson off.
///
/// # Errors
/// As `services::booking::cancel`.
pub async fn cancel(id: &str, reason: Option<&str>) -> Result<(), WireError> {
    let reason = given(reason);
    act(id, &[("reason", reason.unwrap_or_default())], true, async |services, actor, id| {
        booking::cancel(services, actor, id, reason).await
    })
    .await
}

/// Says yes to a request.
///
/// # Errors
/// As `services::booking::confirm`.
pub async fn accept(id: &str) -> Result<(), WireError> {
    act(id, &[], false, booking::confirm).await
}

/// Says no to a request.
///
/// # Errors
/// As `services::booking::decline`.
pub async fn decline(id: &str, reason: Option<&str>) -> Result<(), WireError> {
    act(id, &[], false, async |services, actor, id| {
        booking::decline(services, actor, id, given(reason)).await
    })
    .await
}

/// Ends the lesson.
///
/// # Errors
/// As `services::booking::complete`.
pub async fn end(id: &str) -> Result<(), WireError> {
    act(id, &[], true, booking::complete).await
}

/// Marks the student absent.
///
/// # Errors
/// As `services::lesson::mark_no_show`.
pub async fn mark_no_show(id: &str) -> Result<(), WireError> {
    act(id, &[], true, async |services, actor, id| {
        let booking = booking::find(services, actor, id).await?;
        lesson::mark_no_show(services, actor, booking.lesson).await
    })
    .await
}

/// Rates the lesson.
///
/// # Errors
/// As `services::review::rate`.
pub async fn rate(id: &str, stars: i64, feedback: Option<&str>) -> Result<(), WireError> {
    let words = feedback.unwrap_or_default();
    act(id, &[("feedback", words), ("rating", &stars.to_string())], true, async |services, actor, id| {
        let (rating, words) = (Rating::parse(stars)?, Feedback::parse(words)?);
        let words = (!words.as_str().is_empty()).then_some(words);
        review::rate(services, actor, id, rating, words).await
    })
    .await
}

fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}
