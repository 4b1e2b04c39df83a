//! The money of the demonstration, at the sandbox: every student has a card, and what the two people of the
//! demonstration accounts have behind them was charged by the same rules and calls as everything later.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    account::{Language, Role},
    ids::{BookingId, UserId},
    zone::Zone,
};
use futures::{StreamExt as _, TryStreamExt as _};

use super::store;
use crate::{Actor, AppError, Result, Services, booking, clock::Clock, lesson, payment, payout};

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
    pay_tutor(services).await?;
    // Nobody is written to about the past.
    store::set_dispatched(&services.db, services.clock.now()).await
}

/// How many days ago the tutor of the demonstration was paid what had become due.
const PAYDAYS: [i64; 4] = [45, 30, 15, 0];

/// The tutor of the demonstration says where earnings go, and is paid what is past its dispute window.
async fn pay_tutor(services: &Services) -> Result<()> {
    let tutor = store::find_demo_tutor(&mut *services.db.acquire().await?).await?;
    let sandbox = Sandbox::of(services)?;
    // What cards pay is pending for two days: without money of its own the platform could not pay yet.
    sandbox.fill_balance().await?;
    let (user, id) = tutor;
    let actor = Actor { role: Role::Tutor, tutor: Some(id), ..somebody(user) };
    let link = payout::begin_onboarding(services, &actor, id, "/tutor/earnings").await?;
    sandbox.onboard(&link).await?;
    payout::look_again(services, &actor, id).await?;
    for days in PAYDAYS {
        payout::pay_as_of(&at(services, services.clock.now() - TimeDelta::days(days)), id).await?;
    }
    Ok(())
}

/// The sandbox as its own staff and the owners of accounts use it.
struct Sandbox {
    client: reqwest::Client,
    base: String,
    key: String,
}

impl Sandbox {
    fn of(services: &Services) -> Result<Self> {
        let config = services.payments()?.config();
        let base = config.api_base.clone().ok_or_else(|| AppError::fault("no sandbox"))?;
        Ok(Sandbox { client: reqwest::Client::new(), base, key: config.secret_key.clone() })
    }

    /// Brings money to the platform that is available at once.
    async fn fill_balance(&self) -> Result<()> {
        let form = [("amount", "500000"), ("currency", "eur"), ("description", "The platform's own money")];
        let request = self.client.post(format!("{}/v1/topups", self.base)).bearer_auth(&self.key);
        done(request.form(&form)).await
    }

    /// Goes through onboarding at a link of it.
    async fn onboard(&self, link: &str) -> Result<()> {
        done(self.client.get(link)).await?;
        // It leads back to pages of ours, which need not be there yet.
        let direct = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder().redirect(direct).build().map_err(AppError::fault)?;
        done(client.post(link).form(&[("outcome", "complete")])).await
    }
}

async fn done(request: reqwest::RequestBuilder) -> Result<()> {
    request.send().await.and_then(reqwest::Response::error_for_status).map_err(AppError::fault)?;
    Ok(())
}

async fn give_card(services: &Services, student: UserId, card: &str) -> Result<()> {
    payment::save_card(services, &somebody(student), card, CONSENT).await?;
    Ok(())
}

/// A student.
fn somebody(user: UserId) -> Actor {
    Actor {
        user,
        role: Role::Student,
        tutor: None,
        name: String::new(),
        zone: Zone::UTC,
        language: Language::En,
    }
}

/// The same services at another time.
fn at(services: &Services, now: DateTime<Utc>) -> Services {
    let (config, payments) = (services.config.clone(), services.payments.clone());
    Services::new(services.db.clone(), Clock::at(now), config, services.live.clone(), payments)
}

/// Opens the charge of a lesson and charges it, at the time of its end.
async fn charge(services: &Services, id: BookingId) -> Result<()> {
    let mut tx = services.begin().await?;
    let found = booking::find_locked(&mut tx, id, services.clock.now()).await?;
    let booking = found.ok_or_else(booking::not_found)?.booking;
    let lesson = lesson::life::load(&mut tx, &booking).await?;
    let rule = lesson.rule(lesson.evidence);
    let charge = payment::open(&mut tx, &booking, &lesson, rule, booking.end).await?;
    tx.commit().await?;
    let then = at(services, booking.end);
    // A worker may have it in hand already, and the provider then refuses the second of two equal calls: the charge
    // is open, and whoever comes next finishes it.
    if let Err(error) = payment::charge(&then, charge).await {
        tracing::warn!(%charge, %error, "a charge of the demonstration is left to the scheduler");
    }
    Ok(())
}
