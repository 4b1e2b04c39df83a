//! What is being booked: with whom, when in both zones, for how much, and under which rules.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::{
    booking::Policy,
    charge::NobodyJoined,
    lesson::waits,
    money::{Currency, Money},
    payment::Collection,
    zone::Zone,
};
use leptos::prelude::*;

use super::{context::Visit, format, i18n::td_string};
use crate::ui::{Avatar, Card, Glyph, Icon};

/// A lesson to be.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// The tutor's name.
    pub tutor: String,
    /// Address of the tutor's photo, or nothing.
    pub photo: String,
    /// The tutor's zone.
    pub zone: Zone,
    /// The offering's title.
    pub title: String,
    /// When it starts.
    pub start: DateTime<Utc>,
    /// Minutes.
    pub minutes: u16,
    /// Price in minor units.
    pub price: i64,
    /// Its currency.
    pub currency: Currency,
    /// The tutor's settings.
    pub policy: Policy,
}

impl Lesson {
    /// The price as the reader's language writes it.
    #[must_use]
    pub fn price_text(&self, visit: &Visit) -> String {
        format::price(visit.locale(), self.price, self.currency)
    }

    /// Until when the student may call it off.
    #[must_use]
    pub fn deadline(&self) -> DateTime<Utc> {
        self.start - TimeDelta::minutes(self.policy.cancel_notice_min)
    }
}

/// The card that sums a lesson up.
pub fn summary(visit: &Visit, lesson: &Lesson) -> AnyView {
    let locale = visit.locale();
    let Lesson { tutor, photo, title, .. } = lesson.clone();
    let minutes = format::minutes(locale, lesson.minutes);
    let when = when(visit, lesson.start, lesson.zone, &lesson.tutor);
    let price = lesson.price_text(visit);
    view! {
        <Card title=td_string!(locale, booking.summary).to_string()>
            <div class="book-person">
                <Avatar name=tutor.clone() photo/>
                <div>
                    <p><strong>{tutor}</strong></p>
                    <p class="quiet small">{title} " · " {minutes}</p>
                </div>
            </div>
            {when}
            <p class="book-price">
                <span>{td_string!(locale, booking.price).to_string()}</span>
                <span class="tabular">{price}</span>
            </p>
        </Card>
    }
    .into_any()
}

/// A start in the reader's zone, and in the tutor's where it differs.
pub fn when(visit: &Visit, start: DateTime<Utc>, tutor: Zone, name: &str) -> AnyView {
    let locale = visit.locale();
    let mine = td_string!(
        locale,
        booking.in_zone,
        moment = format::moment(locale, visit.zone, start),
        zone = format::zone(visit.zone, start)
    );
    let theirs = (visit.zone.to_wall(start).local != tutor.to_wall(start).local).then(|| {
        let moment = format::moment(locale, tutor, start);
        let zone = format::zone(tutor, start);
        td_string!(locale, booking.for_tutor, name = name.to_owned(), moment = moment, zone = zone)
            .to_string()
    });
    let instant = start.to_rfc3339_opts(SecondsFormat::Secs, true);
    view! {
        <p class="book-when"><time datetime=instant>{mine.to_string()}</time></p>
        {theirs.map(|theirs| view! { <p class="quiet small">{theirs}</p> })}
    }
    .into_any()
}

/// What will be charged and when, and until when it can be called off (rules, Charge and Booking 5).
pub fn rules(visit: &Visit, lesson: &Lesson) -> AnyView {
    let items = sentences(visit, lesson)
        .into_iter()
        .map(|(glyph, text)| view! { <li><Icon glyph/><span>{text}</span></li> })
        .collect_view();
    view! { <ul class="book-rules">{items}</ul> }.into_any()
}

fn sentences(visit: &Visit, lesson: &Lesson) -> Vec<(Glyph, String)> {
    let locale = visit.locale();
    let mut all = Vec::new();
    if lesson.policy.confirm_requests {
        let name = lesson.tutor.clone();
        all.push((Glyph::Hourglass, td_string!(locale, booking.rule_request, name = name).to_string()));
    }
    if lesson.price == 0 {
        all.push((Glyph::Wallet, td_string!(locale, booking.rule_free).to_string()));
    } else {
        let price = lesson.price_text(visit);
        let half = Money { minor: lesson.price, currency: lesson.currency }.half();
        let half = format::money(locale, half.minor, half.currency);
        let wait = format::span(locale, i64::from(waits(lesson.minutes).0));
        let charged = match lesson.policy.collection {
            Collection::Prepay => {
                td_string!(locale, booking.rule_charge_ahead, price = price.clone()).to_string()
            }
            _ => td_string!(locale, booking.rule_charge, price = price.clone()).to_string(),
        };
        all.push((Glyph::Wallet, charged));
        all.push((
            Glyph::User,
            td_string!(locale, booking.rule_absent, wait = wait, half = half).to_string(),
        ));
        all.push((Glyph::Check, td_string!(locale, booking.rule_nothing).to_string()));
        let nobody = match lesson.policy.nobody_joined {
            NobodyJoined::ChargeFull => td_string!(locale, booking.rule_nobody_full),
            NobodyJoined::ChargeNothing => td_string!(locale, booking.rule_nobody_none),
        };
        all.push((Glyph::Users, nobody.to_owned()));
        let card = match lesson.policy.collection {
            Collection::AtEnd => td_string!(locale, booking.rule_card).to_string(),
            Collection::Authorize => td_string!(locale, booking.rule_authorize, price = price).to_string(),
            Collection::Prepay => td_string!(locale, booking.rule_prepay).to_string(),
        };
        all.push((Glyph::Card, card));
    }
    let deadline = lesson.deadline();
    let cancel = if deadline < visit.now {
        td_string!(locale, booking.rule_no_cancel).to_string()
    } else {
        let moment = format::moment(locale, visit.zone, deadline);
        let notice = format::span(locale, lesson.policy.cancel_notice_min);
        td_string!(locale, booking.rule_cancel, moment = moment, notice = notice).to_string()
    };
    all.push((Glyph::Calendar, cancel));
    all
}
