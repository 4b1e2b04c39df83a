//! Hours: the week, dates that differ, and what students will see of them.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use domain::{
    availability::{Availability, Override},
    interval::Interval,
    slot::{Slot, by_day},
    zone::Zone,
};
use leptos::prelude::*;
use services::availability::{self, FreeSlots, SlotQuery};

use super::{Desk, Section, section};
use crate::{
    pages::{
        context::Visit,
        format,
        forms::{FlashNotice, PostForm, TextField, ZoneField, kept_or},
        i18n::{Locale, td_string},
    },
    tutor::{
        hours::{HoursEditor, HoursTexts},
        rows::{PairRows, RowTexts},
        week::{CELL, CELLS, Range},
    },
    ui::{Button, ButtonSize, ButtonVariant, Card, ChoiceItem, EmptyState, Glyph, RadioGroup, SlotDay},
};

/// Days of the preview.
const PREVIEW: u64 = 14;

/// `/tutor/availability`
#[component]
pub fn AvailabilityPage() -> impl IntoView {
    section(
        Section::Availability,
        async |visit: Visit, desk: Desk| {
            let hours = availability::hours(&visit.services, &desk.actor, desk.id).await?;
            let end = visit.now.checked_add_days(Days::new(PREVIEW)).unwrap_or(visit.now);
            let query = SlotQuery {
                tutor: desk.id.to_string(),
                range: Interval::new(visit.now, end),
                offering: None,
                duration: None,
            };
            Ok((hours, availability::free_slots(&visit.services, &query).await?))
        },
        |visit, _, (hours, slots)| view! { <Shown visit hours slots/> },
    )
}

#[component]
fn Shown(visit: Visit, hours: Availability, slots: FreeSlots) -> impl IntoView {
    let locale = visit.locale();
    let (zone, week) = (hours.zone(), ranges(&hours));
    view! {
        <FlashNotice actions=&["remove_override"]/>
        <Card title=td_string!(locale, console.week_title)>
            <PostForm action="save_hours" class="form">
                <ZoneField label=td_string!(locale, console.hours_zone) hint=td_string!(locale, console.hours_zone_hint) value=zone/>
                <HoursEditor ranges=week texts=texts(locale)/>
                <p class="quiet small">{td_string!(locale, console.midnight_hint)}</p>
                <div class="form-actions"><Button>{td_string!(locale, console.save_hours)}</Button></div>
            </PostForm>
        </Card>
        <Card title=td_string!(locale, console.overrides_title)>
            <Overrides locale hours/>
        </Card>
        <Card title=td_string!(locale, console.preview_title)>
            <Preview visit slots/>
        </Card>
    }
}

/// The week's ranges, and an empty one for each day for those without script.
fn ranges(hours: &Availability) -> Vec<Range> {
    let of_day = |day: u8| {
        let windows = hours.weekly().iter().filter(move |entry| entry.weekday == day);
        let windows = windows.map(move |entry| {
            let (start, end) = entry.window.to_hhmm();
            (day, start, if end == "24:00" { "00:00".to_owned() } else { end })
        });
        windows.chain([(day, String::new(), String::new())])
    };
    (0..7).flat_map(of_day).collect()
}

fn texts(locale: Locale) -> HoursTexts {
    let first = format::week_start(locale);
    let order = (0..7).filter_map(|day| u8::try_from((first + day) % 7).ok()).collect();
    let time = |cell: u16| {
        let minutes = u32::from(cell * CELL);
        NaiveTime::from_hms_opt(minutes / 60, minutes % 60, 0).map(|time| format::time(locale, time))
    };
    HoursTexts {
        days: (0..7).map(|day| format::weekday(locale, day)).collect(),
        days_short: (0..7).map(|day| format::weekday_short(locale, day)).collect(),
        order,
        times: (0..CELLS).filter_map(time).collect(),
        grid: td_string!(locale, console.grid).to_owned(),
        help: td_string!(locale, console.grid_help).to_owned(),
        from: td_string!(locale, console.from).to_owned(),
        until: td_string!(locale, console.until).to_owned(),
        add: td_string!(locale, console.add_range).to_owned(),
        remove: td_string!(locale, console.remove).to_owned(),
        copy: td_string!(locale, console.copy_day).to_owned(),
        closed: td_string!(locale, console.closed_day).to_owned(),
        colon: format::named(locale, "", ""),
    }
}

#[component]
fn Overrides(locale: Locale, hours: Availability) -> impl IntoView {
    let days = hours.overrides().to_vec();
    let list = if days.is_empty() {
        view! { <p class="quiet">{td_string!(locale, console.no_overrides)}</p> }.into_any()
    } else {
        let rows = days.into_iter().map(|day| view! { <OverrideRow locale day/> }).collect_view();
        view! { <ul class="lesson-list">{rows}</ul> }.into_any()
    };
    view! {
        <div class="stack">
            <p>{td_string!(locale, console.overrides_text)}</p>
            {list}
            <h3>{td_string!(locale, console.new_override)}</h3>
            <OverrideForm locale/>
        </div>
    }
}

#[component]
fn OverrideRow(locale: Locale, day: Override) -> impl IntoView {
    let date = format::date(locale, day.date);
    let windows = if day.windows.is_empty() {
        td_string!(locale, console.day_off).to_owned()
    } else {
        let windows = day.windows.iter().map(|window| {
            let (start, end) = window.to_hhmm();
            format!("{} – {}", format::wall_time(locale, &start), format::wall_time(locale, &end))
        });
        windows.collect::<Vec<_>>().join(", ")
    };
    let remove = format::named(locale, td_string!(locale, console.remove), &date);
    view! {
        <li class="lesson-row">
            <p class="lesson-when"><time datetime=day.date.to_string()>{date}</time></p>
            <div>
                <p class="tabular">{windows}</p>
                {day.reason.map(|reason| view! { <p class="quiet small">{reason}</p> })}
            </div>
            <form method="post" action="/do/remove_override" class="lesson-side">
                <input type="hidden" name="date" value=day.date.to_string()/>
                <Button variant=ButtonVariant::Ghost size=ButtonSize::Small label=remove>{td_string!(locale, console.remove)}</Button>
            </form>
        </li>
    }
}

#[component]
fn OverrideForm(locale: Locale) -> impl IntoView {
    let blank = || (String::new(), String::new());
    let texts = RowTexts {
        name: "day[windows]".to_owned(),
        keys: ["start", "end"].map(str::to_owned),
        labels: [td_string!(locale, console.from), td_string!(locale, console.until)].map(str::to_owned),
        kinds: ["time", "time"].map(str::to_owned),
        add: td_string!(locale, console.add_range).to_owned(),
        remove: td_string!(locale, console.remove).to_owned(),
    };
    view! {
        <PostForm action="save_override" class="form">
            <div class="field-row">
                <TextField name="day[date]" id="date" kind="date" label=td_string!(locale, console.date) required=true/>
                <TextField name="day[reason]" id="reason" label=td_string!(locale, console.reason) hint=td_string!(locale, console.reason_hint)/>
            </div>
            {
                let items = vec![
                    ChoiceItem::new("off", td_string!(locale, console.day_off), ""),
                    ChoiceItem::new("hours", td_string!(locale, console.other_hours), td_string!(locale, console.other_hours_hint)),
                ];
                let value = kept_or("kind", "off".to_owned());
                view! { <RadioGroup name="day[kind]" legend=td_string!(locale, console.kind) items value required=true/> }
            }
            <fieldset class="stack-tight override-hours">
                <legend class="field-label">{td_string!(locale, console.ranges)}</legend>
                <PairRows rows=vec![blank(), blank()] texts/>
            </fieldset>
            <div class="form-actions"><Button variant=ButtonVariant::Secondary>{td_string!(locale, console.save_override)}</Button></div>
        </PostForm>
    }
}

/// The free slots of the coming two weeks as students find them, in the zone of the hours.
#[component]
fn Preview(visit: Visit, slots: FreeSlots) -> impl IntoView {
    let locale = visit.locale();
    if slots.slots.is_empty() {
        return view! {
            <EmptyState glyph=Glyph::Calendar title=td_string!(locale, console.preview_none) text=td_string!(locale, console.preview_none_text)/>
        }
        .into_any();
    }
    let length = format::minutes(locale, slots.duration);
    let zone = format::zone(slots.zone, visit.now);
    let days = days(&slots, visit.now);
    // Of those that are shown: the last day ends at midnight, however late it is now.
    let count = days.iter().map(|(_, slots, _)| slots.len()).sum::<usize>();
    let count = format::number(locale, i64::try_from(count).unwrap_or(i64::MAX));
    let days = days.into_iter().map(|(date, slots, zone)| {
        let weekday = weekday(locale, date);
        let empty = if slots.is_empty() { td_string!(locale, console.nothing_free) } else { "" };
        view! {
            <SlotDay weekday date=format::day_brief(locale, date) empty_text=empty>
                {slots.into_iter().map(|slot| view! { <span class="slot slot-small slot-still tabular">{format::clock(locale, zone, slot.start)}</span> }).collect_view()}
            </SlotDay>
        }
    });
    view! {
        <div class="stack">
            <p class="quiet">{td_string!(locale, console.preview_text, count = count, length = length, zone = zone)}</p>
            <div class="preview" role="region" tabindex="0" aria-label=td_string!(locale, console.preview_title)><div class="week">{days.collect_view()}</div></div>
        </div>
    }
    .into_any()
}

fn weekday(locale: Locale, date: NaiveDate) -> String {
    use chrono::Datelike as _;
    format::weekday_short(locale, date.weekday().num_days_from_sunday())
}

/// Each of the coming days with its slots, empty days too.
fn days(slots: &FreeSlots, now: DateTime<Utc>) -> Vec<(NaiveDate, Vec<Slot>, Zone)> {
    let mut found: BTreeMap<NaiveDate, Vec<Slot>> = by_day(&slots.slots, slots.zone);
    let today = slots.zone.to_wall(now).local.date();
    let dates = today.iter_days().take(usize::try_from(PREVIEW).unwrap_or(14));
    dates.map(|date| (date, found.remove(&date).unwrap_or_default(), slots.zone)).collect()
}
