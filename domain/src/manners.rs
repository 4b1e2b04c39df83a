//! How a language writes dates, times, numbers and money: the same on pages and in mails.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime, Timelike as _, Utc};

use crate::{
    account::Language,
    money::{Currency, Money},
    zone::Zone,
};

/// The words and manners of a language.
#[derive(Debug)]
pub struct Manners {
    /// From January on.
    pub months: [&'static str; 12],
    /// The same, short.
    pub months_short: [&'static str; 12],
    /// From Sunday on.
    pub weekdays: [&'static str; 7],
    /// The same, short.
    pub weekdays_short: [&'static str; 7],
    /// The weekday on which weeks start, counted from Sunday (0).
    pub week_start: u32,
    /// Between whole and part of a number.
    pub decimal: &'static str,
    /// Between the thousands of a number.
    group: &'static str,
    /// The first day of a month in a date.
    first_day: &'static str,
    /// Between a date and a time.
    at: &'static str,
    /// Before and after noon; `None` where hours are counted to 24.
    halves: Option<[&'static str; 2]>,
    /// Whether a currency stands after its amount.
    currency_after: bool,
    /// Signs of currencies that differ from the code.
    signs: &'static [(Currency, &'static str)],
}

static ENGLISH: Manners = Manners {
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    months_short: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    weekdays: ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
    weekdays_short: ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"],
    week_start: 0,
    decimal: ".",
    group: ",",
    first_day: "1",
    at: " at ",
    halves: Some(["am", "pm"]),
    currency_after: false,
    signs: &[
        (Currency::Eur, "€"),
        (Currency::Usd, "$"),
        (Currency::Gbp, "£"),
        (Currency::Jpy, "¥"),
        (Currency::Inr, "₹"),
        (Currency::Krw, "₩"),
        (Currency::Brl, "R$"),
        (Currency::Aud, "A$"),
        (Currency::Cad, "CA$"),
        (Currency::Hkd, "HK$"),
        (Currency::Mxn, "MX$"),
        (Currency::Nzd, "NZ$"),
    ],
};

static FRENCH: Manners = Manners {
    months: [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    months_short: [
        "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.",
    ],
    weekdays: ["dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"],
    weekdays_short: ["dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."],
    week_start: 1,
    decimal: ",",
    group: "\u{202f}",
    first_day: "1er",
    at: " à ",
    halves: None,
    currency_after: true,
    signs: &[
        (Currency::Eur, "€"),
        (Currency::Usd, "$US"),
        (Currency::Gbp, "£"),
        (Currency::Jpy, "¥"),
        (Currency::Inr, "₹"),
        (Currency::Krw, "₩"),
        (Currency::Brl, "R$"),
        (Currency::Aud, "$AU"),
        (Currency::Cad, "$CA"),
        (Currency::Hkd, "$HK"),
        (Currency::Mxn, "$MX"),
        (Currency::Nzd, "$NZ"),
    ],
};

impl Manners {
    /// Those of a language.
    #[must_use]
    pub const fn of(language: Language) -> &'static Manners {
        match language {
            Language::En => &ENGLISH,
            Language::Fr => &FRENCH,
        }
    }

    /// The day of the month as it is written in a date: French says "1er".
    fn day_number(&self, date: NaiveDate) -> String {
        if date.day() == 1 { self.first_day.to_owned() } else { date.day().to_string() }
    }

    /// "Thursday 3 December".
    #[must_use]
    pub fn day(&self, date: NaiveDate) -> String {
        let weekday = self.weekdays[date.weekday().num_days_from_sunday() as usize];
        format!("{weekday} {} {}", self.day_number(date), self.months[date.month0() as usize])
    }

    /// "Thu 3 Dec".
    #[must_use]
    pub fn day_short(&self, date: NaiveDate) -> String {
        let weekday = self.weekdays_short[date.weekday().num_days_from_sunday() as usize];
        format!("{weekday} {}", self.day_brief(date))
    }

    /// "3 Dec".
    #[must_use]
    pub fn day_brief(&self, date: NaiveDate) -> String {
        format!("{} {}", self.day_number(date), self.months_short[date.month0() as usize])
    }

    /// "Thursday 3 December 2026".
    #[must_use]
    pub fn date(&self, date: NaiveDate) -> String {
        format!("{} {}", self.day(date), date.year())
    }

    /// "December 2026".
    #[must_use]
    pub fn month(&self, date: NaiveDate) -> String {
        format!("{} {}", self.months[date.month0() as usize], date.year())
    }

    /// "3:30 pm" or "15:30".
    #[must_use]
    pub fn time(&self, time: NaiveTime) -> String {
        let Some([am, pm]) = self.halves else {
            return format!("{:02}:{:02}", time.hour(), time.minute());
        };
        let (after_noon, hour) = time.hour12();
        format!("{hour}:{:02}\u{a0}{}", time.minute(), if after_noon { pm } else { am })
    }

    /// An instant in a zone: "Thursday 3 December 2026 at 3:30 pm".
    #[must_use]
    pub fn moment(&self, zone: Zone, at: DateTime<Utc>) -> String {
        let local = zone.to_wall(at).local;
        format!("{}{}{}", self.date(local.date()), self.at, self.time(local.time()))
    }

    /// A whole number with its thousands apart.
    #[must_use]
    pub fn number(&self, number: i64) -> String {
        let sign = if number < 0 { "−" } else { "" };
        format!("{sign}{}", self.grouped(&number.unsigned_abs().to_string()))
    }

    fn grouped(&self, digits: &str) -> String {
        let mut out = String::with_capacity(digits.len() + 8);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                out.push_str(self.group);
            }
            out.push(digit);
        }
        out
    }

    /// An amount with its currency, by the decimals of ISO 4217: "€25.00", "25,00 €", "¥2,500", "KWD 1.250".
    #[must_use]
    pub fn money(&self, money: Money) -> String {
        let decimal = money.decimal();
        let (sign, decimal) = decimal.strip_prefix('-').map_or(("", decimal.as_str()), |rest| ("−", rest));
        let amount = match decimal.split_once('.') {
            Some((whole, rest)) => format!("{}{}{rest}", self.grouped(whole), self.decimal),
            None => self.grouped(decimal),
        };
        let known = self.signs.iter().find(|(currency, _)| *currency == money.currency);
        match known {
            Some((_, symbol)) if self.currency_after => format!("{sign}{amount}\u{a0}{symbol}"),
            Some((_, symbol)) => format!("{sign}{symbol}{amount}"),
            None if self.currency_after => format!("{sign}{amount}\u{a0}{}", money.currency),
            None => format!("{sign}{}\u{a0}{amount}", money.currency),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

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
            let clock: NaiveTime = clock.parse().expect("a value");
            assert_eq!(Manners::of(Language::En).time(clock), en);
            assert_eq!(Manners::of(Language::Fr).time(clock), fr);
        }
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
            assert_eq!(Manners::of(Language::En).money(Money { minor, currency }), en);
            assert_eq!(Manners::of(Language::Fr).money(Money { minor, currency }), fr);
        }
    }

    #[test]
    fn zones() {
        let names = [
            ("Europe/Paris", "2026-12-03T12:00:00Z", "Europe/Paris (UTC+1)"),
            ("Europe/Paris", "2026-07-03T12:00:00Z", "Europe/Paris (UTC+2)"),
            ("America/New_York", "2026-12-03T12:00:00Z", "America/New York (UTC−5)"),
            ("Asia/Kathmandu", "2026-12-03T12:00:00Z", "Asia/Kathmandu (UTC+5:45)"),
            ("UTC", "2026-12-03T12:00:00Z", "UTC"),
        ];
        for (name, instant, text) in names {
            let named = Zone::parse(name).expect("a value");
            assert_eq!(zone(named, instant.parse().expect("an instant")), text);
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
            let day: NaiveDate = day.parse().expect("a date");
            for (language, long, short) in [(Language::En, en, en_short), (Language::Fr, fr, fr_short)] {
                let manners = Manners::of(language);
                assert_eq!((&*manners.date(day), &*manners.day_short(day)), (long, short));
            }
        }
        let december: NaiveDate = "2026-12-01".parse().expect("a date");
        assert_eq!(Manners::of(Language::En).month(december), "December 2026");
        assert_eq!(Manners::of(Language::Fr).month(december), "décembre 2026");
    }
}
