//! How a language writes dates, times, numbers and money: [`domain::manners`] under the names that pages use, and
//! the words that only pages have (`time` in the locale files).

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime, Utc};
use domain::{
    manners::Manners,
    money::{Currency, Money},
    zone::Zone,
};

pub use domain::manners::{offset, zone, zone_name};

use super::i18n::{Locale, language, td_string};

fn manners(locale: Locale) -> &'static Manners {
    Manners::of(language(locale))
}

/// A weekday's name, counted from Sunday (0).
#[must_use]
pub fn weekday(locale: Locale, from_sunday: u32) -> String {
    manners(locale).weekdays[from_sunday as usize % 7].to_owned()
}

/// A weekday's short name, counted from Sunday (0).
#[must_use]
pub fn weekday_short(locale: Locale, from_sunday: u32) -> String {
    manners(locale).weekdays_short[from_sunday as usize % 7].to_owned()
}

/// The weekday on which weeks start, counted from Sunday (0).
#[must_use]
pub fn week_start(locale: Locale) -> u32 {
    manners(locale).week_start
}

/// "Thursday 3 December".
#[must_use]
pub fn day(locale: Locale, date: NaiveDate) -> String {
    manners(locale).day(date)
}

/// "Thu 3 Dec".
#[must_use]
pub fn day_short(locale: Locale, date: NaiveDate) -> String {
    manners(locale).day_short(date)
}

/// "3 Dec".
#[must_use]
pub fn day_brief(locale: Locale, date: NaiveDate) -> String {
    manners(locale).day_brief(date)
}

/// "Thursday 3 December 2026".
#[must_use]
pub fn date(locale: Locale, date: NaiveDate) -> String {
    manners(locale).date(date)
}

/// "December 2026".
#[must_use]
pub fn month(locale: Locale, date: NaiveDate) -> String {
    manners(locale).month(date)
}

/// "3:30 pm" or "15:30".
#[must_use]
pub fn time(locale: Locale, time: NaiveTime) -> String {
    manners(locale).time(time)
}

/// A stored `HH:MM` as the language writes times; the end of the day, `24:00`, is midnight.
#[must_use]
pub fn wall_time(locale: Locale, hhmm: &str) -> String {
    time(locale, NaiveTime::parse_from_str(hhmm, "%H:%M").unwrap_or_default())
}

/// The wall clock of a zone at an instant: "3:30 pm".
#[must_use]
pub fn clock(locale: Locale, zone: Zone, at: DateTime<Utc>) -> String {
    time(locale, zone.to_wall(at).local.time())
}

/// "Thursday 3 December 2026 at 3:30 pm".
#[must_use]
pub fn moment(locale: Locale, zone: Zone, at: DateTime<Utc>) -> String {
    manners(locale).moment(zone, at)
}

/// What is on record: "3 Dec 2026, 3:30 pm". It may be printed, and so never says "today".
#[must_use]
pub fn stamp(locale: Locale, zone: Zone, at: DateTime<Utc>) -> String {
    let local = zone.to_wall(at).local;
    let date = day_brief(locale, local.date());
    format!("{date} {}, {}", local.year(), time(locale, local.time()))
}

/// A start on a card: "Today 3:30 pm", "Tomorrow 9:00 am", "Thu 3 Dec 3:30 pm".
#[must_use]
pub fn near(locale: Locale, zone: Zone, at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let local = zone.to_wall(at).local;
    let today = zone.to_wall(now).local.date();
    let day = match (local.date() - today).num_days() {
        0 => td_string!(locale, time.today).to_string(),
        1 => td_string!(locale, time.tomorrow).to_string(),
        _ => day_short(locale, local.date()),
    };
    format!("{day} {}", time(locale, local.time()))
}

/// Minutes as days, hours or minutes, the largest unit that divides them: "2 hours", "90 minutes".
#[must_use]
pub fn span(locale: Locale, minutes: i64) -> String {
    let (count, unit) = match minutes {
        m if m > 0 && m % 1440 == 0 => (m / 1440, 'd'),
        m if m > 0 && m % 60 == 0 => (m / 60, 'h'),
        m => (m, 'm'),
    };
    let count = u32::try_from(count).unwrap_or_default();
    match unit {
        'd' => td_string!(locale, time.days, count = count).to_string(),
        'h' => td_string!(locale, time.hours, count = count).to_string(),
        _ => td_string!(locale, time.whole_minutes, count = count).to_string(),
    }
}

/// The length of a lesson: "60 min".
#[must_use]
pub fn minutes(locale: Locale, minutes: impl Into<i64>) -> String {
    td_string!(locale, time.minutes, count = minutes.into()).to_string()
}

/// A number in tenths: "4.8" or "4,8".
#[must_use]
pub fn tenths(locale: Locale, tenths: u32) -> String {
    format!("{}{}{}", tenths / 10, manners(locale).decimal, tenths % 10)
}

/// A whole number with its thousands apart.
#[must_use]
pub fn number(locale: Locale, number: i64) -> String {
    manners(locale).number(number)
}

/// An amount with its currency: "€25.00", "25,00 €".
#[must_use]
pub fn money(locale: Locale, minor: i64, currency: Currency) -> String {
    manners(locale).money(Money { minor, currency })
}

/// A price: as [`money`], and "free" for nothing.
#[must_use]
pub fn price(locale: Locale, minor: i64, currency: Currency) -> String {
    if minor == 0 { td_string!(locale, time.free).to_string() } else { money(locale, minor, currency) }
}

/// What a control does and to what: its name, where only the first is seen.
#[must_use]
pub fn named(locale: Locale, what: &str, whom: &str) -> String {
    td_string!(locale, site.named, what = what.to_owned(), whom = whom.to_owned()).to_string()
}

/// The place that names a zone: "New York".
#[must_use]
pub fn city(zone: Zone) -> String {
    zone_name(zone).rsplit('/').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_times() {
        for (stored, en, fr) in [
            ("00:00", "12:00\u{a0}am", "00:00"),
            ("08:05", "8:05\u{a0}am", "08:05"),
            ("12:00", "12:00\u{a0}pm", "12:00"),
            ("20:30", "8:30\u{a0}pm", "20:30"),
            ("24:00", "12:00\u{a0}am", "00:00"),
        ] {
            assert_eq!(wall_time(Locale::en, stored), en);
            assert_eq!(wall_time(Locale::fr, stored), fr);
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn instants_are_read_in_a_zone() {
        let paris = Zone::parse("Europe/Paris").unwrap();
        let start = at("2026-12-03T14:30:00Z");
        assert_eq!(moment(Locale::en, paris, start), "Thursday 3 December 2026 at 3:30\u{a0}pm");
        assert_eq!(moment(Locale::fr, paris, start), "jeudi 3 décembre 2026 à 15:30");
        assert_eq!(stamp(Locale::en, paris, start), "3 Dec 2026, 3:30\u{a0}pm");
        assert_eq!(stamp(Locale::fr, paris, start), "3 déc. 2026, 15:30");
        // In Paris, 23:30Z is already tomorrow.
        let now = at("2026-12-03T12:00:00Z");
        assert_eq!(near(Locale::en, paris, at("2026-12-03T14:30:00Z"), now), "Today 3:30\u{a0}pm");
        assert_eq!(near(Locale::en, paris, at("2026-12-03T23:30:00Z"), now), "Tomorrow 12:30\u{a0}am");
        assert_eq!(near(Locale::fr, paris, at("2026-12-06T09:00:00Z"), now), "dim. 6 déc. 10:00");
    }

    #[test]
    fn the_place_that_names_a_zone() {
        for (name, place) in [("Europe/Paris", "Paris"), ("America/New_York", "New York"), ("UTC", "UTC")] {
            assert_eq!(city(Zone::parse(name).unwrap()), place);
        }
    }

    #[test]
    fn a_price_of_nothing_is_a_word() {
        assert_eq!(price(Locale::en, 0, Currency::Eur), "Free");
        assert_eq!(price(Locale::fr, 0, Currency::Jpy), "Gratuit");
        assert_eq!(price(Locale::en, 1, Currency::Jpy), "¥1");
    }

    #[test]
    fn numbers_and_spans() {
        assert_eq!(tenths(Locale::en, 48), "4.8");
        assert_eq!(tenths(Locale::fr, 50), "5,0");
        assert_eq!(number(Locale::en, 1234), "1,234");
        assert_eq!(number(Locale::fr, 999), "999");
        let spans = [
            (120, "2 hours", "2 heures"),
            (60, "1 hour", "1 heure"),
            (90, "90 minutes", "90 minutes"),
            (1440, "1 day", "1 jour"),
            (2880, "2 days", "2 jours"),
            (0, "0 minutes", "0 minute"),
        ];
        for (minutes, en, fr) in spans {
            assert_eq!(span(Locale::en, minutes), en);
            assert_eq!(span(Locale::fr, minutes), fr);
        }
    }
}
