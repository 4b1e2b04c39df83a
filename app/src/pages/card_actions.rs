//! What the forms in which cards are chosen and typed do on the server.

use domain::{Code, Refusal, ids::BookingId};
use services::{
    Actor, Result, Services,
    payment::{self, DebtPayment},
};

use super::{
    charge_actions::{act, charge_page},
    context::{Visit, answer, answer_form, visit},
    i18n::td_string,
};
use crate::{error::WireError, payment::api::ProviderAccess};

/// The page on which cards are kept.
const CARDS: &str = "/settings?saved=1#cards";

/// See [`crate::payment::api::begin_setup`].
pub async fn begin_setup() -> std::result::Result<ProviderAccess, WireError> {
    let visit = visit();
    answer(&visit, async {
        let setup = payment::begin_setup(&visit.services, visit.actor()?).await?;
        Ok(ProviderAccess {
            client_secret: setup.client_secret,
            publishable_key: setup.publishable_key,
            js_url: setup.js_url,
        })
    })
    .await
}

/// See [`crate::payment::api::save_card`].
pub async fn save(card: &str) -> std::result::Result<(), WireError> {
    let asked = visit();
    act(&[], CARDS, async |_, _| keep(&asked, card).await).await
}

/// Saves a card that is not saved yet, with the consent in the words that this reader was shown. Answers its id.
///
/// # Errors
/// `INVALID_REQUEST` on `card` where none was chosen; as [`payment::keep_card`].
pub async fn keep(visit: &Visit, card: &str) -> Result<String> {
    if card.is_empty() {
        return Err(Refusal::on(Code::InvalidRequest, "card_missing", "card").into());
    }
    let words = td_string!(visit.locale(), cards.consent);
    payment::keep_card(&visit.services, visit.actor()?, card, words).await
}

/// See [`crate::payment::api::begin_payment`].
pub async fn begin_payment(
    booking: &str,
    card: &str,
) -> std::result::Result<Option<ProviderAccess>, WireError> {
    let visit = visit();
    answer(&visit, async {
        let provider = visit.services.payments.as_ref();
        let config = provider.map(|provider| provider.config().clone());
        let secret = begin(&visit, booking, card).await?;
        Ok(secret.zip(config).map(|(client_secret, config)| ProviderAccess {
            client_secret,
            publishable_key: config.publishable_key,
            js_url: config.js_url,
        }))
    })
    .await
}

/// See [`crate::payment::api::finish_payment`].
pub async fn finish_payment(booking: &str) -> std::result::Result<(), WireError> {
    let visit = visit();
    answer(&visit, async {
        let actor = visit.actor()?;
        match payment::finish_debt_payment(&visit.services, actor, booking.parse()?).await? {
            DebtPayment::Paid => Ok(()),
            DebtPayment::Asks { .. } => Err(bank_asks()),
        }
    })
    .await
}

/// See [`crate::payment::api::pay_debt`].
pub async fn pay(booking: &str, card: &str) -> std::result::Result<(), WireError> {
    let visit = visit();
    let page = format!("{}?paid=1", charge_page(booking));
    let paying = async {
        if begin(&visit, booking, card).await?.is_some() {
            return Err(bank_asks());
        }
        leptos_axum::redirect(&page);
        Ok(())
    };
    answer_form(&visit, &[("card", card)], paying).await
}

/// Tries to pay; answers what opens the bank's question, where it asks.
async fn begin(visit: &Visit, booking: &str, card: &str) -> Result<Option<String>> {
    let id: BookingId = booking.parse()?;
    let card = keep(visit, card).await?;
    let begun = payment::begin_debt_payment(&visit.services, visit.actor()?, id, &card).await?;
    Ok(match begun {
        DebtPayment::Paid => None,
        DebtPayment::Asks { client_secret } => Some(client_secret),
    })
}

fn bank_asks() -> services::AppError {
    Refusal::new(Code::PaymentFailed, "bank_asks").into()
}

/// Makes a card the default.
///
/// # Errors
/// As `services::payment::choose_card`.
pub async fn choose(card: &str) -> std::result::Result<(), WireError> {
    let choosing =
        async |services: &Services, actor: &Actor| payment::choose_card(services, actor, card).await;
    act(&[], CARDS, choosing).await
}

/// Removes a card.
///
/// # Errors
/// As `services::payment::remove_card`.
pub async fn remove(card: &str) -> std::result::Result<(), WireError> {
    let removing =
        async |services: &Services, actor: &Actor| payment::remove_card(services, actor, card).await;
    act(&[], CARDS, removing).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::i18n::Locale;

    /// Each row: a version, and its words in both languages. Whoever changes the words adds a row under a new version,
    /// so that a consent on record always says what was shown.
    #[test]
    fn the_words_of_the_consent_have_their_version() {
        let versions = [(
            "2026-11",
            "By going on I agree that this card is saved, and that what each lesson I book with it costs \
             is set aside or charged on it, by the rule and at the time shown in the booking, without my \
             being present. I can remove the card at any time.",
            "En continuant, j’accepte que cette carte soit enregistrée et que ce que coûte chaque cours \
             réservé avec elle y soit réservé ou prélevé, selon la règle et au moment indiqués dans la \
             réservation, sans ma présence. Je peux retirer la carte à tout moment.",
        )];
        let shown = [Locale::en, Locale::fr].map(|locale| td_string!(locale, cards.consent));
        assert_eq!(versions.last(), Some(&(payment::CONSENT, shown[0], shown[1])));
    }
}
