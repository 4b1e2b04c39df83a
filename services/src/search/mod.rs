//! Finding a tutor.

mod order;
mod store;

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Code, Refusal,
    ids::TutorId,
    interval::Interval,
    money::Currency,
    tutor::{Field, excerpt},
};
use serde::Serialize;
use sqlx::PgConnection;

use crate::{
    Result, Services,
    availability::store::{self as availability, TutorContext},
    booking::{Page, offset},
    settings::{self, PlatformSettings},
    tutor::{mean, photo_url},
};
use order::{cheapest, order};
use store::{Candidate, Card, Words};

/// Free slots are counted so many days ahead.
const WEEK: i64 = 7;

/// "Free within" reaches at most so many days ahead.
const MOST_DAYS: i64 = 62;

/// The next free starts are looked for in steps that widen to the longest horizon, days.
const NEXT: [i64; 3] = [WEEK, MOST_DAYS, 366];

/// So many of them are shown.
const NEXT_SHOWN: usize = 3;

/// A bio is cut to so many characters.
const EXCERPT: usize = 150;

/// In which order tutors are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Most free slots in the next seven days first.
    #[default]
    Availability,
    /// Best rated first.
    Rating,
    /// Cheapest first (per hour, within one currency).
    Price,
    /// By name.
    Name,
}

/// All filters hold together.
#[derive(Clone, Debug, Default)]
pub struct SearchQuery {
    /// Words, each of which must occur (accents and case aside) in name, headline, bio, university, degree, goals or offerings.
    pub text: Option<String>,
    /// Field of study.
    pub field: Option<Field>,
    /// University, part of its name.
    pub university: Option<String>,
    /// Lowest mean rating in tenths.
    pub min_rating_tenths: Option<u32>,
    /// Highest price of the cheapest lesson, with its currency.
    pub max_price: Option<(i64, Currency)>,
    /// Has a free slot within so many days, 1–62.
    pub free_within_days: Option<i64>,
    /// The order.
    pub sort: Sort,
    /// From 1.
    pub page: i64,
    /// At most 100.
    pub page_size: i64,
}

/// A tutor in a list.
#[derive(Clone, Debug, Serialize)]
pub struct TutorSummary {
    /// The tutor.
    pub id: TutorId,
    /// The address of the page.
    pub slug: String,
    /// The name.
    pub name: String,
    /// One line under the name.
    pub headline: Option<String>,
    /// First 150 characters of the bio.
    pub excerpt: String,
    /// Field of study.
    pub field: Field,
    /// University.
    pub university: String,
    /// Degree.
    pub degree: String,
    /// Languages spoken.
    pub languages: Vec<String>,
    /// Address of the photo, where there is one.
    pub photo_url: Option<String>,
    /// Number of ratings.
    pub rating_count: i32,
    /// Mean in tenths.
    pub rating_tenths: Option<u32>,
    /// The cheapest lesson: price in minor units, currency, minutes.
    pub price_from: Option<(i64, Currency, u16)>,
    /// IANA name of the zone of the hours.
    pub time_zone: String,
    /// The next free starts, at most three, of the shortest duration of the first offering.
    pub next_slots: Vec<DateTime<Utc>>,
    /// How many slots are free in the next seven days.
    pub free_slots: usize,
}

/// The tutors that can be booked and satisfy every filter. A bounded number of database queries,
/// however many tutors there are: hours, offerings and claims are read for all of them at once, and
/// slots are computed here.
///
/// # Errors
/// `INVALID_REQUEST` for a page out of range, a text that is too long, or days beyond 1–62.
pub async fn search(services: &Services, query: &SearchQuery) -> Result<Page<TutorSummary>> {
    let before = offset(query.page, query.page_size)?;
    let words = Words::read(query)?;
    check_days(query.free_within_days)?;
    let now = services.clock.now();
    let mut db = services.db.acquire().await?;
    let settings = settings::load_here(services, &mut db).await?;
    let mut found = store::list(&mut db, query, &settings.accepted_providers).await?;
    if words.are_wanted() {
        let ids: Vec<_> = found.iter().map(|one| one.tutor).collect();
        let texts = store::list_texts(&mut db, &ids).await?;
        found.retain(|one| texts.get(&one.tutor).is_some_and(|texts| words.occur_in(texts)));
    }
    if wants_slots(query) {
        judge(&mut db, query, &mut found, &settings, now).await?;
    }
    order(&mut found, query);
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let (skip, take) =
        (usize::try_from(before).unwrap_or(usize::MAX), usize::try_from(query.page_size).unwrap_or(0));
    let shown: Vec<TutorId> = found.iter().skip(skip).take(take).map(|one| one.tutor).collect();
    let rows = summaries(&mut db, &shown, query, &settings, now).await?;
    Ok(Page { rows, page: query.page, page_size: query.page_size, total })
}

fn check_days(days: Option<i64>) -> Result<(), Refusal> {
    match days {
        Some(days) if !(1..=MOST_DAYS).contains(&days) => {
            Err(Refusal::on(Code::InvalidRequest, "days_range", "available_within_days"))
        }
        _ => Ok(()),
    }
}

/// Whether the slots or prices of every candidate are needed, not only of those on the page.
fn wants_slots(query: &SearchQuery) -> bool {
    query.free_within_days.is_some() || matches!(query.sort, Sort::Availability | Sort::Price)
}

/// Counts the free slots of all candidates, and leaves out those without one within the days asked for.
async fn judge(
    db: &mut PgConnection,
    query: &SearchQuery,
    found: &mut Vec<Candidate>,
    settings: &PlatformSettings,
    now: DateTime<Utc>,
) -> Result<()> {
    let within = query.free_within_days.unwrap_or(WEEK);
    let ids: Vec<_> = found.iter().map(|one| one.tutor).collect();
    let contexts = availability::load(db, &ids, days(now, within.max(WEEK)), settings, now).await?;
    found.retain_mut(|one| {
        let Some(context) = contexts.get(&one.tutor) else { return false };
        one.free_slots = starts(context, now, WEEK).len();
        one.price = cheapest(&context.offerings, query.max_price.map(|(_, currency)| currency));
        let is_free = || match within {
            within if within >= WEEK && one.free_slots > 0 => true,
            within => !starts(context, now, within).is_empty(),
        };
        query.free_within_days.is_none() || is_free()
    });
    Ok(())
}

fn days(now: DateTime<Utc>, days: i64) -> Interval {
    Interval::new(now, now + TimeDelta::days(days))
}

/// The free starts of the next days, of the shortest duration of the first offering.
fn starts(context: &TutorContext, now: DateTime<Utc>, within: i64) -> Vec<DateTime<Utc>> {
    let first =
        context.offerings.first().and_then(|(_, offering)| Some((offering, offering.durations.first()?)));
    let Some((offering, shortest)) = first else { return Vec::new() };
    let slots = context.slots(offering, shortest.minutes, now, days(now, within));
    slots.into_iter().map(|slot| slot.start).collect()
}

async fn summaries(
    db: &mut PgConnection,
    shown: &[TutorId],
    query: &SearchQuery,
    settings: &PlatformSettings,
    now: DateTime<Utc>,
) -> Result<Vec<TutorSummary>> {
    let furthest = NEXT[NEXT.len() - 1];
    let contexts = availability::load(db, shown, days(now, furthest), settings, now).await?;
    let cards: HashMap<TutorId, Card> =
        store::list_cards(db, shown).await?.into_iter().map(|card| (card.tutor, card)).collect();
    let both = shown.iter().filter_map(|tutor| Some((cards.get(tutor)?, contexts.get(tutor)?)));
    Ok(both.map(|(card, context)| summary(card, context, query, now)).collect())
}

fn summary(card: &Card, context: &TutorContext, query: &SearchQuery, now: DateTime<Utc>) -> TutorSummary {
    let week = starts(context, now, WEEK);
    let free_slots = week.len();
    let mut next = week;
    for within in &NEXT[1..] {
        if next.len() < NEXT_SHOWN {
            next = starts(context, now, *within);
        }
    }
    next.truncate(NEXT_SHOWN);
    let price = cheapest(&context.offerings, query.max_price.map(|(_, currency)| currency));
    TutorSummary {
        id: card.tutor,
        slug: card.slug.clone(),
        name: card.name.clone(),
        headline: card.headline.clone(),
        excerpt: excerpt(&card.bio, EXCERPT),
        field: card.field,
        university: card.university.clone(),
        degree: card.degree.clone(),
        languages: card.languages.clone(),
        photo_url: card.photo_etag.as_deref().map(|version| photo_url(card.tutor, version)),
        rating_count: card.rating_count,
        rating_tenths: mean(card.rating_sum, card.rating_count),
        price_from: price.map(|price| (price.minor, price.currency, price.minutes)),
        time_zone: context.availability.zone().name().to_owned(),
        next_slots: next,
        free_slots,
    }
}

/// The fields of bookable tutors with their number, by name.
///
/// # Errors
/// Where the database cannot be read.
pub async fn fields(services: &Services) -> Result<Vec<(Field, i64)>> {
    let mut db = services.db.acquire().await?;
    let accepted = settings::load_here(services, &mut db).await?.accepted_providers;
    store::list_fields(&mut db, &accepted).await
}

/// The universities of bookable tutors with their number, for the filter; the largest number first.
///
/// # Errors
/// Where the database cannot be read.
pub async fn universities(services: &Services) -> Result<Vec<(String, i64)>> {
    let mut db = services.db.acquire().await?;
    let accepted = settings::load_here(services, &mut db).await?.accepted_providers;
    store::list_universities(&mut db, &accepted).await
}
