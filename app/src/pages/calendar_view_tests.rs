//! The calendar's texts and days, among them weeks in which clocks change.

use super::*;
use domain::{
    money::Currency,
    tutor::{Offering, PricedDuration},
};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

fn slots(starts: &[&str]) -> Vec<Slot> {
    starts.iter().map(|start| Slot { start: at(start), end: at(start) + TimeDelta::minutes(60) }).collect()
}

fn input<'a>(locale: Locale, reader: &str, query: &str, slots: &'a [Slot]) -> Input<'a> {
    let (now, reader) = (at("2026-10-20T08:00:00Z"), zone(reader));
    let today = reader.to_wall(now).local.date();
    Input {
        locale,
        now,
        reader,
        known: true,
        zone_in_query: false,
        tutor: zone("Europe/Paris"),
        tutor_name: "Léa Fontaine",
        state: CalendarState::parse(query, today, format::week_start(locale)),
        offerings: &[],
        offering: None,
        duration: 60,
        horizon_days: 30,
        slots,
        next_free: None,
        choose: Choose::default(),
    }
}

fn offering(title: &str, durations: &[(u16, i64)]) -> OfferingView {
    let durations = durations
        .iter()
        .map(|(minutes, price_minor)| PricedDuration { minutes: *minutes, price_minor: *price_minor });
    OfferingView {
        id: uuid::Uuid::from_u128(title.len() as u128).into(),
        offering: Offering {
            title: title.to_owned(),
            durations: durations.collect(),
            currency: Currency::Eur,
            step_min: None,
            buffer_before_min: 0,
            buffer_after_min: 0,
            fixed: false,
        },
    }
}

#[test]
fn a_month_counts_what_is_free_on_each_day() {
    let free = slots(&["2026-10-21T08:00:00Z", "2026-10-21T09:00:00Z", "2026-10-22T22:30:00Z"]);
    let view = calendar_view(&input(Locale::en, "Europe/Paris", "", &free));
    assert_eq!(view.title, "October 2026");
    assert_eq!(view.weekdays.first().unwrap().0, "Sun");
    let days: Vec<_> = view.weeks.iter().flatten().flatten().collect();
    assert_eq!(days.len(), 31);
    let counts: Vec<_> = days.iter().filter(|day| day.free > 0).map(|day| (day.number, day.free)).collect();
    // 22:30Z on the 22nd is already the 23rd in Paris.
    assert_eq!(counts, [(21, 2), (23, 1)]);
    assert_eq!(days[20].label, "Wednesday 21 October, 2 free times");
    assert_eq!(days[20].free_text, "2 free");
    assert_eq!(days[19].label, "Tuesday 20 October, no free times");
    assert!(days[19].today && days[19].href.is_empty());
    assert_eq!(days[20].href, "?month=2026-10&day=2026-10-21#times");
    assert!(days[20].selected && view.tabbable == "2026-10-21");
    assert_eq!(view.announcement, "2 free times on Wednesday 21 October");
    assert_eq!(view.days.len(), 1);
    assert_eq!(view.days[0].starts[0].time, "10:00\u{a0}am");
    assert_eq!(view.days[0].starts[0].note, "");
    assert!(view.previous.href.is_empty(), "September is past");
    assert_eq!(view.next.href, "?month=2026-11#calendar");
    assert_eq!(view.next.label, "November 2026");
}

#[test]
fn french_weeks_start_on_monday_and_days_have_24_hours() {
    let free = slots(&["2026-10-21T13:00:00Z"]);
    let view = calendar_view(&input(Locale::fr, "Europe/Paris", "", &free));
    assert_eq!(view.title, "octobre 2026");
    assert_eq!(view.weekdays.first().unwrap().1, "lundi");
    // 1 October 2026 is a Thursday: three places are empty before it.
    assert_eq!(view.weeks[0].iter().take_while(|day| day.is_none()).count(), 3);
    assert_eq!(view.days[0].starts[0].time, "15:00");
    assert_eq!(view.announcement, "1 horaire libre le mercredi 21 octobre");
}

#[test]
fn both_clocks_are_shown_where_they_differ() {
    let free = slots(&["2026-10-21T08:00:00Z", "2026-10-22T23:30:00Z"]);
    let view = calendar_view(&input(Locale::en, "America/New_York", "view=week&day=2026-10-21", &free));
    assert_eq!(view.zone.text, "Times in America/New York (UTC−4)");
    assert_eq!(view.zone.other, "Léa Fontaine teaches in Europe/Paris (UTC+2)");
    let starts: Vec<_> = view.days.iter().flat_map(|day| &day.starts).collect();
    assert_eq!(starts[0].time, "4:00\u{a0}am");
    assert_eq!(starts[0].note, "10:00\u{a0}am Paris");
    assert_eq!(starts[1].note, "Fri 1:30\u{a0}am Paris");
    assert_eq!(starts[1].label, "7:30\u{a0}pm, Thursday 22 October, Fri 1:30\u{a0}am Paris");
    assert_eq!(starts[0].start, "2026-10-21T08:00:00Z");
}

#[test]
fn a_week_with_a_change_of_clocks_explains_it() {
    let cases = [
        (
            Locale::en,
            "Europe/Paris",
            "2026-10-19",
            vec!["Clocks change in Europe/Paris on Sunday 25 October: 3:00\u{a0}am becomes 2:00\u{a0}am."],
        ),
        (
            Locale::fr,
            "Europe/Paris",
            "2026-10-19",
            vec!["Changement d’heure (Europe/Paris) le dimanche 25 octobre\u{a0}: 03:00 devient 02:00."],
        ),
        // The tutor's clocks change a week before the reader's.
        (
            Locale::fr,
            "America/New_York",
            "2026-10-20",
            vec!["Changement d’heure (Europe/Paris) le dimanche 25 octobre\u{a0}: 03:00 devient 02:00."],
        ),
        (
            Locale::en,
            "America/New_York",
            "2026-11-01",
            vec![
                "Clocks change in America/New York on Sunday 1 November: 2:00\u{a0}am becomes 1:00\u{a0}am.",
            ],
        ),
        (Locale::en, "Asia/Tokyo", "2026-11-10", vec![]),
    ];
    for (locale, reader, day, sentences) in cases {
        // English weeks start on Sunday: the week from the 25th has the change, the one before has not.
        let day = if locale == Locale::en && reader == "Europe/Paris" { "2026-10-25" } else { day };
        let view = calendar_view(&input(locale, reader, &format!("view=week&day={day}"), &[]));
        assert_eq!(view.zone.changes, sentences, "{reader} {day}");
    }
}

#[test]
fn a_change_that_is_past_is_not_told() {
    let mut input = input(Locale::fr, "Europe/Paris", "month=2026-10", &[]);
    assert_eq!(calendar_view(&input).zone.changes.len(), 1);
    input.now = at("2026-10-25T12:00:00Z");
    assert!(calendar_view(&input).zone.changes.is_empty());
}

#[test]
fn the_two_passes_of_a_fold_are_told_apart() {
    let free = slots(&["2026-10-24T23:00:00Z", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"]);
    let view = calendar_view(&input(Locale::fr, "Europe/Paris", "month=2026-10&day=2026-10-25", &free));
    let starts: Vec<_> =
        view.days[0].starts.iter().map(|start| (start.time.as_str(), start.note.as_str())).collect();
    assert_eq!(starts, [("01:00", ""), ("02:00", "UTC+2"), ("02:00", "UTC+1")]);
}

#[test]
fn another_zone_shows_the_same_instants() {
    let free = slots(&["2026-10-21T08:00:00Z", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"]);
    for reader in ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "Europe/Paris"] {
        let mut found = Vec::new();
        for day in ["2026-10-20", "2026-10-27"] {
            let view = calendar_view(&input(Locale::fr, reader, &format!("view=week&day={day}"), &free));
            found.extend(view.days.into_iter().flat_map(|day| day.starts).map(|start| start.start));
        }
        assert_eq!(
            found,
            ["2026-10-21T08:00:00Z", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"],
            "{reader}"
        );
    }
}

#[test]
fn nothing_free_leads_to_the_next_free_day() {
    let mut input = input(Locale::en, "Europe/Paris", "month=2026-10", &[]);
    input.next_free = Some(at("2026-11-03T09:00:00Z"));
    let view = calendar_view(&input);
    assert_eq!(view.empty, "No free times in October 2026.");
    let next = view.next_free.unwrap();
    assert_eq!(next.label, "Next free: Tuesday 3 November");
    assert_eq!(next.href, "?month=2026-11&day=2026-11-03#calendar");
    assert!(view.days.is_empty());
    assert_eq!(view.tabbable, "2026-10-20");
}

#[test]
fn choices_keep_the_day_and_name_their_price() {
    let offerings = [offering("Thesis", &[(30, 1500), (60, 2500)]), offering("Exam", &[(45, 2000)])];
    let free = slots(&["2026-10-21T08:00:00Z"]);
    let mut input = input(Locale::en, "Europe/Paris", "", &free);
    (input.offerings, input.offering, input.duration) = (&offerings, Some(offerings[0].id), 60);
    input.zone_in_query = true;
    let view = calendar_view(&input);
    let id = |index: usize| offerings[index].id.0;
    assert_eq!((view.offerings[0].hint.as_str(), view.offerings[1].hint.as_str()), ("from €15.00", "€20.00"));
    assert_eq!(
        view.offerings[1].href,
        format!("?month=2026-10&day=2026-10-21&offering={}&duration=45&tz=Europe/Paris#calendar", id(1))
    );
    let durations: Vec<_> =
        view.durations.iter().map(|it| (it.label.as_str(), it.hint.as_str(), it.current)).collect();
    assert_eq!(durations, [("30 min", "€15.00", false), ("60 min", "€25.00", true)]);
    assert_eq!(
        view.query,
        format!("month=2026-10&day=2026-10-21&offering={}&duration=60&tz=Europe/Paris", id(0))
    );
}
