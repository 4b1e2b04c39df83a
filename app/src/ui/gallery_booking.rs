//! The booking parts of the gallery.

use leptos::prelude::*;

use super::*;

/// Cards of tutors, the calendar, steps, a countdown, the week grid.
#[component]
pub(super) fn BookingParts() -> impl IntoView {
    let steps = [
        ("Time", StepState::Done, "#"),
        ("Details", StepState::Current, ""),
        ("Confirmation", StepState::Ahead, ""),
    ]
    .map(|(label, state, href)| Step { label: label.into(), state, href: href.into() })
    .to_vec();
    view! {
        <div class="grid-cards"><Tutors /></div>
        <Steps label="Booking" steps done_text="done" />
        <ZoneBar
            text="Times in Lisbon (UTC+0)"
            other="Grace teaches in Lagos (UTC+1)"
            change="Clocks go forward on 29 March: that day has 23 hours."
        >
            <ButtonLink href="#" variant=ButtonVariant::Ghost size=ButtonSize::Small>"Change"</ButtonLink>
        </ZoneBar>
        <div class="calendar calendar-two">
            <Card><Month /></Card>
            <Card>
                <SlotDay weekday="Friday" date="20 November">
                    <Chips />
                </SlotDay>
            </Card>
        </div>
        <Week />
        <Card title="Before the lesson">
            <Countdown label="Your lesson starts in">
                <CountdownPart value="0".to_owned() unit="days" />
                <CountdownPart value="02".to_owned() unit="hours" />
                <CountdownPart value="41".to_owned() unit="minutes" />
                <CountdownPart value="07".to_owned() unit="seconds" />
            </Countdown>
        </Card>
        <Card title="Your lesson" class="page-narrow">
            <dl class="facts">
                <div><dt>"With"</dt><dd>"Grace Obi"</dd></div>
                <div><dt>"When"</dt><dd>"Friday 20 November, 14:00 to 15:00"<br /><span class="quiet small">"15:00 in Lagos"</span></dd></div>
                <div><dt>"Price"</dt><dd>"€25.00, charged at the end of the lesson"</dd></div>
                <div><dt>"State"</dt><dd><StateBadge state="confirmed" text="Confirmed" /></dd></div>
            </dl>
        </Card>
        <Hours />
        <States />
    }
}

#[component]
fn Tutors() -> impl IntoView {
    let slot = |label: &str| SlotLink {
        href: "#".into(),
        label: label.into(),
        datetime: "2026-11-20T14:00:00Z".into(),
    };
    view! {
        <TutorCard
            href="/tutors/grace-obi"
            name="Grace Obi"
            headline="Constitutional law, case notes, and calm before oral exams"
            field="Law"
            university="University of Lagos, year 4"
            rating_tenths=48
            rating_mean="4.8"
            rating_text="4.8 of 5 stars, 31 ratings"
            rating_count="(31)"
            price="€25.00"
            price_unit="60 min"
            price_before="from"
            slots_title="Next free in your time zone"
            slots=vec![slot("Today 15:00"), slot("Today 16:00"), slot("Sat 09:30")]
        />
        <TutorCard
            href="/tutors/jonas-weber"
            name="Jonas Weber"
            headline="Linear algebra and signals for engineers"
            field="Engineering"
            university="TU Berlin, year 3"
            rating_tenths=43
            rating_mean="4.3"
            rating_text="4.3 of 5 stars, 12 ratings"
            rating_count="(12)"
            price="€18.00"
            price_unit="45 min"
            slots_title="Next free in your time zone"
            slots=vec![slot("Sun 18:00"), slot("Mon 07:15")]
        />
        <TutorCard
            href="/tutors/lea"
            name="Léa Fontaine"
            headline="Anatomie et physiologie, première année de médecine, en français ou en anglais, avec des fiches"
            field="Medicine"
            university="Université Paris Cité, year 5"
            rating_text="New"
            price="€30.00"
            price_unit="60 min"
            slots_title="No free slots in the next 30 days"
            slots=vec![]
        />
    }
}

#[component]
fn Chips() -> impl IntoView {
    view! {
        <SlotRadio name="sample-slot" value="2026-11-20T14:00:00Z" time="14:00" note="15:00 Lagos" checked=true />
        <SlotRadio name="sample-slot" value="2026-11-20T15:00:00Z" time="15:00" note="16:00 Lagos" />
        <SlotRadio name="sample-slot" value="2026-11-20T16:00:00Z" time="16:00" note="17:00 Lagos" taken=true />
        <SlotRadio name="sample-slot" value="2026-11-20T17:00:00Z" time="17:00" note="18:00 Lagos" />
    }
}

/// November 2026, which begins on a Sunday; weeks begin on Monday.
#[component]
fn Month() -> impl IntoView {
    let week = |row: u32| {
        let days = (0..7).map(move |column| {
            let n = row * 7 + column;
            let (day, outside) = if n < 6 { (26 + n, true) } else { (n - 5, false) };
            let free = if outside || !(20..=30).contains(&day) { 0 } else { (day * 5) % 11 };
            let href = if free > 0 { "#" } else { "" };
            let free_text = if free > 0 { format!("{free} free") } else { String::new() };
            let date = if outside { format!("2026-10-{day:02}") } else { format!("2026-11-{day:02}") };
            view! {
                <DayCell
                    day
                    label=format!("{date}: {free} free slots")
                    date
                    free
                    free_text
                    href
                    outside
                    today=!outside && day == 20
                    selected=!outside && day == 21
                    tabbable=!outside && day == 21
                />
            }
        });
        view! { <tr>{days.collect_view()}</tr> }
    };
    let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    view! {
        <div class="calendar-head">
            <ButtonLink href="#" variant=ButtonVariant::Ghost icon=Glyph::ChevronLeft label="October" />
            <h3 class="calendar-title">"November 2026"</h3>
            <ButtonLink href="#" variant=ButtonVariant::Ghost icon=Glyph::ChevronRight label="December" />
        </div>
        <table class="month" role="grid" aria-label="November 2026">
            <thead>
                <tr>{names.map(|name| view! { <th scope="col">{name}</th> }).collect_view()}</tr>
            </thead>
            <tbody>{(0..5).map(week).collect_view()}</tbody>
        </table>
        <CalendarLegend none="none free" few="1 or 2" some="3 to 7" many="8 or more" />
    }
}

#[component]
fn Week() -> impl IntoView {
    let chip = |time: &'static str| {
        view! { <SlotChip href="#" time datetime="2026-11-20T14:00:00Z" selected=time == "10:30" /> }
    };
    view! {
        <div class="week">
            <SlotDay weekday="Mon" date="16 Nov" empty_text="None" />
            <SlotDay weekday="Tue" date="17 Nov">{["09:00", "09:45", "10:30", "14:00"].map(chip).collect_view()}</SlotDay>
            <SlotDay weekday="Wed" date="18 Nov">{["11:15", "12:00"].map(chip).collect_view()}</SlotDay>
            <SlotDay weekday="Thu" date="19 Nov" empty_text="None" />
            <SlotDay weekday="Fri" date="20 Nov" today=true>{["15:00", "16:00", "17:00"].map(chip).collect_view()}</SlotDay>
            <SlotDay weekday="Sat" date="21 Nov">{["09:30"].map(chip).collect_view()}</SlotDay>
            <SlotDay weekday="Sun" date="22 Nov" empty_text="None" />
        </div>
    }
}

#[component]
fn Hours() -> impl IntoView {
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let row = move |half: u16| {
        let minute = 540 + half * 30;
        let (hour, on_the_hour) = (minute / 60, minute.is_multiple_of(60));
        let cells = (0u8..7).map(|day| {
            let open = day < 5 && (minute < 720 || (day % 2 == 1 && minute >= 840));
            let label = format!("{} {hour:02}:{:02}", days[usize::from(day)], minute % 60);
            view! { <HoursCell weekday=(day + 1) % 7 minute label open=open tabbable=day == 0 && half == 0 on_the_hour /> }
        });
        view! {
            <tr>
                <th scope="row">
                    <span class=if on_the_hour { "" } else { "sr-only" }>{format!("{hour:02}:{:02}", minute % 60)}</span>
                </th>
                {cells.collect_view()}
            </tr>
        }
    };
    view! {
        <div class="hours-frame">
            <table class="hours-grid" role="grid" aria-label="Weekly hours">
                <thead>
                    <tr>
                        <th><span class="sr-only">"Time"</span></th>
                        {days.map(|day| view! { <th scope="col">{day}</th> }).collect_view()}
                    </tr>
                </thead>
                <tbody>{(0..14).map(row).collect_view()}</tbody>
            </table>
        </div>
        <HoursLegend open="Teaching" closed="Not teaching" />
    }
}

#[component]
fn States() -> impl IntoView {
    let states = [
        ("requested", "Requested"),
        ("pending_review", "Under review"),
        ("confirmed", "Confirmed"),
        ("JOIN_OPEN", "Open to join"),
        ("completed", "Completed"),
        ("early_end", "Ended early"),
        ("no_show_student", "Student absent"),
        ("declined", "Declined"),
        ("expired", "Expired"),
        ("cancelled", "Cancelled"),
    ];
    let badges = states.map(|(state, text)| view! { <StateBadge state text /> }).collect_view();
    view! { <div class="row">{badges}</div> }
}
