//! The parts of a lesson's page: facts, price and rules, changing, rating, what happened.

use chrono::TimeDelta;
use domain::{
    attendance::{Kind, Record},
    booking::{Booking, Party},
    charge::NobodyJoined,
    money::Money,
    payment::Collection,
    zone::Zone,
};
use leptos::prelude::*;
use services::{
    lesson::{self, Attendance},
    video,
};

use super::{
    charge_words::{Standing, amount},
    chat_view::WriteTo,
    console::video::name,
    context::Visit,
    format,
    forms::{PostForm, error_on, kept_or},
    i18n::{Locale, state_name, td_string},
    lesson::Lesson,
    lesson_list::other_party,
};
use crate::ui::{
    Button, ButtonLink, ButtonVariant, Card, Dialog, Field, Input, RatingInput, StateBadge, Textarea,
};

/// When, with whom, how long.
#[component]
pub fn Facts(
    /// The request.
    visit: Visit,
    /// The lesson.
    lesson: Lesson,
) -> impl IntoView {
    let locale = visit.locale();
    let booking = lesson.booking;
    let from = format::moment(locale, visit.zone, booking.start);
    let when = format!("{from} – {}", format::clock(locale, visit.zone, booking.end));
    let here =
        td_string!(locale, lesson.your_zone, zone = format::zone(visit.zone, booking.start)).to_string();
    let with = other_party(&visit, &booking);
    let write = lesson.side.map(|_| WriteTo::party(&visit, booking.id));
    let optional = |label: &'static str, text: Option<String>| {
        text.map(|text| view! { <div><dt>{label}</dt><dd>{text}</dd></div> })
    };
    view! {
        <Card>
            <dl class="facts">
                <div>
                    <dt>{td_string!(locale, lesson.when)}</dt>
                    <dd>
                        <time datetime=booking.start.to_rfc3339()>{when}</time>
                        <br/><span class="quiet small">{here}</span>
                        {other_time(&visit, &booking, lesson.side).map(|text| view! { <br/><span class="quiet small">{text}</span> })}
                    </dd>
                </div>
                <div><dt>{td_string!(locale, lesson.with)}</dt><dd>{with}{write}</dd></div>
                <div><dt>{td_string!(locale, lesson.length)}</dt><dd>{format::minutes(locale, booking.duration)}</dd></div>
                {optional(td_string!(locale, lesson.note), booking.note)}
                {optional(td_string!(locale, lesson.reason), booking.reason)}
            </dl>
        </Card>
    }
}

/// The start as the other party's clock shows it, where that differs.
fn other_time(visit: &Visit, booking: &Booking, side: Option<Party>) -> Option<String> {
    let name = if side == Some(Party::Tutor) { &booking.student_zone } else { &booking.tutor_zone };
    let zone = Zone::parse(name).ok()?;
    let differs =
        zone.to_wall(booking.start).offset_seconds != visit.zone.to_wall(booking.start).offset_seconds;
    let locale = visit.locale();
    differs.then(|| {
        let time = format::moment(locale, zone, booking.start);
        let (name, zone) = (other_party(visit, booking), format::zone(zone, booking.start));
        td_string!(locale, lesson.other_zone, time = time, name = name, zone = zone).to_string()
    })
}

/// The price, and what is charged by which rule.
#[component]
pub fn Charge(
    /// The request.
    visit: Visit,
    /// The lesson.
    lesson: Lesson,
) -> impl IntoView {
    let locale = visit.locale();
    let booking = &lesson.booking;
    let price = format::money(locale, booking.price_minor, booking.currency);
    let rules = if booking.price_minor == 0 {
        view! { <p>{td_string!(locale, lesson.free_text)}</p> }.into_any()
    } else {
        let rules = rules(&visit, &lesson, &price);
        let rules = rules.into_iter().map(|rule| view! { <li>{rule}</li> }).collect_view();
        let collected = match booking.policy.collection {
            Collection::AtEnd => td_string!(locale, lesson.charge_card),
            Collection::Authorize => td_string!(locale, lesson.charge_authorize),
            Collection::Prepay => td_string!(locale, lesson.charge_prepay),
        };
        view! {
            <ul class="prose-list">{rules}</ul>
            <p class="quiet small">{collected}</p>
        }
        .into_any()
    };
    let href = format!("/lessons/{}/charge", booking.id);
    let charged = lesson.charged.map(|charged| {
        let standing = Standing::of(&charged, booking.price_minor);
        let sum = (standing != Standing::Free).then(|| amount(locale, charged.amount));
        view! { <p class="row"><StateBadge state=standing.code() text=standing.word(locale)/> <strong class="tabular">{sum}</strong></p> }
    });
    let shown = if booking.price_minor == 0 { td_string!(locale, lesson.free).to_owned() } else { price };
    view! {
        <Card title=td_string!(locale, lesson.charge_title)>
            <div class="stack">
                <p><span class="quiet">{td_string!(locale, lesson.price)}</span> " " <strong class="tabular">{shown}</strong></p>
                {charged}
                <p><a class="link hit" href=href>{td_string!(locale, charge.see)}</a></p>
                {rules}
            </div>
        </Card>
    }
}

/// The rules of the charge in words, with this lesson's numbers (rules, Charge).
fn rules(visit: &Visit, lesson: &Lesson, price: &str) -> Vec<String> {
    let locale = visit.locale();
    let booking = &lesson.booking;
    let half = Money { minor: booking.price_minor, currency: booking.currency }.half();
    let half = format::money(locale, half.minor, half.currency);
    let wait = format::minutes(locale, booking.no_show_wait);
    let from = booking.start + TimeDelta::minutes(booking.no_show_wait.into());
    let from = format::clock(locale, visit.zone, from);
    let nobody = match booking.policy.nobody_joined {
        NobodyJoined::ChargeFull => td_string!(locale, lesson.charge_nobody_full),
        NobodyJoined::ChargeNothing => td_string!(locale, lesson.charge_nobody_none),
    };
    vec![
        td_string!(locale, lesson.charge_full, price = price.to_owned()).to_string(),
        td_string!(locale, lesson.charge_half, wait = wait, half = half, from = from).to_string(),
        td_string!(locale, lesson.charge_none_tutor).to_owned(),
        td_string!(locale, lesson.charge_none_early).to_owned(),
        nobody.to_owned(),
        td_string!(locale, lesson.charge_cancel).to_owned(),
        td_string!(locale, lesson.charge_fee, percent = percent(locale, booking.policy.fee_bps)).to_string(),
    ]
}

/// Basis points as a percentage: 1000 is "10", 1250 "12.5".
#[must_use]
pub fn percent(locale: Locale, bps: i32) -> String {
    let bps = bps.max(0).unsigned_abs();
    if bps.is_multiple_of(100) { (bps / 100).to_string() } else { format::tenths(locale, bps / 10) }
}

/// Until when the lesson can be changed or called off, and the ways to do it.
#[component]
pub fn Change(
    /// The request.
    visit: Visit,
    /// The lesson.
    lesson: Lesson,
) -> impl IntoView {
    let locale = visit.locale();
    let booking = &lesson.booking;
    if !booking.state.is_active() || lesson.side.is_none() || visit.now >= booking.start {
        return ().into_any();
    }
    let notice = booking.policy.cancel_notice_min;
    let until = format::moment(locale, visit.zone, booking.start - TimeDelta::minutes(notice));
    let can = lesson.can_change(&visit);
    let text = match (lesson.side, can) {
        (Some(Party::Tutor), _) => td_string!(locale, lesson.change_tutor).to_owned(),
        (_, true) => {
            let notice = format::span(locale, notice);
            td_string!(locale, lesson.change_until, time = until, notice = notice).to_string()
        }
        (_, false) => td_string!(locale, lesson.change_late, time = until).to_string(),
    };
    let reschedule = format!("/lessons/{}/reschedule", booking.id);
    view! {
        <Card title=td_string!(locale, lesson.change_title)>
            <div class="stack">
                <p>{text}</p>
                {can.then(|| view! {
                    <div class="row">
                        <ButtonLink href=reschedule variant=ButtonVariant::Secondary>{td_string!(locale, lesson.reschedule)}</ButtonLink>
                        <ButtonLink href="?cancel=1" variant=ButtonVariant::Danger attr:data-opens="cancel">{td_string!(locale, lesson.cancel)}</ButtonLink>
                    </div>
                })}
            </div>
        </Card>
    }
    .into_any()
}

/// The question before a lesson is called off. Without script it arrives open at its own address.
#[component]
pub fn CallOffDialog(
    /// The request.
    visit: Visit,
    /// The booking.
    booking: Booking,
) -> impl IntoView {
    let locale = visit.locale();
    let open = visit.query.split('&').any(|pair| pair == "cancel=1");
    let page = format!("/lessons/{}", booking.id);
    let name = other_party(&visit, &booking);
    let close = if open { page.clone() } else { String::new() };
    view! {
        <Dialog id="cancel" title=td_string!(locale, lesson.cancel_title) close_label=td_string!(locale, site.close) open close_href=close>
            <p>{td_string!(locale, lesson.cancel_text, name = name)}</p>
            <PostForm action="cancel_lesson" class="form">
                <input type="hidden" name="booking" value=booking.id.to_string()/>
                <Field id="reason" label=td_string!(locale, lesson.cancel_reason) optional_text=td_string!(locale, site.optional) error=error_on("reason")>
                    <Input name="reason" value=kept_or("reason", String::new())/>
                </Field>
                <div class="form-actions">
                    <Button variant=ButtonVariant::Danger class="btn-solid">{td_string!(locale, lesson.cancel)}</Button>
                    <ButtonLink href=page variant=ButtonVariant::Ghost attr:data-closes="">{td_string!(locale, lesson.cancel_keep)}</ButtonLink>
                </div>
            </PostForm>
        </Dialog>
    }
}

/// The student's rating.
#[component]
pub fn Rate(
    /// The language.
    locale: Locale,
    /// The booking.
    id: String,
) -> impl IntoView {
    let labels = [
        td_string!(locale, lesson.star_1),
        td_string!(locale, lesson.star_2),
        td_string!(locale, lesson.star_3),
        td_string!(locale, lesson.star_4),
        td_string!(locale, lesson.star_5),
    ];
    view! {
        <Card title=td_string!(locale, lesson.rate_title)>
            <PostForm action="rate_lesson" class="form">
                <input type="hidden" name="booking" value=id/>
                <RatingInput name="rating" legend=td_string!(locale, lesson.rate_legend) labels=labels.map(str::to_owned)/>
                <Field
                    id="feedback" label=td_string!(locale, lesson.feedback) hint=td_string!(locale, lesson.feedback_hint)
                    optional_text=td_string!(locale, site.optional) error=error_on("feedback")
                >
                    <Textarea name="feedback" max=500 counter=td_string!(locale, lesson.feedback_counter) value=kept_or("feedback", String::new())/>
                </Field>
                <div class="form-actions"><Button>{td_string!(locale, lesson.rate_send)}</Button></div>
            </PostForm>
        </Card>
    }
}

/// Who came, what happened, how it was rated.
#[component]
pub fn Trail(
    /// The request.
    visit: Visit,
    /// The lesson.
    lesson: Lesson,
) -> impl IntoView {
    let locale = visit.locale();
    let rated = lesson.booking.rating.map(|stars| {
        let stars = stars.to_string();
        if lesson.side == Some(Party::Student) {
            td_string!(locale, lesson.rated, stars = stars).to_string()
        } else {
            td_string!(locale, lesson.rated_tutor, stars = stars).to_string()
        }
    });
    let (booking, records) = (lesson.booking.clone(), lesson.attendance.clone());
    let attendance = view! { <Evidence visit=visit.clone() booking attendance=records/> };
    view! {
        {rated.map(|text| view! { <Card><p>{text}</p></Card> })}
        <Card title=td_string!(locale, lesson.attendance)>{attendance}</Card>
        <Card title=td_string!(locale, lesson.history)><History visit lesson/></Card>
    }
}

/// What is on record about who came, sealed.
#[component]
pub fn Evidence(
    /// The request.
    visit: Visit,
    /// The booking.
    booking: Booking,
    /// In the order in which it came.
    attendance: Attendance,
) -> impl IntoView {
    let locale = visit.locale();
    if attendance.rows.is_empty() {
        return view! { <p class="quiet">{td_string!(locale, lesson.attendance_none)}</p> }.into_any();
    }
    let rows = attendance.rows.iter().map(|row| {
        let when = format::stamp(locale, visit.zone, row.record.at);
        let when = match (video::Kind::parse(&row.record.source), row.record.told_at) {
            (Some(kind), _) => format!("{when} · {}", name(locale, kind)),
            (None, Some(told)) => {
                let told = format::stamp(locale, visit.zone, told);
                td_string!(locale, lesson.attendance_told, time = when, told = told).to_string()
            }
            (None, None) => when,
        };
        view! { <li title=row.hash.clone()><span>{seen(locale, &booking, &row.record)}</span><span class="quiet small">{when}</span></li> }
    });
    let broken = (!attendance.intact).then(
        || view! { <p role="alert"><strong>{td_string!(locale, lesson.attendance_broken)}</strong></p> },
    );
    let together = lesson::presence(&booking, &attendance).together;
    let together = (booking.lesson_state.is_final() && together > TimeDelta::zero()).then(|| {
        let [together, agreed] =
            [together.num_minutes(), booking.duration.into()].map(|minutes| format::minutes(locale, minutes));
        view! { <p>{td_string!(locale, lesson.together, together = together, agreed = agreed)}</p> }
    });
    view! {
        <ol class="trail">{rows.collect_view()}</ol>
        {together}
        {broken}
        <p class="quiet small">{td_string!(locale, lesson.attendance_sealed)}</p>
    }
    .into_any()
}

/// A piece of evidence in words.
fn seen(locale: Locale, booking: &Booking, record: &Record) -> String {
    let name = match record.party {
        Some(Party::Student) => booking.student_name.clone(),
        Some(Party::Tutor) => booking.tutor_name.clone(),
        None => td_string!(locale, lesson.somebody).to_owned(),
    };
    match (record.kind, record.party) {
        (Kind::Join, _) => td_string!(locale, lesson.attendance_joined, name = name).to_string(),
        (Kind::JoinRefused, _) => td_string!(locale, lesson.attendance_refused, name = name).to_string(),
        (Kind::Left, _) => td_string!(locale, lesson.attendance_left, name = name).to_string(),
        (Kind::MarkedNoShow, _) => {
            td_string!(locale, lesson.attendance_marked, name = booking.student_name.clone()).to_string()
        }
        (Kind::Ended, Some(_)) => td_string!(locale, lesson.attendance_ended_by, name = name).to_string(),
        (Kind::Ended, None) => td_string!(locale, lesson.attendance_ended).to_owned(),
    }
}

#[component]
fn History(visit: Visit, lesson: Lesson) -> impl IntoView {
    let locale = visit.locale();
    let rows = lesson.history.into_iter().map(|row| {
        let by = match row.actor.as_str() {
            "student" => td_string!(locale, lesson.by_student),
            "tutor" => td_string!(locale, lesson.by_tutor),
            "admin" => td_string!(locale, lesson.by_admin),
            _ => td_string!(locale, lesson.by_system),
        };
        let when = format::near(locale, visit.zone, row.at, visit.now);
        let what = match row.event.as_deref() {
            Some("payment.forgiven") => {
                view! { <strong>{td_string!(locale, charge.event_forgiven)}</strong> }.into_any()
            }
            Some("dispute.opened") => {
                view! { <strong>{td_string!(locale, dispute.history_opened)}</strong> }.into_any()
            }
            Some("dispute.claimed") => {
                view! { <strong>{td_string!(locale, dispute.history_claimed)}</strong> }.into_any()
            }
            Some("dispute.decided") => {
                view! { <strong>{td_string!(locale, dispute.history_decided)}</strong> }.into_any()
            }
            Some("dispute.charged_back") => {
                view! { <strong>{td_string!(locale, dispute.history_charged_back)}</strong> }.into_any()
            }
            Some("dispute.bank_decided") => {
                view! { <strong>{td_string!(locale, dispute.history_bank_decided)}</strong> }.into_any()
            }
            Some("lesson.own_link") => {
                view! { <strong>{td_string!(locale, lesson.history_own_link)}</strong> }.into_any()
            }
            _ => view! { <StateBadge state=row.to.name() text=state_name(locale, row.to)/> }.into_any(),
        };
        view! {
            <li>
                <span>{what}</span>
                <span class="quiet small">{when} ", " {by}</span>
                {row.reason.map(|reason| view! { <span>{reason}</span> })}
            </li>
        }
    });
    view! { <ol class="trail">{rows.collect_view()}</ol> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_are_read_as_percentages() {
        for (bps, en, fr) in [(1000, "10", "10"), (1250, "12.5", "12,5"), (0, "0", "0")] {
            assert_eq!((percent(Locale::en, bps), percent(Locale::fr, bps)), (en.into(), fr.into()));
        }
    }
}
