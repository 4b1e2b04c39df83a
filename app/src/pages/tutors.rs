//! The search for a tutor: filters that hold together, cards, pages.

use domain::{money::Currency, tutor::Field};
use leptos::prelude::*;
use leptos_meta::{Link, Meta, Title};
use services::{
    Result,
    booking::Page,
    search::{self, TutorSummary},
};

use super::{
    context::Visit,
    format,
    i18n::{Locale, field_name, td_string},
    load::load,
    pager::pager,
    tutor_card::tutor_card,
    tutors_query::{Filter, Filters},
    zone_switch::ZoneSwitch,
};
use crate::{
    booking::BrowserZone,
    ui::{
        Button, ButtonLink, ButtonVariant, Checkbox, EmptyState, Field as FormField, Glyph, Icon, Input,
        PageHeader, Select, SelectOption, ZoneBar,
    },
};

struct Found {
    filters: Filters,
    page: Page<TutorSummary>,
    universities: Vec<(String, i64)>,
    fields: Vec<(Field, i64)>,
}

/// `/tutors`
#[component]
pub fn Tutors() -> impl IntoView {
    load(find, show)
}

async fn find(visit: Visit) -> Result<Found> {
    let filters = Filters::parse(&visit.query);
    let page = search::search(&visit.services, &filters.search()).await?;
    let universities = search::universities(&visit.services).await?;
    let fields = search::fields(&visit.services).await?;
    Ok(Found { filters, page, universities, fields })
}

fn show(visit: Visit, found: Found) -> impl IntoView {
    let locale = visit.locale();
    let Found { filters, page, universities, fields } = found;
    let total = u32::try_from(page.total).unwrap_or(u32::MAX);
    let title = match filters.field {
        Some(field) => td_string!(locale, search.title_field, field = field_name(locale, field)).to_string(),
        None => td_string!(locale, search.title).to_string(),
    };
    let base = visit.services.config.web.public_url.trim_end_matches('/').to_owned();
    let canonical =
        format!("{base}{}", Filters { sort: search::Sort::default(), ..filters.clone() }.address());
    let zone = format::zone(visit.zone, visit.now);
    let results = results(&visit, &filters, page);
    view! {
        <Title text=format!("{title} · {}", td_string!(locale, site.name))/>
        <Meta name="description" content=td_string!(locale, search.description).to_string()/>
        <Link rel="canonical" href=canonical/>
        <div class="page">
            <PageHeader title=title lead=td_string!(locale, search.lead).to_string()/>
            <div class="search-layout">
                <FilterForm locale filters=filters.clone() universities fields/>
                <div class="search-results flow">
                    <div class="search-status">
                        <h2 class="search-count" role="status">{td_string!(locale, search.found, count = total).to_string()}</h2>
                        {chips(locale, &filters)}
                    </div>
                    <ZoneBar text=td_string!(locale, calendar.times_in, zone = zone).to_string()><ZoneSwitch/></ZoneBar>
                    {results}
                </div>
            </div>
            <BrowserZone known=visit.zone_known/>
        </div>
    }
}

fn results(visit: &Visit, filters: &Filters, page: Page<TutorSummary>) -> AnyView {
    let locale = visit.locale();
    if page.rows.is_empty() {
        return view! {
            <EmptyState
                glyph=Glyph::Search
                title=td_string!(locale, search.none_title).to_string()
                text=td_string!(locale, search.none_text).to_string()
            >
                <ButtonLink href="/tutors" variant=ButtonVariant::Secondary>
                    {td_string!(locale, search.clear).to_string()}
                </ButtonLink>
            </EmptyState>
        }
        .into_any();
    }
    let filters = filters.clone();
    let href = move |page: u64| filters.at(i64::try_from(page).unwrap_or(1)).address();
    let pages = pager(visit, td_string!(locale, search.pages), &page, href);
    let cards =
        page.rows.into_iter().map(|tutor| view! { <li>{tutor_card(visit, tutor)}</li> }).collect_view();
    view! {
        <ul class="grid-cards">{cards}</ul>
        {pages}
    }
    .into_any()
}

/// The filters that are set, each a link that takes it back.
fn chips(locale: Locale, filters: &Filters) -> impl IntoView + use<> {
    let set = filters.set();
    let several = set.len() > 1;
    let chips = set
        .into_iter()
        .map(|filter| {
            let label = filter_label(locale, filters, filter);
            let spoken = td_string!(locale, search.remove, filter = label.clone()).to_string();
            view! {
                <li>
                    <a class="filter-chip" href=filters.without(filter).address() aria-label=spoken>
                        <span>{label}</span>
                        <Icon glyph=Glyph::Close/>
                    </a>
                </li>
            }
        })
        .collect_view();
    let all = several.then(|| {
        view! { <li><a class="filter-clear link" href="/tutors">{td_string!(locale, search.clear).to_string()}</a></li> }
    });
    view! { <ul class="filter-chips" aria-label=td_string!(locale, search.filters).to_string()>{chips}{all}</ul> }
}

fn filter_label(locale: Locale, filters: &Filters, filter: Filter) -> String {
    match filter {
        Filter::Text => {
            let text = filters.text.clone().unwrap_or_default();
            td_string!(locale, search.quoted, text = text).to_string()
        }
        Filter::Field => filters.field.map(|field| field_name(locale, field)).unwrap_or_default(),
        Filter::University => filters.university.clone().unwrap_or_default(),
        Filter::Rating => {
            let stars = filters.min_rating.unwrap_or_default();
            td_string!(locale, search.stars_from, stars = stars).to_string()
        }
        Filter::Price => {
            let price = filters.price.zip(filters.currency);
            let price =
                price.map(|(minor, currency)| format::money(locale, minor, currency)).unwrap_or_default();
            td_string!(locale, search.price_to, price = price).to_string()
        }
        Filter::Soon => td_string!(locale, search.soon).to_string(),
    }
}

/// All filters as one form that asks for a page, and needs no script.
#[component]
fn FilterForm(
    locale: Locale,
    filters: Filters,
    universities: Vec<(String, i64)>,
    fields: Vec<(Field, i64)>,
) -> impl IntoView {
    let open = !filters.set().is_empty();
    let text = filters.text.clone().unwrap_or_default();
    let field = filters.field.map(Field::name).unwrap_or_default();
    let university = filters.university.clone().unwrap_or_default();
    let min_rating = filters.min_rating.map(|stars| stars.to_string()).unwrap_or_default();
    let (price, currency) = (filters.price_text(), filters.currency.unwrap_or(Currency::Eur).code());
    let sort = filters.sort_name();
    view! {
        <details class="card filter-panel" open=open>
            <summary class="filter-summary">
                <Icon glyph=Glyph::Filter/>
                {td_string!(locale, search.filters).to_string()}
            </summary>
            <form method="get" action="/tutors" class="form filter-form" role="search">
                <div class="form filter-fields">
                    <FormField id="q" label=td_string!(locale, search.text).to_string() hint=td_string!(locale, search.text_hint).to_string()>
                        <Input name="q" kind="search" value=text attr:maxlength="100"/>
                    </FormField>
                    <FormField id="field" label=td_string!(locale, search.field).to_string()>
                        <Select name="field" options=field_options(locale, &fields) value=field/>
                    </FormField>
                    <FormField id="university" label=td_string!(locale, search.university).to_string()>
                        <Input name="university" value=university attr:list="universities" attr:maxlength="100"/>
                    </FormField>
                    <datalist id="universities">
                        {universities.into_iter().map(|(name, _)| view! { <option value=name></option> }).collect_view()}
                    </datalist>
                    <FormField id="min_rating" label=td_string!(locale, search.rating).to_string()>
                        <Select name="min_rating" options=rating_options(locale) value=min_rating/>
                    </FormField>
                    <div class="price-row">
                        <FormField id="price" label=td_string!(locale, search.price).to_string()>
                            <Input name="price" value=price attr:inputmode="decimal" attr:pattern="[0-9]{1,9}([.,][0-9]{1,3})?"/>
                        </FormField>
                        <FormField id="currency" label=td_string!(locale, search.currency).to_string()>
                            <Select name="currency" options=currency_options() value=currency/>
                        </FormField>
                    </div>
                    <Checkbox name="soon" value="1" label=td_string!(locale, search.soon).to_string() checked=filters.soon/>
                    <FormField id="sort" label=td_string!(locale, search.sort).to_string()>
                        <Select name="sort" options=sort_options(locale) value=sort/>
                    </FormField>
                </div>
                <Button icon=Glyph::Search>{td_string!(locale, search.submit).to_string()}</Button>
            </form>
        </details>
    }
}

fn field_options(locale: Locale, fields: &[(Field, i64)]) -> Vec<SelectOption> {
    let count = |field: Field| fields.iter().find(|(it, _)| *it == field).map_or(0, |(_, count)| *count);
    let option = |field: Field| {
        SelectOption::new(field.name(), format!("{} ({})", field_name(locale, field), count(field)))
    };
    let any = SelectOption::new("", td_string!(locale, search.any_field).to_string());
    std::iter::once(any).chain(Field::ALL.into_iter().map(option)).collect()
}

fn rating_options(locale: Locale) -> Vec<SelectOption> {
    let any = SelectOption::new("", td_string!(locale, search.any_rating).to_string());
    let stars = [3_u32, 4, 5].into_iter().map(|stars| {
        SelectOption::new(stars.to_string(), td_string!(locale, search.stars_from, stars = stars).to_string())
    });
    std::iter::once(any).chain(stars).collect()
}

fn currency_options() -> Vec<SelectOption> {
    Currency::ALL.iter().map(|currency| SelectOption::new(currency.code(), currency.code())).collect()
}

fn sort_options(locale: Locale) -> Vec<SelectOption> {
    vec![
        SelectOption::new("availability", td_string!(locale, search.sort_availability).to_string()),
        SelectOption::new("rating", td_string!(locale, search.sort_rating).to_string()),
        SelectOption::new("price", td_string!(locale, search.sort_price).to_string()),
        SelectOption::new("name", td_string!(locale, search.sort_name).to_string()),
    ]
}
