//! In which order tutors are shown, and the cheapest lesson of each.

use std::{
    cmp::{Ordering, Reverse},
    collections::HashMap,
};

use domain::{ids::OfferingId, money::Currency, tutor::Offering};

use super::{SearchQuery, Sort, store::Candidate};

/// The cheapest lesson of a tutor, and what an hour costs at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Price {
    /// Of the cheapest lesson, in minor units.
    pub minor: i64,
    pub currency: Currency,
    /// Of the cheapest lesson.
    pub minutes: u16,
    /// The lowest price of an hour, in minor units.
    pub hour: i64,
}

/// The cheapest lesson in a currency; without one in the currency of the first offering. Amounts of
/// two currencies are never compared.
pub(super) fn cheapest(offerings: &[(OfferingId, Offering)], wanted: Option<Currency>) -> Option<Price> {
    let first = offerings.first()?.1.currency;
    let currency = wanted.unwrap_or(first);
    let same = offerings.iter().filter(|(_, offering)| offering.currency == currency);
    let lessons: Vec<_> = same.flat_map(|(_, offering)| &offering.durations).collect();
    let lesson = lessons.iter().min_by_key(|lesson| (lesson.price_minor, Reverse(lesson.minutes)))?;
    let hour =
        lessons.iter().map(|lesson| lesson.price_minor * 60 / i64::from(lesson.minutes.max(1))).min()?;
    Some(Price { minor: lesson.price_minor, currency, minutes: lesson.minutes, hour })
}

/// Puts tutors in the order that was asked for; equal ones by rating, then by name.
pub(super) fn order(found: &mut [Candidate], query: &SearchQuery) {
    match query.sort {
        Sort::Availability => {
            found.sort_by(|a, b| b.free_slots.cmp(&a.free_slots).then_with(|| by_rating(a, b)))
        }
        Sort::Rating => found.sort_by(by_rating),
        Sort::Name => found.sort_by(by_name),
        Sort::Price => {
            let rank = ranks(found);
            // Whoever has no price comes last.
            let key = |one: &Candidate| {
                (one.price.is_none(), one.price.map(|price| (rank.get(&price.currency), price.hour)))
            };
            found.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| by_rating(a, b)));
        }
    }
}

/// Currencies follow each other whole, the one of most tutors first.
fn ranks(found: &[Candidate]) -> HashMap<Currency, usize> {
    let mut counts = HashMap::<Currency, usize>::new();
    for price in found.iter().filter_map(|one| one.price) {
        *counts.entry(price.currency).or_default() += 1;
    }
    let mut currencies: Vec<_> = counts.into_iter().collect();
    currencies.sort_by_key(|(currency, count)| (Reverse(*count), *currency));
    currencies.into_iter().enumerate().map(|(rank, (currency, _))| (currency, rank)).collect()
}

/// The better mean first, of equal means the one of more ratings.
fn by_rating(a: &Candidate, b: &Candidate) -> Ordering {
    let product = |x: i32, y: i32| i64::from(x) * i64::from(y);
    let rated = |one: &Candidate| one.rating_count > 0;
    rated(b)
        .cmp(&rated(a))
        .then_with(|| product(b.rating_sum, a.rating_count).cmp(&product(a.rating_sum, b.rating_count)))
        .then_with(|| b.rating_count.cmp(&a.rating_count))
        .then_with(|| by_name(a, b))
}

fn by_name(a: &Candidate, b: &Candidate) -> Ordering {
    (&a.sort_name, a.tutor).cmp(&(&b.sort_name, b.tutor))
}

#[cfg(test)]
mod tests {
    use domain::tutor::PricedDuration;
    use uuid::Uuid;

    use super::*;

    fn offering(currency: Currency, prices: &[(u16, i64)]) -> (OfferingId, Offering) {
        let durations = prices
            .iter()
            .map(|(minutes, price_minor)| PricedDuration { minutes: *minutes, price_minor: *price_minor });
        let offering = Offering {
            title: "Lesson".into(),
            durations: durations.collect(),
            currency,
            step_min: None,
            buffer_before_min: 0,
            buffer_after_min: 0,
            fixed: false,
        };
        (OfferingId(Uuid::nil()), offering)
    }

    #[test]
    fn the_cheapest_lesson_is_found_within_one_currency() {
        let offerings = [
            offering(Currency::Eur, &[(60, 3000), (90, 4200)]),
            offering(Currency::Jpy, &[(60, 1500)]),
            offering(Currency::Eur, &[(30, 1600)]),
        ];
        let eur = Price { minor: 1600, currency: Currency::Eur, minutes: 30, hour: 2800 };
        let jpy = Price { minor: 1500, currency: Currency::Jpy, minutes: 60, hour: 1500 };
        for (wanted, price) in [
            (None, Some(eur)),
            (Some(Currency::Eur), Some(eur)),
            (Some(Currency::Jpy), Some(jpy)),
            (Some(Currency::Usd), None),
        ] {
            assert_eq!(cheapest(&offerings, wanted), price, "{wanted:?}");
        }
        assert_eq!(cheapest(&[], None), None);
    }
}
