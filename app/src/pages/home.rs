//! The landing page.

use domain::tutor::Field;
use leptos::prelude::*;
use leptos_meta::{Link, Meta, Title};
use services::{
    Result,
    search::{self, SearchQuery, TutorSummary},
};

use super::{
    context::Visit,
    i18n::{Locale, field_name, td_string},
    load::load,
    tutor_card::tutor_card,
    tutors_query::Filters,
};
use crate::{
    booking::BrowserZone,
    ui::{Button, ButtonLink, ButtonSize, ButtonVariant, Glyph, Icon, Input},
};

/// Tutors shown on the landing page.
const SHOWN: i64 = 6;

struct Loaded {
    tutors: Vec<TutorSummary>,
    fields: Vec<(Field, i64)>,
}

/// `/`
#[component]
pub fn Home() -> impl IntoView {
    load(find, show)
}

async fn find(visit: Visit) -> Result<Loaded> {
    let query = SearchQuery { page: 1, page_size: SHOWN, ..SearchQuery::default() };
    let tutors = search::search(&visit.services, &query).await?.rows;
    Ok(Loaded { tutors, fields: search::fields(&visit.services).await? })
}

fn show(visit: Visit, loaded: Loaded) -> impl IntoView {
    let locale = visit.locale();
    let canonical = format!("{}/", visit.services.config.web.public_url.trim_end_matches('/'));
    let name = td_string!(locale, site.name).to_string();
    let tutors =
        loaded.tutors.into_iter().map(|tutor| view! { <li>{tutor_card(&visit, tutor)}</li> }).collect_view();
    view! {
        <Title text=format!("{name} · {}", td_string!(locale, site.tagline))/>
        <Meta name="description" content=td_string!(locale, site.description).to_string()/>
        <Link rel="canonical" href=canonical/>
        {hero(locale)}
        <div class="page">
            {fields(locale, &loaded.fields)}
            <section class="section" aria-labelledby="home-tutors">
                <h2 id="home-tutors">{td_string!(locale, home.tutors).to_string()}</h2>
                <ul class="grid-cards">{tutors}</ul>
                <p class="home-more">
                    <ButtonLink href="/tutors" variant=ButtonVariant::Secondary icon=Glyph::Users>
                        {td_string!(locale, home.all_tutors).to_string()}
                    </ButtonLink>
                </p>
            </section>
            {how(locale)}
            {rule(locale)}
            {for_tutors(locale)}
            <BrowserZone known=visit.zone_known/>
        </div>
    }
}

fn hero(locale: Locale) -> AnyView {
    view! {
        <section class="hero">
            <div class="hero-shape" aria-hidden="true"></div>
            <div class="hero-inner">
                <div class="hero-text">
                    <h1>{td_string!(locale, home.title).to_string()}</h1>
                    <p class="lead">{td_string!(locale, home.lead).to_string()}</p>
                    <form method="get" action="/tutors" role="search" class="hero-search">
                        <label class="sr-only" for="q">{td_string!(locale, home.search_label).to_string()}</label>
                        <Input name="q" kind="search" placeholder=td_string!(locale, home.search_example).to_string() attr:maxlength="100"/>
                        <Button size=ButtonSize::Large icon=Glyph::Search>{td_string!(locale, search.submit).to_string()}</Button>
                    </form>
                </div>
            </div>
        </section>
    }
    .into_any()
}

fn fields(locale: Locale, fields: &[(Field, i64)]) -> AnyView {
    let link = |(field, count): &(Field, i64)| {
        let href = Filters { field: Some(*field), page: 1, ..Filters::default() }.address();
        let spoken = u32::try_from(*count).unwrap_or(u32::MAX);
        let spoken = td_string!(locale, search.found, count = spoken).to_string();
        view! {
            <li>
                <a class="field-link" href=href>
                    <span>{field_name(locale, *field)}</span>
                    <span class="quiet tabular" aria-hidden="true">{*count}</span>
                    <span class="sr-only">{spoken}</span>
                </a>
            </li>
        }
    };
    let links = fields.iter().map(link).collect_view();
    view! {
        <section aria-labelledby="home-fields">
            <h2 id="home-fields">{td_string!(locale, home.fields).to_string()}</h2>
            <ul class="field-links">{links}</ul>
        </section>
    }
    .into_any()
}

fn how(locale: Locale) -> AnyView {
    let steps = [
        (
            Glyph::Search,
            td_string!(locale, home.how_find).to_string(),
            td_string!(locale, home.how_find_text).to_string(),
        ),
        (
            Glyph::Calendar,
            td_string!(locale, home.how_book).to_string(),
            td_string!(locale, home.how_book_text).to_string(),
        ),
        (
            Glyph::Video,
            td_string!(locale, home.how_meet).to_string(),
            td_string!(locale, home.how_meet_text).to_string(),
        ),
    ];
    let steps = steps
        .into_iter()
        .map(|(glyph, title, text)| {
            view! {
                <li class="how-step">
                    <span class="how-mark" aria-hidden="true"><Icon glyph/></span>
                    <h3>{title}</h3>
                    <p class="quiet">{text}</p>
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="section" aria-labelledby="home-how">
            <h2 id="home-how">{td_string!(locale, home.how).to_string()}</h2>
            <ol class="how-steps">{steps}</ol>
        </section>
    }
    .into_any()
}

/// The rule of charge in plain words (rules, Charge).
fn rule(locale: Locale) -> AnyView {
    let rows = [
        (td_string!(locale, home.rule_taught).to_string(), td_string!(locale, home.rule_full).to_string()),
        (td_string!(locale, home.rule_absent).to_string(), td_string!(locale, home.rule_half).to_string()),
        (
            td_string!(locale, home.rule_tutor_absent).to_string(),
            td_string!(locale, home.rule_nothing).to_string(),
        ),
        (td_string!(locale, home.rule_early).to_string(), td_string!(locale, home.rule_nothing).to_string()),
        (
            td_string!(locale, home.rule_cancelled).to_string(),
            td_string!(locale, home.rule_nothing).to_string(),
        ),
    ];
    let rows = rows.into_iter().map(|(what, charge)| view! { <div><dt>{what}</dt><dd>{charge}</dd></div> });
    view! {
        <section class="section card card-pad home-rule" aria-labelledby="home-rule">
            <div>
                <h2 id="home-rule">{td_string!(locale, home.rule).to_string()}</h2>
                <p class="quiet">{td_string!(locale, home.rule_text).to_string()}</p>
            </div>
            <dl class="facts">{rows.collect_view()}</dl>
        </section>
    }
    .into_any()
}

fn for_tutors(locale: Locale) -> AnyView {
    view! {
        <section class="section home-teach" aria-labelledby="home-teach">
            <h2 id="home-teach">{td_string!(locale, home.teach).to_string()}</h2>
            <p class="lead">{td_string!(locale, home.teach_text).to_string()}</p>
            <ButtonLink href="/signup?role=tutor" variant=ButtonVariant::Secondary icon=Glyph::ArrowRight>
                {td_string!(locale, home.teach_action).to_string()}
            </ButtonLink>
        </section>
    }
    .into_any()
}
