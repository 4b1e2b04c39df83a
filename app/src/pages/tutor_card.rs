//! A tutor of a list, as a card in the reader's language and zone.

use chrono::SecondsFormat;
use leptos::prelude::*;
use services::search::TutorSummary;

use super::{
    context::Visit,
    format,
    i18n::{field_name, td_string},
    query,
};
use crate::ui::{SlotLink, TutorCard};

/// The card of a tutor.
pub fn tutor_card(visit: &Visit, tutor: TutorSummary) -> impl IntoView + use<> {
    let locale = visit.locale();
    let (price, price_unit, price_before) = match tutor.price_from {
        Some((minor, currency, minutes)) => (
            format::price(locale, minor, currency),
            format::minutes(locale, minutes),
            if minor == 0 { String::new() } else { td_string!(locale, search.price_from).to_string() },
        ),
        None => Default::default(),
    };
    let rating = rating(visit, tutor.rating_tenths, tutor.rating_count);
    let slots_title = if tutor.next_slots.is_empty() {
        td_string!(locale, search.no_slots).to_string()
    } else {
        td_string!(locale, search.next_slots).to_string()
    };
    let slots = tutor.next_slots.iter().map(|start| {
        let datetime = start.to_rfc3339_opts(SecondsFormat::Secs, true);
        let start_query = query::write([("start", datetime.clone())]);
        let href = format!("/book/{}?{start_query}", query::encode(&tutor.slug));
        SlotLink { href, label: format::near(locale, visit.zone, *start, visit.now), datetime }
    });
    view! {
        <TutorCard
            href=format!("/tutors/{}", query::encode(&tutor.slug))
            name=tutor.name
            photo=tutor.photo_url.unwrap_or_default()
            headline=tutor.headline.unwrap_or(tutor.excerpt)
            field=field_name(locale, tutor.field)
            university=tutor.university
            rating_tenths=tutor.rating_tenths.unwrap_or_default()
            rating_mean=rating.mean
            rating_text=rating.text
            rating_count=rating.count
            price price_unit price_before slots_title
            slots=slots.collect()
        />
    }
}

/// A mean of ratings in words.
pub struct RatingTexts {
    /// "4.8"; empty without ratings.
    pub mean: String,
    /// "4.8 of 5 stars, 31 ratings", or the word for "new".
    pub text: String,
    /// "(31)"; empty without ratings.
    pub count: String,
}

/// Puts a mean of ratings into words.
#[must_use]
pub fn rating(visit: &Visit, tenths: Option<u32>, count: i32) -> RatingTexts {
    let locale = visit.locale();
    match tenths {
        None => RatingTexts {
            mean: String::new(),
            text: td_string!(locale, search.new).to_string(),
            count: String::new(),
        },
        Some(tenths) => {
            let mean = format::tenths(locale, tenths);
            let ratings = u32::try_from(count).unwrap_or_default();
            RatingTexts {
                text: td_string!(locale, search.rating_text, count = ratings, mean = mean.clone())
                    .to_string(),
                count: format!("({count})"),
                mean,
            }
        }
    }
}
