//! The money of the demonstration, at the sandbox: every student has a card, and what the two people of the
//! demonstration accounts have behind them was charged by the same rules and calls as everything later.

use domain::{
    account::{Language, Role},
    ids::{BookingId, UserId},
    zone::Zone,
};
use futures::{StreamExt as _, TryStreamExt as _};

use super::store;
use crate::{Actor, Result, Services, booking, clock::Clock, lesson, payment};

/// How much is asked of the sandbox at once.
const AT_ONCE: usize = 4;

/// The cards of the demonstration, dealt in turn.
const CARDS: [&str; 3] = ["pm_card_visa", "pm_card_mastercard", "pm_card_amex"];

/// What the people of the demonstration agreed to.
const CONSENT: &str =
    "Agreed for the demonstration: this card may be charged at the scheduled end of each lesson.";

/// Gives every student a card, and charges what was taught.
///
/// # Errors
/// Where database or sandbox do not answer.
pub(super) async fn settle(services: &Services) -> Result<()> {
    let (students, taught) = {
        let mut db = services.db.acquire().await?;
        (store::list_students(&mut db).await?, store::list_taught(&mut db).await?)
    };
    futures::stream::iter(students.into_iter().enumerate())
        .map(|(number, student)| give_card(services, student, CARDS[number % CARDS.len()]))
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await?;
    futures::stream::iter(taught)
        .map(|booking| charge(services, booking))
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await?;
    // Nobody is written to about the past.
    store::set_dispatched(&services.db, services.clock.now()).await
}

async fn give_card(services: &Services, student: UserId, card: &str) -> Result<()> {
    let actor = Actor {
        user: student,
        role: Role::Student,
        tutor: None,
        name: String::new(),
        zone: Zone::UTC,
        language: Language::En,
    };
    payment::save_card(services, &actor, card, CONSENT).await?;
    Ok(())
}

/// Opens the charge of a lesson and charges it, at the time of its end.
async fn charge(services: &Services, id: BookingId) -> Result<()> {
    let mut tx = services.db.begin().await?;
    let found = booking::find_locked(&mut tx, id, services.clock.now()).await?;
    let booking = found.ok_or_else(booking::not_found)?.booking;
    let lesson = lesson::life::load(&mut tx, &booking).await?;
    let rule = lesson.rule(lesson.evidence);
    let charge = payment::open(&mut tx, &booking, &lesson, rule, booking.end).await?;
    tx.commit().await?;
    let config = services.config.clone();
    let payments = services.payments.clone();
    let then =
        Services::new(services.db.clone(), Clock::at(booking.end), config, services.live.clone(), payments);
    // A worker may have it in hand already, and the provider then refuses the second of two equal calls: the charge
    // is open, and whoever comes next finishes it.
    if let Err(error) = payment::charge(&then, charge).await {
        tracing::warn!(%charge, %error, "a charge of the demonstration is left to the scheduler");
    }
    Ok(())
}
