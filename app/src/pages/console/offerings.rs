//! Offerings: each a form of its own, with durations and prices as rows.

use domain::{
    money::{Currency, Money},
    tutor::Offering,
};
use leptos::prelude::*;
use services::tutor::OfferingView;

use super::{Desk, Section, section};
use crate::{
    pages::{
        context::Visit,
        format,
        forms::{FlashNotice, PostForm},
        i18n::{Locale, td_string},
    },
    tutor::rows::{PairRows, RowTexts},
    ui::{
        Button, ButtonVariant, Card, Checkbox, Disclosure, EmptyState, Field, Glyph, Input, Select,
        SelectOption,
    },
};

/// `/tutor/offerings`
#[component]
pub fn Offerings() -> impl IntoView {
    section(
        Section::Offerings,
        async |_: Visit, _: Desk| Ok(()),
        |visit, desk, ()| view! { <Shown visit desk/> },
    )
}

#[component]
fn Shown(visit: Visit, desk: Desk) -> impl IntoView {
    let locale = visit.locale();
    let offerings = desk.tutor.offerings;
    let currency = offerings.last().map_or(Currency::Eur, |view| view.offering.currency);
    let none = offerings.is_empty();
    let cards = offerings.into_iter().map(|view| view! { <Present locale view/> }).collect_view();
    view! {
        <FlashNotice actions=&["remove_offering"]/>
        {none.then(|| view! {
            <Card><EmptyState glyph=Glyph::Book title=td_string!(locale, console.no_offerings) text=td_string!(locale, console.no_offerings_text)/></Card>
        })}
        {cards}
        <Card title=td_string!(locale, console.new_offering)>
            <OfferingForm locale id=String::new() offering=None currency/>
        </Card>
    }
}

/// An offering at a glance, its form behind a disclosure.
#[component]
fn Present(locale: Locale, view: OfferingView) -> impl IntoView {
    let OfferingView { id, offering } = view;
    let prices = offering.durations.iter().map(|priced| {
        let price = format::money(locale, priced.price_minor, offering.currency);
        view! { <li class="tag tabular">{format::minutes(locale, priced.minutes)} " · " {price}</li> }
    });
    let prices = prices.collect_view();
    let title = offering.title.clone();
    let remove = format::named(locale, td_string!(locale, console.remove), &title);
    let currency = offering.currency;
    view! {
        <Card title=title>
            <div class="stack">
                <ul class="row">{prices}</ul>
                <Disclosure summary=td_string!(locale, console.edit)>
                    <OfferingForm locale id=id.to_string() offering=Some(offering) currency/>
                    <form method="post" action="/do/remove_offering" class="form-actions">
                        <input type="hidden" name="id" value=id.to_string()/>
                        <Button variant=ButtonVariant::Danger label=remove>{td_string!(locale, console.remove)}</Button>
                        <span class="quiet small">{td_string!(locale, console.remove_hint)}</span>
                    </form>
                </Disclosure>
            </div>
        </Card>
    }
}

#[component]
fn OfferingForm(locale: Locale, id: String, offering: Option<Offering>, currency: Currency) -> impl IntoView {
    let unique = if id.is_empty() { "new".to_owned() } else { id.clone() };
    let field = move |key: &str| format!("{key}-{unique}");
    let of = |read: fn(&Offering) -> String| offering.as_ref().map(read).unwrap_or_default();
    let title = of(|offering| offering.title.clone());
    let step = of(|offering| offering.step_min.map(|step| step.to_string()).unwrap_or_default());
    let before = of(|offering| offering.buffer_before_min.to_string());
    let after = of(|offering| offering.buffer_after_min.to_string());
    let fixed = offering.as_ref().is_some_and(|offering| offering.fixed);
    let currencies =
        Currency::ALL.iter().map(|currency| SelectOption::new(currency.code(), currency.code())).collect();
    view! {
        <PostForm action="save_offering" class="form">
            <input type="hidden" name="offering[id]" value=id/>
            <div class="field-row">
                <Field id=field("title") label=td_string!(locale, console.offering_title) required=true>
                    <Input name="offering[title]" value=title/>
                </Field>
                <Field id=field("currency") label=td_string!(locale, console.currency) required=true>
                    <Select name="offering[currency]" options=currencies value=currency.code()/>
                </Field>
            </div>
            <fieldset class="stack-tight">
                <legend class="field-label">{td_string!(locale, console.durations)}</legend>
                <p class="field-hint">{td_string!(locale, console.durations_hint)}</p>
                <PairRows rows=duration_rows(offering.as_ref()) texts=duration_texts(locale)/>
            </fieldset>
            <div class="field-row">
                <Field id=field("step") label=td_string!(locale, console.step) hint=td_string!(locale, console.step_hint)>
                    <Input name="offering[step]" kind="number" value=step/>
                </Field>
                <Field id=field("before") label=td_string!(locale, console.buffer_before) hint=td_string!(locale, console.buffer_hint)>
                    <Input name="offering[buffer_before]" kind="number" value=before/>
                </Field>
                <Field id=field("after") label=td_string!(locale, console.buffer_after) hint=td_string!(locale, console.buffer_hint)>
                    <Input name="offering[buffer_after]" kind="number" value=after/>
                </Field>
            </div>
            <Checkbox name="offering[fixed]" id=field("fixed") label=td_string!(locale, console.fixed) hint=td_string!(locale, console.fixed_hint) checked=fixed/>
            <div class="form-actions"><Button>{td_string!(locale, site.save)}</Button></div>
        </PostForm>
    }
}

/// The durations with prices in major units, and an empty row for those without script.
fn duration_rows(offering: Option<&Offering>) -> Vec<(String, String)> {
    let rows = offering.into_iter().flat_map(|offering| {
        offering.durations.iter().map(|priced| {
            let price = Money { minor: priced.price_minor, currency: offering.currency }.decimal();
            (priced.minutes.to_string(), price)
        })
    });
    rows.chain([(String::new(), String::new())]).collect()
}

fn duration_texts(locale: Locale) -> RowTexts {
    RowTexts {
        name: "offering[durations]".to_owned(),
        keys: ["minutes", "price"].map(str::to_owned),
        labels: [td_string!(locale, console.minutes), td_string!(locale, console.price)].map(str::to_owned),
        kinds: ["number", "text"].map(str::to_owned),
        add: td_string!(locale, console.add_duration).to_owned(),
        remove: td_string!(locale, console.remove).to_owned(),
    }
}
