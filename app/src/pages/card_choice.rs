//! Choosing a card inside a form: the saved ones, and a new one.

use leptos::prelude::*;
use services::payment::Card as SavedCard;

use super::{
    charge_words::card_name,
    forms::{error_on, kept_or},
    i18n::{Locale, language, td_string},
};
use crate::{
    payment::{CardForm, CardTexts},
    ui::{Glyph, Icon},
};

/// The field `card` of the form around: one of the saved cards, the default at first, or a new one, which needs
/// JavaScript. Where a `booking` is given, what is owed for it is paid with the card.
#[component]
pub fn CardChoice(
    /// The language.
    locale: Locale,
    /// The saved cards, the default first.
    cards: Vec<SavedCard>,
    /// What is asked.
    #[prop(into)]
    legend: String,
    /// The booking that is owed.
    #[prop(optional, into)]
    booking: String,
) -> impl IntoView {
    let alone = cards.is_empty();
    let first = cards.first().map(|card| card.id.clone()).unwrap_or_default();
    let chosen = kept_or("card", first.clone());
    let chosen = if cards.iter().any(|card| card.id == chosen) { chosen } else { first };
    let saved = cards.into_iter().map(|card| view! { <Saved locale chosen=card.id == chosen card/> });
    let saved = saved.collect_view();
    let texts = texts(locale);
    let error = error_on("card");
    let tag = language(locale).tag().to_owned();
    view! {
        <fieldset class="choices card-choice" aria-describedby="card-error">
            <legend class="field-label">{legend}</legend>
            {saved}
            <CardForm texts locale=tag alone booking/>
            <noscript><p class="quiet small">{td_string!(locale, cards.no_script)}</p></noscript>
            <p id="card-error" class="field-error" data-error-for="card" hidden=error.is_empty()>
                <Icon glyph=Glyph::Error/>
                <span data-error-text="">{error.clone()}</span>
            </p>
        </fieldset>
    }
}

#[component]
fn Saved(locale: Locale, card: SavedCard, chosen: bool) -> impl IntoView {
    let id = format!("card-{}", card.id);
    let date = format!("{:02}/{}", card.exp_month, card.exp_year);
    view! {
        <label class="choice" for=id.clone()>
            <input id=id.clone() type="radio" name="card" class="radio radio-primary" value=card.id.clone() checked=chosen/>
            <span>
                {card_name(locale, &card)}
                <span class="choice-hint">{td_string!(locale, cards.expires, date = date)}</span>
            </span>
        </label>
    }
}

fn texts(locale: Locale) -> CardTexts {
    CardTexts {
        new: td_string!(locale, cards.new).to_owned(),
        details: td_string!(locale, cards.details).to_owned(),
        loading: td_string!(locale, cards.loading).to_owned(),
        failed: td_string!(locale, cards.failed).to_owned(),
        again: td_string!(locale, site.try_again).to_owned(),
        kept: td_string!(locale, cards.ready).to_owned(),
        consent: td_string!(locale, cards.consent).to_owned(),
    }
}
