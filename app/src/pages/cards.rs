//! The saved cards of a student, on the page of settings.

use leptos::prelude::*;
use services::payment::Card as SavedCard;

use super::{
    card_choice::CardChoice,
    charge_words::card_name,
    context::visit,
    flash, format,
    forms::PostForm,
    i18n::{Locale, td_string},
    query,
};
use crate::ui::{
    Button, ButtonLink, ButtonSize, ButtonVariant, Card, Dialog, Disclosure, Glyph, Icon, StateBadge,
};

/// The list of saved cards.
#[component]
pub fn Cards(
    /// The language.
    locale: Locale,
    /// The default first.
    cards: Vec<SavedCard>,
    /// Cards can be saved: there is a payment provider.
    can_add: bool,
) -> impl IntoView {
    let none = cards.is_empty().then(|| view! { <p class="quiet">{td_string!(locale, cards.none)}</p> });
    let rows = cards.iter().enumerate();
    let rows = rows.map(|(place, card)| view! { <Row locale place card=card.clone()/> }).collect_view();
    let dialogs = cards.into_iter().enumerate();
    let dialogs = dialogs.map(|(place, card)| view! { <RemoveDialog locale place card/> }).collect_view();
    view! {
        <div id="cards">
            <Card title=td_string!(locale, cards.title)>
                <div class="stack">
                    <p class="quiet small">{td_string!(locale, cards.lead)}</p>
                    {none}
                    <ul class="card-list">{rows}</ul>
                    {can_add.then(|| view! { <NewCard locale/> })}
                </div>
            </Card>
            {dialogs}
        </div>
    }
}

/// A form that saves a card. It is open at first where what was sent was wrong.
#[component]
fn NewCard(locale: Locale) -> impl IntoView {
    let visit = visit();
    let open = flash::of("/do/save_card", &visit.query).is_some();
    view! {
        <Disclosure summary=td_string!(locale, cards.add) open class="disclosure-last">
            <PostForm action="save_card" class="form">
                <CardChoice locale cards=Vec::new() legend=td_string!(locale, cards.details)/>
                <div class="form-actions"><Button icon=Glyph::Card>{td_string!(locale, cards.save)}</Button></div>
            </PostForm>
        </Disclosure>
    }
}

/// The address at which the question before removing a card is open, and the id of its dialog.
fn removal(place: usize, card: &SavedCard) -> (String, String) {
    (format!("/settings?remove={}#cards", query::encode(&card.id)), format!("remove-card-{place}"))
}

#[component]
fn Row(locale: Locale, place: usize, card: SavedCard) -> impl IntoView {
    let name = card_name(locale, &card);
    let date = format!("{:02}/{}", card.exp_month, card.exp_year);
    let (href, dialog) = removal(place, &card);
    let (choose, remove) = (td_string!(locale, cards.choose), td_string!(locale, cards.remove));
    let standing = if card.is_default {
        view! { <StateBadge state="active" text=td_string!(locale, cards.default)/> }.into_any()
    } else {
        let label = format::named(locale, choose, &name);
        view! {
            <form method="post" action="/do/choose_card">
                <input type="hidden" name="card" value=card.id.clone()/>
                <Button variant=ButtonVariant::Secondary size=ButtonSize::Small label>{choose}</Button>
            </form>
        }
        .into_any()
    };
    let label = format::named(locale, remove, &name);
    view! {
        <li class="card-line">
            <Icon glyph=Glyph::Card/>
            <div class="card-line-text">
                <p><strong>{name}</strong></p>
                <p class="quiet small">{td_string!(locale, cards.expires, date = date)}</p>
            </div>
            <div class="row">
                {standing}
                <ButtonLink href variant=ButtonVariant::Ghost size=ButtonSize::Small label attr:data-opens=dialog>{remove}</ButtonLink>
            </div>
        </li>
    }
}

/// The question before a card is removed. Without script it arrives open at its own address.
#[component]
fn RemoveDialog(locale: Locale, place: usize, card: SavedCard) -> impl IntoView {
    let open = query::get(&visit().query, "remove").as_deref() == Some(card.id.as_str());
    let page = "/settings#cards";
    let close = if open { page.to_owned() } else { String::new() };
    let name = card_name(locale, &card);
    let (_, id) = removal(place, &card);
    view! {
        <Dialog id title=td_string!(locale, cards.remove_title) close_label=td_string!(locale, site.close) open close_href=close>
            <p>{td_string!(locale, cards.remove_text, card = name)}</p>
            <form method="post" action="/do/remove_card" class="form">
                <input type="hidden" name="card" value=card.id/>
                <div class="form-actions">
                    <Button variant=ButtonVariant::Danger class="btn-solid">{td_string!(locale, cards.remove)}</Button>
                    <ButtonLink href=page variant=ButtonVariant::Ghost attr:data-closes="">{td_string!(locale, cards.keep)}</ButtonLink>
                </div>
            </form>
        </Dialog>
    }
}
