//! `/lessons/{id}/reschedule`: another start for a booking, in one swap.

use chrono::{DateTime, SecondsFormat, Utc};
use domain::{
    booking::{Booking, may_call_off},
    ids::BookingId,
    zone::Zone,
};
use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use leptos_router::hooks::use_params_map;
use services::{Result, booking};

use super::{
    book_actions::no_booking,
    book_form::StartForm,
    book_summary::when,
    calendar::{self, CalendarSection},
    calendar_model::CalendarView,
    context::Visit,
    gate::signed_in,
    i18n::{sentence, td_string},
    load::load,
    query,
};
use crate::ui::{Alert, ButtonLink, ButtonVariant, Card, PageHeader, Tone};

/// What the page shows.
enum Stage {
    /// The booking cannot be moved; why.
    Refused(String),
    /// A start is to be chosen.
    Choose(Box<CalendarView>),
    /// The new start is to be confirmed.
    Confirm(DateTime<Utc>),
}

/// `/lessons/{id}/reschedule`
#[component]
pub fn Reschedule() -> impl IntoView {
    signed_in(|_, _| {
        let id = use_params_map().read_untracked().get("id").unwrap_or_default();
        load(move |visit| find(visit, id), show)
    })
}

async fn find(visit: Visit, id: String) -> Result<(Booking, Stage)> {
    let id = id.parse::<BookingId>().map_err(|_| no_booking())?;
    let booking = booking::find(&visit.services, visit.actor()?, id).await?;
    let party = booking::party(visit.actor()?, &booking).ok_or_else(no_booking)?;
    let allowed = may_call_off(party, booking.start, &booking.policy, visit.now);
    let stage = match (allowed, query::parse(&visit.query, "start")) {
        (Err(refusal), _) => Stage::Refused(sentence(visit.locale(), &refusal)),
        (Ok(()), _) if !booking.state.is_active() => {
            Stage::Refused(td_string!(visit.locale(), error.booking_state).to_string())
        }
        (Ok(()), Some(start)) => Stage::Confirm(start),
        (Ok(()), None) => Stage::Choose(Box::new(calendar::for_move(&visit, &booking, &visit.query).await?)),
    };
    Ok((booking, stage))
}

fn show(visit: Visit, (booking, stage): (Booking, Stage)) -> impl IntoView {
    let locale = visit.locale();
    let title = td_string!(locale, booking.move_title).to_string();
    let lesson = format!("/lessons/{}", booking.id.0);
    let zone = Zone::parse(&booking.tutor_zone).unwrap_or(Zone::UTC);
    let now = when(&visit, booking.start, zone, &booking.tutor_name);
    let main = match stage {
        Stage::Refused(why) => view! { <Alert tone=Tone::Warning title=why/> }.into_any(),
        Stage::Choose(view) => view! { <CalendarSection view=*view/> }.into_any(),
        Stage::Confirm(start) => confirm(&visit, &booking, zone, start),
    };
    view! {
        <Title text=format!("{title} · {}", td_string!(locale, site.name))/>
        <Meta name="robots" content="noindex"/>
        <div class="page flow">
            <PageHeader title=title lead=format!("{} · {}", booking.title, booking.tutor_name)>
                <ButtonLink href=lesson variant=ButtonVariant::Ghost>{td_string!(locale, booking.keep_old).to_string()}</ButtonLink>
            </PageHeader>
            <Card title=td_string!(locale, booking.now_at).to_string()>
                {now}
            </Card>
            {main}
        </div>
    }
}

/// The chosen start: one button moves the lesson there.
fn confirm(visit: &Visit, booking: &Booking, zone: Zone, start: DateTime<Utc>) -> AnyView {
    let locale = visit.locale();
    let fields = vec![
        ("booking", booking.id.0.to_string()),
        ("start", start.to_rfc3339_opts(SecondsFormat::Secs, true)),
    ];
    view! {
        <StartForm
            locale
            title=td_string!(locale, booking.move_to)
            when=when(visit, start, zone, &booking.tutor_name).into_any()
            note=td_string!(locale, booking.move_text)
            action="reschedule"
            fields
            button=td_string!(locale, booking.move_action)
            calendar=format!("/lessons/{}/reschedule", booking.id.0)
        />
    }
    .into_any()
}
