//! A tutor's page: who it is, what it costs, what students say, and the booking calendar.

use domain::tutor::Profile;
use leptos::prelude::*;
use leptos_meta::{Link, Meta, Title};
use leptos_router::hooks::use_params_map;
use services::{
    Result,
    booking::Page,
    review::{self, RatingView},
    tutor::{self, OfferingView, TutorView},
};

use super::{
    calendar::{self, CalendarSection},
    calendar_model::CalendarView,
    chat_view::WriteTo,
    context::Visit,
    flash, format,
    i18n::{Locale, field_name, td_string},
    load::load,
    pager::pager,
    query,
    tutor_card::rating,
    tutor_data::{in_script, structured_data},
};
use crate::ui::{
    Alert, Avatar, AvatarSize, Breadcrumb, ButtonLink, Card, Crumb, EmptyState, Glyph, Icon, Price, Stars,
    Tone,
};

/// Ratings on a page.
const RATINGS: i64 = 5;

/// Longest description for search engines, in characters.
const DESCRIPTION: usize = 155;

struct Loaded {
    tutor: TutorView,
    ratings: Page<RatingView>,
    /// `None` for a tutor who cannot be booked at present.
    calendar: Option<CalendarView>,
}

/// `/tutors/{slug}`
#[component]
pub fn TutorPage() -> impl IntoView {
    let slug = use_params_map().read_untracked().get("slug").unwrap_or_default();
    load(move |visit| find(visit, slug), show)
}

async fn find(visit: Visit, slug: String) -> Result<Loaded> {
    let tutor = tutor::find(&visit.services, visit.actor.as_ref(), &slug).await?;
    let page = query::parse(&visit.query, "ratings").unwrap_or(1_i64).clamp(1, 1_000);
    let ratings = review::list(&visit.services, &slug, page, RATINGS).await?;
    let bookable = tutor.readiness.check().is_ok() && !tutor.offerings.is_empty();
    let calendar =
        if bookable { Some(calendar::for_booking(&visit, &tutor, &visit.query).await?) } else { None };
    Ok(Loaded { tutor, ratings, calendar })
}

fn show(visit: Visit, loaded: Loaded) -> impl IntoView {
    let locale = visit.locale();
    let Loaded { tutor, ratings, calendar } = loaded;
    let field = tutor.profile.as_ref().map(|it| field_name(locale, it.field)).unwrap_or_default();
    let base = visit.services.config.web.public_url.clone();
    let canonical = format!("{}/tutors/{}", base.trim_end_matches('/'), query::encode(&tutor.slug));
    let bio = tutor.profile.as_ref().map(|it| it.bio.clone()).unwrap_or_default();
    let data = in_script(&structured_data(&tutor, &base, &field));
    let title = td_string!(locale, tutor.title, name = tutor.name.clone(), field = field.clone());
    let calendar = match calendar {
        Some(view) => view! { <CalendarSection view problem=problem(&visit)/> }.into_any(),
        None => view! {
            <Alert tone=Tone::Info title=td_string!(locale, tutor.not_bookable).to_string()>
                <a class="link" href="/tutors">{td_string!(locale, site.find_tutor).to_string()}</a>
            </Alert>
        }
        .into_any(),
    };
    let crumbs = vec![
        Crumb { href: "/tutors".into(), label: td_string!(locale, site.find_tutor).to_string() },
        Crumb { href: String::new(), label: tutor.name.clone() },
    ];
    view! {
        <Title text=format!("{title} · {}", td_string!(locale, site.name))/>
        <Meta name="description" content=domain::tutor::excerpt(&bio, DESCRIPTION)/>
        <Link rel="canonical" href=canonical/>
        <script type="application/ld+json" inner_html=data></script>
        <div class="page">
            <Breadcrumb label=td_string!(locale, tutor.path).to_string() crumbs/>
            {header(&visit, &tutor, &field)}
            <div class="split section">
                <div class="flow">{about(locale, &tutor)}</div>
                {prices(locale, &tutor.offerings)}
            </div>
            <div class="section">{calendar}</div>
            {opinions(&visit, &tutor, ratings)}
        </div>
    }
}

/// What went wrong with a start that was posted without JavaScript.
fn problem(visit: &Visit) -> String {
    let flash = flash::of("/do/hold_slot", &visit.query);
    flash.and_then(|flash| flash.error).map(|error| error.message).unwrap_or_default()
}

fn header(visit: &Visit, tutor: &TutorView, field: &str) -> AnyView {
    let locale = visit.locale();
    let words = rating(visit, tutor.rating_tenths, tutor.rating_count);
    let stars = match tutor.rating_tenths {
        Some(tenths) => {
            let (mean, text, count) = (words.mean, words.text, words.count);
            view! { <a href="#ratings"><Stars tenths mean text count/></a> }.into_any()
        }
        None => view! { <span class="tag">{words.text}</span> }.into_any(),
    };
    let headline = tutor.profile.as_ref().and_then(|it| it.headline.clone());
    view! {
        <header class="profile-header">
            <Avatar name=tutor.name.clone() photo=tutor.photo_url.clone().unwrap_or_default() size=AvatarSize::Huge eager=true/>
            <div class="profile-text">
                <p class="kicker">{field.to_owned()}</p>
                <h1>{tutor.name.clone()}</h1>
                {headline.map(|headline| view! { <p class="lead">{headline}</p> })}
                <div class="row">
                    {stars}
                    <ButtonLink href="#calendar" icon=Glyph::Calendar>{td_string!(locale, calendar.title).to_string()}</ButtonLink>
                    {WriteTo::tutor(visit, tutor.id)}
                </div>
            </div>
        </header>
    }
    .into_any()
}

fn about(locale: Locale, tutor: &TutorView) -> AnyView {
    let Some(profile) = &tutor.profile else { return ().into_any() };
    let paragraphs = profile.bio.split('\n').filter(|line| !line.trim().is_empty()).map(str::to_owned);
    let paragraphs = paragraphs.map(|line| view! { <p>{line}</p> }).collect_view();
    view! {
        <h2>{td_string!(locale, tutor.about).to_string()}</h2>
        <div class="prose-text">{paragraphs}</div>
        {facts(locale, profile, &tutor.time_zone)}
    }
    .into_any()
}

fn facts(locale: Locale, profile: &Profile, time_zone: &str) -> AnyView {
    let year = td_string!(locale, tutor.year, year = profile.current_year).to_string();
    let rows = [
        (td_string!(locale, tutor.university).to_string(), profile.university.clone()),
        (td_string!(locale, tutor.degree).to_string(), format!("{}, {year}", profile.degree)),
        (td_string!(locale, tutor.languages).to_string(), profile.languages.join(", ")),
        (td_string!(locale, tutor.goals).to_string(), profile.goals.join(", ")),
        (td_string!(locale, tutor.zone).to_string(), time_zone.replace('_', " ")),
    ];
    let rows = rows
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> })
        .collect_view();
    let linkedin = profile.linkedin.clone().map(|href| {
        view! {
            <p><a class="link" href=href rel="nofollow noopener external"><Icon glyph=Glyph::External/>" LinkedIn"</a></p>
        }
    });
    view! { <dl class="facts">{rows}</dl> {linkedin} }.into_any()
}

fn prices(locale: Locale, offerings: &[OfferingView]) -> AnyView {
    let offering = |it: &OfferingView| {
        let currency = it.offering.currency;
        let durations = it
            .offering
            .durations
            .iter()
            .map(|duration| {
                let amount = format::price(locale, duration.price_minor, currency);
                let unit = format::minutes(locale, duration.minutes);
                let href = query::write([("offering", it.id.0.to_string()), ("duration", duration.minutes.to_string())]);
                view! { <li><a class="price-link" href=format!("?{href}#calendar")><Price amount unit/></a></li> }
            })
            .collect_view();
        view! { <li class="offering"><h3>{it.offering.title.clone()}</h3><ul>{durations}</ul></li> }
    };
    let list = offerings.iter().map(offering).collect_view();
    view! {
        <Card title=td_string!(locale, tutor.prices).to_string()>
            <ul class="offerings">{list}</ul>
            <p class="small quiet">{td_string!(locale, tutor.charge_rule).to_string()}</p>
        </Card>
    }
    .into_any()
}

fn opinions(visit: &Visit, tutor: &TutorView, ratings: Page<RatingView>) -> AnyView {
    let locale = visit.locale();
    let label = td_string!(locale, tutor.ratings);
    let pages = pager(visit, label, &ratings, |page| format!("?ratings={page}#ratings"));
    let list = ratings.rows.into_iter().map(|it| opinion(visit, it)).collect::<Vec<_>>();
    let content = if list.is_empty() {
        let (title, text) = (td_string!(locale, tutor.no_ratings), td_string!(locale, tutor.no_ratings_text));
        view! { <EmptyState glyph=Glyph::Star title=title.to_string() text=text.to_string()/> }.into_any()
    } else {
        view! {
            <ul class="ratings">{list}</ul>
            {pages}
        }
        .into_any()
    };
    let name = tutor.name.clone();
    view! {
        <section id="ratings" class="section" aria-label=td_string!(locale, tutor.ratings_of, name = name).to_string()>
            <h2>{td_string!(locale, tutor.ratings).to_string()}</h2>
            {content}
        </section>
    }
    .into_any()
}

fn opinion(visit: &Visit, rating: RatingView) -> AnyView {
    let locale = visit.locale();
    let stars = u32::try_from(rating.rating).unwrap_or_default();
    let text = td_string!(locale, tutor.stars, count = stars).to_string();
    let day = format::date(locale, visit.zone.to_wall(rating.at).local.date());
    view! {
        <li class="rating">
            <p class="rating-head">
                <Stars tenths=stars * 10 mean=stars.to_string() text/>
                <span class="quiet small">{rating.student} " · " <time datetime=rating.at.to_rfc3339()>{day}</time></span>
            </p>
            {rating.feedback.map(|words| view! { <p>{words}</p> })}
        </li>
    }
    .into_any()
}
