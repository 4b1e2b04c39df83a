//! How a language writes dates, times, numbers and money. The words and the manners are in the locale
//! files (`time`); instants become wall time in `domain::zone` only.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime, Timelike as _, Utc};
use domain::{
    money::{Currency, Money},
    zone::Zone,
};

use super::i18n::{Locale, td_string};

/// The word at a place of a list such as `January|February|…`; empty beyond its end.
fn word(list: &str, index: u32) -> String {
    list.split('|').nth(index as usize).unwrap_or_default().to_owned()
}

/// A weekday's name, counted from Sunday (0).
#[must_use]
pub fn weekday(locale: Locale, from_sunday: u32) -> String {
    word(td_string!(locale, time.weekdays), from_sunday % 7)
}

/// A weekday's short name, counted from Sunday (0).
#[must_use]
pub fn weekday_short(locale: Locale, from_sunday: u32) -> String {
    word(td_string!(locale, time.weekdays_short), from_sunday % 7)
}

/// A month's name, 1–12.
#[must_use]
pub fn month_name(locale: Locale, month: u32) -> String {
    word(td_string!(locale, time.months), month.saturating_sub(1))
}

/// A month's short name, 1–12.
#[must_use]
pub fn month_short(locale: Locale, month: u32) -> String {
    word(td_string!(locale, time.months_short), month.saturating_sub(1))
}

/// The weekday on which weeks start, counted from Sunday (0).
#[must_use]
pub fn week_start(locale: Locale) -> u32 {
    td_string!(locale, time.week_start).to_string().parse().unwrap_or(1)
}

/// The day of the month as it is written in a date: French says "1er".
fn day_number(locale: Locale, day: u32) -> String {
    if day == 1 { td_string!(locale, time.first_day).to_string() } else { day.to_string() }
}

/// "Thursday 3 December".
#[must_use]
pub fn day(locale: Locale, date: NaiveDate) -> String {
    let weekday = weekday(locale, date.weekday().num_days_from_sunday());
    let (day, month) = (day_number(locale, date.day()), month_name(locale, date.month()));
    td_string!(locale, time.day_of_month, weekday = weekday, day = day, month = month).to_string()
}

/// "Thu 3 Dec".
#[must_use]
pub fn day_short(locale: Locale, date: NaiveDate) -> String {
    let weekday = weekday_short(locale, date.weekday().num_days_from_sunday());
    let (day, month) = (day_number(locale, date.day()), month_short(locale, date.month()));
    td_string!(locale, time.day_of_month, weekday = weekday, day = day, month = month).to_string()
}

/// "3 Dec".
#[must_use]
pub fn day_brief(locale: Locale, date: NaiveDate) -> String {
    let (day, month) = (day_number(locale, date.day()), month_short(locale, date.month()));
    td_string!(locale, time.day_brief, day = day, month = month).to_string()
}

/// "Thursday 3 December 2026".
#[must_use]
pub fn date(locale: Locale, date: NaiveDate) -> String {
    td_string!(locale, time.with_year, date = day(locale, date), year = date.year()).to_string()
}

/// "December 2026".
#[must_use]
pub fn month(locale: Locale, date: NaiveDate) -> String {
    td_string!(locale, time.with_year, date = month_name(locale, date.month()), year = date.year())
        .to_string()
}

/// "3:30 pm" or "15:30".
#[must_use]
pub fn time(locale: Locale, time: NaiveTime) -> String {
    if td_string!(locale, time.clock) == "24" {
        return format!("{:02}:{:02}", time.hour(), time.minute());
    }
    let (after_noon, hour) = time.hour12();
    let half = if after_noon {
        td_string!(locale, time.pm).to_string()
    } else {
        td_string!(locale, time.am).to_string()
    };
    format!("{hour}:{:02}\u{a0}{half}", time.minute())
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
    let local = zone.to_wall(at).local;
    td_string!(locale, time.at, date = date(locale, local.date()), time = time(locale, local.time()))
        .to_string()
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
    format!("{}{}{}", tenths / 10, td_string!(locale, time.decimal), tenths % 10)
}

/// A whole number with its thousands apart.
#[must_use]
pub fn number(locale: Locale, number: i64) -> String {
    let sign = if number < 0 { "−" } else { "" };
    format!("{sign}{}", grouped(locale, &number.unsigned_abs().to_string()))
}

fn grouped(locale: Locale, digits: &str) -> String {
    let group = td_string!(locale, time.group).to_string();
    let mut out = String::with_capacity(digits.len() + 8);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push_str(&group);
        }
        out.push(digit);
    }
    out
}

/// An amount with its currency, by the decimals of ISO 4217: "€25.00", "25,00 €", "¥2,500", "KWD 1.250".
#[must_use]
pub fn money(locale: Locale, minor: i64, currency: Currency) -> String {
    let decimal = Money { minor, currency }.decimal();
    let (sign, decimal) = decimal.strip_prefix('-').map_or(("", decimal.as_str()), |rest| ("−", rest));
    let amount = match decimal.split_once('.') {
        Some((whole, rest)) => {
            format!("{}{}{rest}", grouped(locale, whole), td_string!(locale, time.decimal))
        }
        None => grouped(locale, decimal),
    };
    let symbol = symbol(locale, currency);
    let text = if td_string!(locale, time.money_order) == "after" {
        format!("{amount}\u{a0}{symbol}")
    } else if symbol.len() == 3 && symbol.chars().all(|c| c.is_ascii_uppercase()) {
        format!("{symbol}\u{a0}{amount}")
    } else {
        format!("{symbol}{amount}")
    };
    format!("{sign}{text}")
}

/// A price: as [`money`], and "free" for nothing.
#[must_use]
pub fn price(locale: Locale, minor: i64, currency: Currency) -> String {
    if minor == 0 { td_string!(locale, time.free).to_string() } else { money(locale, minor, currency) }
}

/// The sign of a currency in a language; its code where it has none that is understood.
fn symbol(locale: Locale, currency: Currency) -> String {
    let signs = td_string!(locale, time.currencies).to_string();
    let sign = signs.split('|').find_map(|pair| pair.strip_prefix(currency.code())?.strip_prefix(' '));
    sign.unwrap_or(currency.code()).to_owned()
}

/// How far a zone is ahead of UTC: "UTC+1", "UTC−3:30", "UTC".
#[must_use]
pub fn offset(seconds: i32) -> String {
    let minutes = seconds.abs() / 60;
    let sign = if seconds < 0 { '−' } else { '+' };
    match (minutes / 60, minutes % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, rest) => format!("UTC{sign}{hours}:{rest:02}"),
    }
}

/// A zone as people read it, with its offset at an instant: "Europe/Paris (UTC+1)"; UTC is only that.
#[must_use]
pub fn zone(zone: Zone, at: DateTime<Utc>) -> String {
    if zone == Zone::UTC {
        return "UTC".to_owned();
    }
    format!("{} ({})", zone_name(zone), offset(zone.to_wall(at).offset_seconds))
}

/// A zone's name without underscores: "America/New York".
#[must_use]
pub fn zone_name(zone: Zone) -> String {
    zone.name().replace('_', " ")
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
    fn every_language_has_all_names() {
        for locale in [Locale::en, Locale::fr] {
            for index in 0..7 {
                assert!(!weekday(locale, index).is_empty() && !weekday_short(locale, index).is_empty());
            }
            for index in 1..=12 {
                assert!(!month_name(locale, index).is_empty() && !month_short(locale, index).is_empty());
            }
            assert!(week_start(locale) < 7);
        }
    }

    #[test]
    fn dates() {
        let days = [
            ("2026-12-03", "Thursday 3 December 2026", "jeudi 3 décembre 2026", "Thu 3 Dec", "jeu. 3 déc."),
            (
                "2027-01-01",
                "Friday 1 January 2027",
                "vendredi 1er janvier 2027",
                "Fri 1 Jan",
                "ven. 1er janv.",
            ),
            ("2026-08-30", "Sunday 30 August 2026", "dimanche 30 août 2026", "Sun 30 Aug", "dim. 30 août"),
        ];
        for (day, en, fr, en_short, fr_short) in days {
            let day: NaiveDate = day.parse().unwrap();
            assert_eq!(date(Locale::en, day), en);
            assert_eq!(date(Locale::fr, day), fr);
            assert_eq!(day_short(Locale::en, day), en_short);
            assert_eq!(day_short(Locale::fr, day), fr_short);
        }
        let december: NaiveDate = "2026-12-01".parse().unwrap();
        assert_eq!(month(Locale::en, december), "December 2026");
        assert_eq!(month(Locale::fr, december), "décembre 2026");
    }

    #[test]
    fn times_of_day() {
        let times = [
            ("00:00:00", "12:00\u{a0}am", "00:00"),
            ("00:30:00", "12:30\u{a0}am", "00:30"),
            ("09:05:00", "9:05\u{a0}am", "09:05"),
            ("12:00:00", "12:00\u{a0}pm", "12:00"),
            ("23:59:00", "11:59\u{a0}pm", "23:59"),
        ];
        for (clock, en, fr) in times {
            let clock: NaiveTime = clock.parse().unwrap();
            assert_eq!(time(Locale::en, clock), en);
            assert_eq!(time(Locale::fr, clock), fr);
        }
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
    fn amounts() {
        let amounts = [
            (2500, Currency::Eur, "€25.00", "25,00\u{a0}€"),
            (123_456_789, Currency::Eur, "€1,234,567.89", "1\u{202f}234\u{202f}567,89\u{a0}€"),
            (5, Currency::Usd, "$0.05", "0,05\u{a0}$US"),
            (2500, Currency::Jpy, "¥2,500", "2\u{202f}500\u{a0}¥"),
            (1250, Currency::Kwd, "KWD\u{a0}1.250", "1,250\u{a0}KWD"),
            (4000, Currency::Chf, "CHF\u{a0}40.00", "40,00\u{a0}CHF"),
            (-150, Currency::Gbp, "−£1.50", "−1,50\u{a0}£"),
        ];
        for (minor, currency, en, fr) in amounts {
            assert_eq!(money(Locale::en, minor, currency), en);
            assert_eq!(money(Locale::fr, minor, currency), fr);
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

    #[test]
    fn zones() {
        let names = [
            ("Europe/Paris", "2026-12-03T12:00:00Z", "Europe/Paris (UTC+1)", "Paris"),
            ("Europe/Paris", "2026-07-03T12:00:00Z", "Europe/Paris (UTC+2)", "Paris"),
            ("America/New_York", "2026-12-03T12:00:00Z", "America/New York (UTC−5)", "New York"),
            ("Asia/Kathmandu", "2026-12-03T12:00:00Z", "Asia/Kathmandu (UTC+5:45)", "Kathmandu"),
            ("UTC", "2026-12-03T12:00:00Z", "UTC", "UTC"),
        ];
        for (name, instant, text, place) in names {
            let named = Zone::parse(name).unwrap();
            assert_eq!(zone(named, at(instant)), text);
            assert_eq!(city(named), place);
        }
    }
}
