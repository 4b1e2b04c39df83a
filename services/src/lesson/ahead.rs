//! The meeting's address ahead of a join, and the joins that browsers tell of afterwards because the server was away.

use chrono::{DateTime, SubsecRound as _, Utc};
use domain::{
    chat::ClientId,
    ids::{BookingId, UserId},
    lesson::{LessonEvent, ToldJoin, join_window},
};
use sqlx::PgConnection;

use super::{
    Arrival, admit, arrive,
    life::{BROWSER, Origin},
    meeting_missing, store, window,
};
use crate::{
    Actor, AppError, Result, Services,
    booking::{self, By},
    video,
};

/// The address of a meeting for one of its parties, ahead of the join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// The provider's address.
    pub url: String,
    /// When it was given, by our clock, to the millisecond, as browsers know time: no join that rests on it was before.
    pub given_at: DateTime<Utc>,
}

/// The address of the meeting, for a page that is open while joining is, so that it can open it though the server is
/// away. To look is no attempt to join: nothing of it stands in the evidence. That the address was given does, on the
/// lesson: a join that is told of afterwards rests on it.
///
/// # Errors
/// As [`super::join`].
pub async fn look_ahead(services: &Services, actor: &Actor, id: BookingId) -> Result<Ahead> {
    let now = services.clock.now();
    let lesson = booking::find(services, actor, id).await?;
    let party = booking::party(actor, &lesson).ok_or_else(booking::not_found)?;
    admit(&lesson, now).map_err(|refusal| AppError::with_details(refusal, window(&lesson)))?;
    let mut db = services.db.acquire().await?;
    let place = video::find_place(&mut db, id).await?;
    let url = video::of(services, &place).address(&lesson, actor)?.ok_or_else(meeting_missing)?;
    let (opens, given_at) = (join_window(lesson.start, lesson.end).0, now.trunc_subsecs(3));
    store::set_given(&mut db, lesson.lesson, party, opens, given_at).await?;
    Ok(Ahead { url, given_at })
}

/// Puts a join on record of which a browser tells afterwards: at `at`, by a click that it gave a name. Told again it
/// changes nothing, nor does a click that the server saw after all. It stands there as the browser's word, with the
/// instant at which it was told. While the outcome is open it counts as a join that was seen; afterwards it changes
/// nothing by itself, and opens a case where it would have.
///
/// # Errors
/// `BOOKING_NOT_FOUND` for others, and as [`ToldJoin::check`].
pub async fn tell_join(
    services: &Services,
    actor: &Actor,
    booking: BookingId,
    click: &ClientId,
    at: DateTime<Utc>,
) -> Result<()> {
    let now = services.clock.now();
    let mut retries = booking::Retries::default();
    let outcome = loop {
        let mut tx = services.begin().await?;
        let outcome = hear(&mut tx, actor, booking, click, at, now).await;
        let outcome = booking::finish(tx, outcome).await;
        if !retries.again(&outcome).await {
            break outcome;
        }
    };
    services.live.wake(&outcome?);
    Ok(())
}

async fn hear(
    tx: &mut PgConnection,
    actor: &Actor,
    id: BookingId,
    click: &ClientId,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    let found = booking::find_locked(tx, id, now).await?.ok_or_else(booking::not_found)?;
    let lesson = &found.booking;
    let party = booking::party(actor, lesson).ok_or_else(booking::not_found)?;
    let click = click.as_str();
    if store::knows_click(tx, lesson.lesson, actor.user, click).await? {
        return Ok(Vec::new());
    }
    let given = store::find_given(tx, lesson.lesson, party).await?;
    ToldJoin { at, given }.check(lesson.state, (lesson.start, lesson.end), now)?;
    let place = video::find_place(tx, id).await?;
    let origin = Origin { source: BROWSER, reference: Some(click), told_at: Some(now) };
    let arrival = Arrival { party, at, event: LessonEvent::SeenJoining(party, at), origin };
    arrive(tx, &found, &place, By::actor(actor, lesson), arrival, now).await
}
