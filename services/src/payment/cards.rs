//! Saved cards: the provider keeps the numbers, we keep what a person recognises a card by, and the consent.

use chrono::{DateTime, Utc};
use domain::{Code, Refusal};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{provider::CardFacts, store};
use crate::{
    Actor, AppError, Result, Services, account, chance,
    jobs::{self, Job},
};

/// The version of the words to which a student consents.
pub const CONSENT: &str = "2026-11";

/// What a program agrees to in its student's name by sending a card with a booking.
pub(crate) const CONSENT_BY_API: &str = "Sent with a booking: this card is saved and may be charged without its owner \
    being present, by the rule of each booking, at the scheduled end of the lesson.";

/// A saved card as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Card {
    /// The provider's id.
    pub id: String,
    /// Such as `visa`.
    pub brand: String,
    /// The last four digits.
    pub last4: String,
    /// 1 to 12.
    pub exp_month: i16,
    /// Four digits.
    pub exp_year: i16,
    /// Charged where a booking names no other.
    pub is_default: bool,
}

/// One's own saved cards, the default first.
///
/// # Errors
/// Where the database cannot be read.
pub async fn list_cards(services: &Services, actor: &Actor) -> Result<Vec<Card>> {
    let mut db = services.db.acquire().await?;
    store::list_cards(&mut db, actor.user).await
}

/// What a browser needs to show the provider's card form and to save a card by it.
#[derive(Clone, PartialEq, Eq)]
pub struct CardSetup {
    /// Opens this one saving to the owner's browser.
    pub client_secret: String,
    /// The provider's key for pages.
    pub publishable_key: String,
    /// The address of the provider's script.
    pub js_url: String,
}

/// Prepares the saving of a card in the browser, for charges without its owner being there. Its number goes to the
/// provider alone; what the browser then gets is saved by [`save_card`].
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS` for anybody but a student.
pub async fn begin_setup(services: &Services, actor: &Actor) -> Result<CardSetup> {
    actor.require_student()?;
    let customer = customer(services, actor).await?;
    let provider = services.payments()?;
    let client_secret = provider.create_setup(&customer, &format!("setup-{}", chance::token())).await?;
    let config = provider.config();
    Ok(CardSetup {
        client_secret,
        publishable_key: config.publishable_key.clone(),
        js_url: config.js_url.clone(),
    })
}

/// Saves a card by the provider's id, with the consent to charge it later in the words that were shown. Saved
/// again, it stays one card; the first one is the default.
///
/// # Errors
/// `INVALID_REQUEST` (`payment_method`) for an id that is no card of this person's, `PAYMENT_FAILED` with
/// `details.decline_code` where the issuer refuses.
pub async fn save_card(services: &Services, actor: &Actor, id: &str, words: &str) -> Result<Card> {
    let student = actor.require_student()?;
    let customer = customer(services, actor).await?;
    let card = attached(services, id, &customer).await?;
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    store::insert_card(&mut tx, student, &card, now).await?;
    store::insert_consent(&mut tx, student, &card.id, CONSENT, words, now).await?;
    let saved = store::list_cards(&mut tx, student).await?.into_iter().find(|saved| saved.id == card.id);
    tx.commit().await?;
    saved.ok_or_else(|| AppError::fault("a card that was just saved"))
}

/// Saves a card as [`save_card`] does, unless it is saved already: whose consent is on record is not asked again.
/// Answers its id.
///
/// # Errors
/// As [`save_card`].
pub async fn keep_card(services: &Services, actor: &Actor, id: &str, words: &str) -> Result<String> {
    let known = store::is_own_card(&mut *services.db.acquire().await?, actor.user, id).await?;
    if known { Ok(id.to_owned()) } else { Ok(save_card(services, actor, id, words).await?.id) }
}

/// Makes a card the default.
///
/// # Errors
/// `NOT_FOUND` for a card that is not one's own.
pub async fn choose_card(services: &Services, actor: &Actor, id: &str) -> Result<()> {
    let mut tx = services.begin().await?;
    if !store::set_default_card(&mut tx, actor.user, id).await? {
        return Err(unknown().into());
    }
    Ok(tx.commit().await?)
}

/// The job that takes a removed card from its customer at the provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DetachCard {
    /// Which.
    pub card: String,
}

impl Job for DetachCard {
    const NAME: &'static str = "detach_card";

    async fn run(self, services: &Services) -> Result<()> {
        // It may have been saved again meanwhile.
        if !store::is_removed(&mut *services.db.acquire().await?, &self.card).await? {
            return Ok(());
        }
        services.payments()?.detach_card(&self.card).await
    }
}

/// Removes a card: from now on nothing is charged on it. Another one becomes the default. The provider forgets it
/// soon after, also where it does not answer at once.
///
/// # Errors
/// `NOT_FOUND` for a card that is not one's own.
pub async fn remove_card(services: &Services, actor: &Actor, id: &str) -> Result<()> {
    let mut tx = services.begin().await?;
    if !store::remove_card(&mut tx, actor.user, id, services.clock.now()).await? {
        return Err(unknown().into());
    }
    jobs::enqueue(&mut tx, &DetachCard { card: id.to_owned() }).await?;
    Ok(tx.commit().await?)
}

fn unknown() -> Refusal {
    Refusal::new(Code::NotFound, "card_not_found")
}

/// The provider's customer of a person, made where there is none. Asked for twice at once, it is one: the
/// provider answers the same under the same key.
async fn customer(services: &Services, actor: &Actor) -> Result<String> {
    let known = store::find_customer(&mut *services.db.acquire().await?, actor.user).await?;
    if let Some(customer) = known {
        return Ok(customer);
    }
    let me = account::me(services, actor).await?;
    let made = services.payments()?.create_customer(actor.user, &me.email, &me.name).await?;
    let mut db = services.db.acquire().await?;
    store::insert_customer(&mut db, actor.user, &made, services.clock.now()).await
}

/// A card that belongs to the customer, given to it where it belongs to nobody.
async fn attached(services: &Services, id: &str, customer: &str) -> Result<CardFacts> {
    let provider = services.payments()?;
    let foreign = Refusal::on(Code::InvalidRequest, "payment_method", "payment_method");
    let card = provider.find_card(id).await?.ok_or(foreign.clone())?;
    match &card.customer {
        Some(owner) if owner == customer => return Ok(card),
        Some(_) => return Err(foreign.into()),
        None => {}
    }
    provider.attach_card(id, customer).await?.map_err(|decline| {
        let refusal = Refusal::on(Code::PaymentFailed, "card_declined", "payment_method");
        let details = json!({ "code": decline.code, "decline_code": decline.decline_code });
        AppError::with_details(refusal, details)
    })
}

/// When consent was given to charge a card, and in which words, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Consent {
    /// The card.
    pub card: String,
    /// The version of the words.
    pub version: String,
    /// The words.
    pub text: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// What one consented to, newest first.
///
/// # Errors
/// Where the database cannot be read.
pub async fn list_consents(services: &Services, actor: &Actor) -> Result<Vec<Consent>> {
    let mut db = services.db.acquire().await?;
    store::list_consents(&mut db, actor.user).await
}
