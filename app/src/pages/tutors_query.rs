//! The filters of the search page: what its address says, and the addresses of other states.

use domain::{money::Currency, tutor::Field};
use services::search::{SearchQuery, Sort};

use super::query;

/// Tutors on a page.
pub const PAGE_SIZE: i64 = 20;

/// Days of the filter "free soon".
pub const SOON_DAYS: i64 = 7;

/// Longest text of a filter, in characters; what is longer is cut.
const MOST_CHARS: usize = 100;

/// Greatest page that is looked for.
const MOST_PAGES: i64 = 1_000;

/// What the address of the search page asks for. What is malformed counts as absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// Words.
    pub text: Option<String>,
    /// Field of study.
    pub field: Option<Field>,
    /// University.
    pub university: Option<String>,
    /// Lowest mean rating, whole stars 1–5.
    pub min_rating: Option<u32>,
    /// Highest price in minor units.
    pub price: Option<i64>,
    /// Its currency.
    pub currency: Option<Currency>,
    /// Free within the next seven days.
    pub soon: bool,
    /// The order.
    pub sort: Sort,
    /// From 1.
    pub page: i64,
}

/// One filter that can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Words.
    Text,
    /// Field of study.
    Field,
    /// University.
    University,
    /// Lowest mean rating.
    Rating,
    /// Highest price.
    Price,
    /// Free soon.
    Soon,
}

impl Filters {
    /// Reads the query of an address.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let words = |name: &str| query::get(text, name).map(|value| value.chars().take(MOST_CHARS).collect());
        let currency = query::get(text, "currency").and_then(|code| Currency::parse(&code).ok());
        let price =
            query::get(text, "price").and_then(|amount| minor(&amount, currency.unwrap_or(Currency::Eur)));
        Filters {
            text: words("q"),
            field: query::parse(text, "field"),
            university: words("university"),
            min_rating: query::parse(text, "min_rating").filter(|stars| (1..=5).contains(stars)),
            price,
            currency: price.map(|_| currency.unwrap_or(Currency::Eur)),
            soon: query::get(text, "soon").as_deref() == Some("1"),
            sort: match query::get(text, "sort").as_deref() {
                Some("rating") => Sort::Rating,
                Some("price") => Sort::Price,
                Some("name") => Sort::Name,
                _ => Sort::Availability,
            },
            page: query::parse(text, "page").unwrap_or(1).clamp(1, MOST_PAGES),
        }
    }

    /// The question to the search.
    #[must_use]
    pub fn search(&self) -> SearchQuery {
        SearchQuery {
            text: self.text.clone(),
            field: self.field,
            university: self.university.clone(),
            min_rating_tenths: self.min_rating.map(|stars| stars * 10),
            max_price: self.price.zip(self.currency),
            free_within_days: self.soon.then_some(SOON_DAYS),
            sort: self.sort,
            page: self.page,
            page_size: PAGE_SIZE,
        }
    }

    /// The address of these filters.
    #[must_use]
    pub fn address(&self) -> String {
        let query = query::write([
            ("q", self.text.clone().unwrap_or_default()),
            ("field", self.field.map(|field| field.name().to_owned()).unwrap_or_default()),
            ("university", self.university.clone().unwrap_or_default()),
            ("min_rating", self.min_rating.map(|stars| stars.to_string()).unwrap_or_default()),
            ("price", self.price_text()),
            ("currency", self.currency.map(|it| it.code().to_owned()).unwrap_or_default()),
            ("soon", if self.soon { "1".to_owned() } else { String::new() }),
            (
                "sort",
                if self.sort == Sort::Availability { String::new() } else { self.sort_name().to_owned() },
            ),
            ("page", if self.page > 1 { self.page.to_string() } else { String::new() }),
        ]);
        if query.is_empty() { "/tutors".to_owned() } else { format!("/tutors?{query}") }
    }

    /// The order's name in an address.
    #[must_use]
    pub const fn sort_name(&self) -> &'static str {
        match self.sort {
            Sort::Availability => "availability",
            Sort::Rating => "rating",
            Sort::Price => "price",
            Sort::Name => "name",
        }
    }

    /// The highest price as it is typed: "25" or "25.50".
    #[must_use]
    pub fn price_text(&self) -> String {
        let Some((minor, currency)) = self.price.zip(self.currency) else { return String::new() };
        let text = domain::money::Money { minor, currency }.decimal();
        match text.split_once('.') {
            Some((whole, rest)) if rest.bytes().all(|digit| digit == b'0') => whole.to_owned(),
            _ => text,
        }
    }

    /// The filters that are set.
    #[must_use]
    pub fn set(&self) -> Vec<Filter> {
        [
            (Filter::Text, self.text.is_some()),
            (Filter::Field, self.field.is_some()),
            (Filter::University, self.university.is_some()),
            (Filter::Rating, self.min_rating.is_some()),
            (Filter::Price, self.price.is_some()),
            (Filter::Soon, self.soon),
        ]
        .into_iter()
        .filter_map(|(filter, set)| set.then_some(filter))
        .collect()
    }

    /// The same without one of them, on the first page.
    #[must_use]
    pub fn without(&self, filter: Filter) -> Self {
        let mut rest = Filters { page: 1, ..self.clone() };
        match filter {
            Filter::Text => rest.text = None,
            Filter::Field => rest.field = None,
            Filter::University => rest.university = None,
            Filter::Rating => rest.min_rating = None,
            Filter::Price => (rest.price, rest.currency) = (None, None),
            Filter::Soon => rest.soon = false,
        }
        rest
    }

    /// Another page.
    #[must_use]
    pub fn at(&self, page: i64) -> Self {
        Filters { page, ..self.clone() }
    }
}

/// An amount as it is typed, with a point or a comma, in minor units; `None` for anything else.
fn minor(text: &str, currency: Currency) -> Option<i64> {
    let text = text.replace(',', ".");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let decimals = currency.exponent() as usize;
    if whole.is_empty() || whole.len() > 9 || !digits(whole) || !digits(rest) || rest.len() > decimals {
        return None;
    }
    format!("{whole}{rest:0<decimals$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        for (query, address) in [
            ("", "/tutors"),
            ("q=law+and+order&page=2", "/tutors?q=law%20and%20order&page=2"),
            ("field=LAW&soon=1&sort=rating", "/tutors?field=LAW&soon=1&sort=rating"),
            ("price=25,50&currency=USD", "/tutors?price=25.50&currency=USD"),
            ("price=2500&currency=JPY", "/tutors?price=2500&currency=JPY"),
            ("price=25", "/tutors?price=25&currency=EUR"),
            // Nonsense is left out.
            ("field=NONE&min_rating=9&price=x&page=-3&sort=up&soon=yes&currency=EUR", "/tutors"),
            ("price=1.234&currency=EUR", "/tutors"),
        ] {
            assert_eq!(Filters::parse(query).address(), address, "{query}");
        }
    }

    #[test]
    fn amounts_are_typed_in_major_units() {
        for (text, currency, amount) in [
            ("25", Currency::Eur, Some(2500)),
            ("0.5", Currency::Eur, Some(50)),
            ("1.25", Currency::Kwd, Some(1250)),
            ("2500", Currency::Jpy, Some(2500)),
            ("1.5", Currency::Jpy, None),
            ("-1", Currency::Eur, None),
            ("", Currency::Eur, None),
            ("99999999999999999999", Currency::Eur, None),
        ] {
            assert_eq!(minor(text, currency), amount, "{text} {currency}");
        }
    }

    #[test]
    fn each_filter_can_be_taken_back() {
        let all = Filters::parse("q=x&field=LAW&university=y&min_rating=4&price=20&soon=1&page=3");
        assert_eq!(all.set().len(), 6);
        for filter in all.set() {
            let rest = all.without(filter);
            assert_eq!(rest.page, 1);
            assert!(!rest.set().contains(&filter), "{filter:?}");
            assert_eq!(rest.set().len(), 5, "{filter:?}");
        }
    }
}
