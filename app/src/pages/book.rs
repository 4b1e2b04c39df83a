//! `/book/{slug}`: a chosen start is held, its details are read, and it is booked.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::{
    Code, Refusal,
    account::Role,
    ids::{BookingId, HoldId, OfferingId},
    interval::Interval,
    zone::Zone,
};
use leptos::prelude::*;
use leptos_axum::{ResponseOptions, redirect};
use leptos_meta::{Meta, Title};
use leptos_router::hooks::use_params_map;
use services::{
    AppError, Result,
    availability::{SlotQuery, free_slots},
    booking::{self, Hold, HoldRequest, ListQuery},
    payment::{self, Card as SavedCard, Debt},
    tutor::{self, TutorView},
};

use super::{
    book_actions::remaining_ms,
    book_form::{StartForm, hidden},
    book_summary::{Lesson, rules, summary, when},
    card_choice::CardChoice,
    context::{Visit, set_status},
    dashboard::Debts,
    format,
    forms::{PostForm, error_on, kept_or},
    gate::signed_in,
    i18n::{Locale, td_string},
    load::load,
    query,
};
use crate::{
    booking::{BrowserZone, HoldCountdown, HoldTexts},
    ui::{
        Alert, Button, ButtonLink, ButtonSize, ButtonVariant, Field, Glyph, PageHeader, Step, StepState,
        Steps, Textarea, Tone,
    },
};

/// Longest note to a tutor, in characters.
const NOTE: u32 = 1000;

/// How far the booking has come.
enum Stage {
    /// No start was chosen yet.
    Unchosen,
    /// A start was chosen and is not held.
    Chosen,
    /// It is held.
    Held(Hold),
    /// It was held, and is no longer.
    Lapsed,
    /// It is booked.
    Booked(BookingId),
}

struct Loaded {
    tutor: TutorView,
    offering: OfferingId,
    lesson: Option<Lesson>,
    stage: Stage,
    /// The student's cards, where the lesson is paid with one.
    cards: Option<Vec<SavedCard>>,
}

/// `/book/{slug}`
#[component]
pub fn Book() -> impl IntoView {
    signed_in(|visit, actor| {
        if actor.role != Role::Student {
            return only_students(&visit).into_any();
        }
        let slug = use_params_map().read_untracked().get("slug").unwrap_or_default();
        let owed = move |visit: Visit| async move {
            let debts = payment::open_debts(&visit.services, visit.actor()?).await?;
            if debts.is_empty() { Ok(Ok(find(visit, slug).await?)) } else { Ok(Err(debts)) }
        };
        let page = |visit: Visit, found: std::result::Result<Loaded, Vec<Debt>>| match found {
            Ok(loaded) => show(visit, loaded).into_any(),
            Err(debts) => in_debt(visit, debts).into_any(),
        };
        load(owed, page).into_any()
    })
}

/// A tutor or an admin cannot book: why, and how it goes on.
fn only_students(visit: &Visit) -> impl IntoView + use<> {
    set_status(use_context::<ResponseOptions>().as_ref(), Code::InsufficientPermissions);
    let locale = visit.locale();
    view! {
        <Title text=td_string!(locale, booking.only_students).to_string()/>
        <div class="page page-text flow">
            <h1>{td_string!(locale, booking.only_students).to_string()}</h1>
            <p>{td_string!(locale, booking.only_students_text).to_string()}</p>
            <form method="post" action="/do/sign_out" class="form-actions">
                <Button>{td_string!(locale, site.sign_out)}</Button>
                <ButtonLink href="/tutors" variant=ButtonVariant::Ghost>{td_string!(locale, site.find_tutor).to_string()}</ButtonLink>
            </form>
        </div>
    }
}

/// Who owes a lesson pays it first: said before a time is kept and a form is filled in.
fn in_debt(visit: Visit, debts: Vec<Debt>) -> impl IntoView + use<> {
    set_status(use_context::<ResponseOptions>().as_ref(), Code::DebtOutstanding);
    let locale = visit.locale();
    view! {
        <Title text=td_string!(locale, dashboard.debts_title).to_string()/>
        <div class="page page-text flow">
            <h1>{td_string!(locale, booking.confirm)}</h1>
            <Debts visit debts/>
        </div>
    }
}

async fn find(visit: Visit, slug: String) -> Result<Loaded> {
    let tutor = tutor::find(&visit.services, visit.actor.as_ref(), &slug).await?;
    tutor.readiness.check()?;
    let held = held(&visit).await?;
    let (offering, lesson) = lesson(&visit, &tutor, held.as_ref().map(|(_, request)| request)).await?;
    let asked = query::get(&visit.query, "hold").is_some();
    let stage = match (&lesson, held) {
        (None, _) => Stage::Unchosen,
        (Some(_), Some((hold, request))) if request.tutor == tutor.id => Stage::Held(hold),
        (Some(lesson), _) if asked => match booked(&visit, &tutor, lesson.start).await? {
            Some(booking) => Stage::Booked(booking),
            None => Stage::Lapsed,
        },
        (Some(_), _) => Stage::Chosen,
    };
    let paid = lesson.as_ref().is_some_and(|lesson| lesson.price > 0) && visit.services.payments.is_some();
    let cards = match (&stage, paid) {
        (Stage::Held(_), true) => Some(payment::list_cards(&visit.services, visit.actor()?).await?),
        _ => None,
    };
    Ok(Loaded { tutor, offering, lesson, stage, cards })
}

async fn held(visit: &Visit) -> Result<Option<(Hold, HoldRequest)>> {
    match query::parse::<HoldId>(&visit.query, "hold") {
        Some(hold) => booking::find_hold(&visit.services, visit.actor()?, hold).await,
        None => Ok(None),
    }
}

/// One's own coming booking with the tutor at that start: what a hold became.
async fn booked(visit: &Visit, tutor: &TutorView, start: DateTime<Utc>) -> Result<Option<BookingId>> {
    let query = ListQuery { states: Vec::new(), upcoming: Some(true), page: 1, page_size: 100 };
    let list = booking::list(&visit.services, visit.actor()?, &query).await?;
    let same =
        |it: &&domain::booking::Booking| it.tutor == tutor.id && it.start == start && it.state.is_active();
    Ok(list.rows.iter().find(same).map(|it| it.id))
}

/// The lesson that the hold, else the address, is about; without a start there is none.
async fn lesson(
    visit: &Visit,
    tutor: &TutorView,
    held: Option<&HoldRequest>,
) -> Result<(OfferingId, Option<Lesson>)> {
    let asked = held.map_or_else(|| query::parse(&visit.query, "offering"), |hold| hold.offering);
    let offering = match asked {
        Some(id) => tutor.offerings.iter().find(|it| it.id == id),
        None => tutor.offerings.first(),
    };
    let unknown = || AppError::from(Refusal::on(Code::NotFound, "offering_not_found", "offering"));
    let offering = offering.ok_or_else(unknown)?;
    let minutes = held.map_or_else(|| query::parse(&visit.query, "duration"), |hold| Some(hold.duration));
    let offered = &offering.offering.durations;
    let duration = match minutes {
        Some(minutes) => offered.iter().find(|it| i64::from(it.minutes) == minutes),
        None => offered.first(),
    };
    let refused = || AppError::from(Refusal::on(Code::InvalidDuration, "duration_not_offered", "duration"));
    let duration = duration.ok_or_else(refused)?;
    let start =
        held.map_or_else(|| query::parse::<DateTime<Utc>>(&visit.query, "start"), |hold| Some(hold.start));
    let Some(start) = start else { return Ok((offering.id, None)) };
    let range = Interval::new(visit.now, visit.now + TimeDelta::minutes(1));
    let policy = SlotQuery {
        tutor: tutor.id.0.to_string(),
        range,
        offering: Some(offering.id),
        duration: Some(i64::from(duration.minutes)),
    };
    let policy = free_slots(&visit.services, &policy).await?.policy;
    let lesson = Lesson {
        tutor: tutor.name.clone(),
        photo: tutor.photo_url.clone().unwrap_or_default(),
        zone: Zone::parse(&tutor.time_zone).unwrap_or(Zone::UTC),
        title: offering.offering.title.clone(),
        start,
        minutes: duration.minutes,
        price: duration.price_minor,
        currency: offering.offering.currency,
        policy,
    };
    Ok((offering.id, Some(lesson)))
}

fn show(visit: Visit, loaded: Loaded) -> impl IntoView {
    let locale = visit.locale();
    let Loaded { tutor, offering, lesson, stage, cards } = loaded;
    let calendar = calendar_address(&visit, &tutor.slug, offering, lesson.as_ref());
    let (Some(lesson), false) = (lesson, matches!(stage, Stage::Unchosen)) else {
        redirect(&calendar);
        return ().into_any();
    };
    let title = td_string!(locale, booking.title, name = tutor.name.clone()).to_string();
    let confirmed = matches!(stage, Stage::Held(_));
    let main = match stage {
        Stage::Booked(booking) => {
            redirect(&format!("/lessons/{}", booking.0));
            return ().into_any();
        }
        Stage::Held(hold) => details(&visit, &tutor, offering, &lesson, &hold, cards),
        Stage::Lapsed => lapsed(&visit, &calendar),
        Stage::Chosen | Stage::Unchosen => chosen(&visit, &tutor, offering, &lesson, &calendar),
    };
    view! {
        <Title text=format!("{title} · {}", td_string!(locale, site.name))/>
        <Meta name="robots" content="noindex"/>
        <div class="page">
            <PageHeader title/>
            {steps(&visit, confirmed, &calendar)}
            <div class="book-layout">
                <div class="flow">{main}</div>
                {summary(&visit, &lesson)}
            </div>
            <BrowserZone known=visit.zone_known/>
        </div>
    }
    .into_any()
}

/// The calendar at the day of the start.
fn calendar_address(visit: &Visit, slug: &str, offering: OfferingId, lesson: Option<&Lesson>) -> String {
    let day = lesson.map(|lesson| visit.zone.to_wall(lesson.start.max(visit.now)).local.date().to_string());
    let query = query::write([
        ("day", day.unwrap_or_default()),
        ("offering", offering.0.to_string()),
        ("duration", lesson.map(|lesson| lesson.minutes.to_string()).unwrap_or_default()),
    ]);
    format!("/tutors/{}?{query}#calendar", query::encode(slug))
}

fn steps(visit: &Visit, held: bool, calendar: &str) -> AnyView {
    let locale = visit.locale();
    let step = |label: String, state: StepState, href: &str| Step { label, state, href: href.to_owned() };
    let (time, details) =
        if held { (StepState::Done, StepState::Current) } else { (StepState::Current, StepState::Ahead) };
    let steps = vec![
        step(td_string!(locale, booking.step_time).to_string(), time, calendar),
        step(td_string!(locale, booking.step_details).to_string(), details, ""),
        step(td_string!(locale, booking.step_confirmed).to_string(), StepState::Ahead, ""),
    ];
    view! {
        <Steps label=td_string!(locale, booking.steps).to_string() steps done_text=td_string!(locale, booking.step_done).to_string()/>
    }
    .into_any()
}

/// A start that is not held: one button holds it.
fn chosen(
    visit: &Visit,
    tutor: &TutorView,
    offering: OfferingId,
    lesson: &Lesson,
    calendar: &str,
) -> AnyView {
    let locale = visit.locale();
    let fields = vec![
        ("slug", tutor.slug.clone()),
        ("offering", offering.0.to_string()),
        ("duration", lesson.minutes.to_string()),
        ("start", lesson.start.to_rfc3339_opts(SecondsFormat::Secs, true)),
    ];
    view! {
        <StartForm
            locale
            title=td_string!(locale, booking.keep_title)
            when=when(visit, lesson.start, lesson.zone, &lesson.tutor).into_any()
            note=td_string!(locale, booking.keep_text)
            action="hold_slot"
            fields
            button=td_string!(locale, booking.keep)
            calendar=calendar.to_owned()
        />
    }
    .into_any()
}

fn lapsed(visit: &Visit, calendar: &str) -> AnyView {
    let locale = visit.locale();
    view! {
        <Alert tone=Tone::Warning title=td_string!(locale, booking.lapsed).to_string()>
            {td_string!(locale, booking.lapsed_text).to_string()}
        </Alert>
        <ButtonLink href=calendar.to_owned() icon=Glyph::Calendar>{td_string!(locale, calendar.title).to_string()}</ButtonLink>
    }
    .into_any()
}

/// The held start: how long it is kept, a note, the card, the rules, and the one button.
fn details(
    visit: &Visit,
    tutor: &TutorView,
    offering: OfferingId,
    lesson: &Lesson,
    hold: &Hold,
    cards: Option<Vec<SavedCard>>,
) -> AnyView {
    let locale = visit.locale();
    let button = if lesson.policy.confirm_requests {
        td_string!(locale, booking.request).to_string()
    } else {
        td_string!(locale, booking.confirm).to_string()
    };
    let note_hint = td_string!(locale, booking.note_hint, name = tutor.name.clone()).to_string();
    let fields = hidden(&[
        ("slug", tutor.slug.clone()),
        ("hold", hold.id.0.to_string()),
        ("offering", offering.0.to_string()),
        ("start", lesson.start.to_rfc3339_opts(SecondsFormat::Secs, true)),
        ("duration", lesson.minutes.to_string()),
        ("key", services::chance::token()),
    ]);
    let back = hidden(&[("hold", hold.id.0.to_string()), ("slug", tutor.slug.clone())]);
    let rules = rules(visit, lesson);
    view! {
        {countdown(visit, hold)}
        <div>
        <PostForm action="confirm_booking" class="form card card-pad">
            <h2 class="card-heading">{td_string!(locale, booking.details).to_string()}</h2>
            {fields}
            {note(locale, note_hint)}
            {cards.map(|cards| view! { <CardChoice locale cards legend=td_string!(locale, cards.which)/> })}
            <h3>{td_string!(locale, booking.rules).to_string()}</h3>
            {rules}
            <div class="form-actions">
                <Button size=ButtonSize::Large icon=Glyph::Check>{button}</Button>
            </div>
        </PostForm>
        </div>
        <form method="post" action="/do/release_hold">
            {back}
            <Button variant=ButtonVariant::Ghost>{td_string!(locale, booking.another_time).to_string()}</Button>
        </form>
    }
    .into_any()
}

/// Words to the tutor.
fn note(locale: Locale, hint: String) -> impl IntoView {
    view! {
        <Field
            id="note" label=td_string!(locale, booking.note).to_string() hint error=error_on("note")
            optional_text=td_string!(locale, booking.optional).to_string()
        >
            <Textarea
                name="note" max=NOTE value=kept_or("note", String::new())
                counter=td_string!(locale, booking.note_counter).to_string()
            />
        </Field>
    }
}

fn countdown(visit: &Visit, hold: &Hold) -> AnyView {
    let locale = visit.locale();
    let texts = HoldTexts {
        label: td_string!(locale, booking.hold_label).to_string(),
        minutes: td_string!(locale, booking.minutes).to_string(),
        seconds: td_string!(locale, booking.seconds).to_string(),
        last_minute: td_string!(locale, booking.last_minute).to_string(),
        lapsed: td_string!(locale, booking.lapsed).to_string(),
    };
    let until = format::clock(locale, visit.zone, hold.expires_at);
    view! {
        <div class="book-hold">
            <HoldCountdown hold=hold.id.0.to_string() remaining_ms=remaining_ms(hold.expires_at, visit.now) texts/>
            <noscript><p>{td_string!(locale, booking.held_until, time = until).to_string()}</p></noscript>
        </div>
    }
    .into_any()
}
