//! Which part of the calendar an address asks for.

use chrono::{Datelike as _, Days, Months, NaiveDate};
use domain::{interval::Interval, zone::Zone};

use super::calendar_model::Span;
use super::query;

/// The longest horizon that a tutor can set, in days; nothing beyond it is shown.
const FARTHEST_DAYS: u64 = 366;

/// What is shown of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalendarState {
    /// Month or week.
    pub span: Span,
    /// The first day of the month or the week.
    pub first: NaiveDate,
    /// The day that was chosen.
    pub day: Option<NaiveDate>,
    /// The address named a month or a day.
    pub asked: bool,
}

impl CalendarState {
    /// Reads `view`, `month` and `day`. What is malformed counts as absent; what is past or too far is
    /// moved to the nearest that can be shown. `week_start` is counted from Sunday.
    #[must_use]
    pub fn parse(text: &str, today: NaiveDate, week_start: u32) -> Self {
        let span = if query::get(text, "view").as_deref() == Some("week") { Span::Week } else { Span::Month };
        let farthest = today + Days::new(FARTHEST_DAYS);
        let near = |date: NaiveDate| date.clamp(today, farthest);
        let day = query::parse::<NaiveDate>(text, "day").map(near);
        let month =
            query::get(text, "month").and_then(|month| format!("{month}-01").parse::<NaiveDate>().ok());
        let month = month.map(|first| first.clamp(first_of_month(today), first_of_month(farthest)));
        let asked = day.is_some() || month.is_some();
        let anchor = match (month, day) {
            (Some(month), Some(day)) if first_of_month(day) == month => day,
            (Some(month), _) => near(month),
            (None, day) => day.unwrap_or(today),
        };
        Self::at(span, anchor, day.filter(|day| *day == anchor), week_start, asked)
    }

    /// The month or week around a day.
    #[must_use]
    pub fn around(span: Span, day: NaiveDate, week_start: u32) -> Self {
        Self::at(span, day, None, week_start, true)
    }

    fn at(span: Span, anchor: NaiveDate, day: Option<NaiveDate>, week_start: u32, asked: bool) -> Self {
        let first = match span {
            Span::Month => first_of_month(anchor),
            Span::Week => first_of_week(anchor, week_start),
        };
        CalendarState { span, first, day, asked }
    }

    /// The first day after it.
    #[must_use]
    pub fn after(&self) -> NaiveDate {
        match self.span {
            Span::Month => self.first + Months::new(1),
            Span::Week => self.first + Days::new(7),
        }
    }

    /// The first day of the month or week before it.
    #[must_use]
    pub fn before(&self) -> NaiveDate {
        match self.span {
            Span::Month => self.first - Months::new(1),
            Span::Week => self.first - Days::new(7),
        }
    }

    /// Its days.
    pub fn days(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        let after = self.after();
        self.first.iter_days().take_while(move |day| *day < after)
    }

    /// Its instants in a zone.
    #[must_use]
    pub fn interval(&self, zone: Zone) -> Interval {
        let midnight = |date: NaiveDate| zone.to_instant(date.and_time(chrono::NaiveTime::MIN));
        Interval::new(midnight(self.first), midnight(self.after()))
    }
}

/// The first of a date's month.
#[must_use]
pub fn first_of_month(date: NaiveDate) -> NaiveDate {
    date.with_day(1).unwrap_or(date)
}

/// The first day of a date's week.
fn first_of_week(date: NaiveDate, week_start: u32) -> NaiveDate {
    date - Days::new(u64::from(column(date, week_start)))
}

/// The column of a date in weeks that start on `week_start`, 0–6.
#[must_use]
pub fn column(date: NaiveDate, week_start: u32) -> u32 {
    (date.weekday().num_days_from_sunday() + 7 - week_start % 7) % 7
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_ask_for_months_and_weeks() {
        // 2026-11-21 is a Saturday; weeks start on Monday (1) or Sunday (0).
        let cases = [
            ("", 1, "2026-11-01", None),
            ("month=2026-12", 1, "2026-12-01", None),
            ("day=2026-12-03", 1, "2026-12-01", Some("2026-12-03")),
            ("month=2026-12&day=2026-12-03", 1, "2026-12-01", Some("2026-12-03")),
            ("month=2027-01&day=2026-12-03", 1, "2027-01-01", None),
            ("month=2020-01", 1, "2026-11-01", None),
            ("month=9999-12", 1, "2027-11-01", None),
            ("month=banana&day=2026-13-77", 1, "2026-11-01", None),
            ("day=2020-01-01", 1, "2026-11-01", Some("2026-11-21")),
            ("view=week", 1, "2026-11-16", None),
            ("view=week", 0, "2026-11-15", None),
            ("view=week&day=2026-12-06", 1, "2026-11-30", Some("2026-12-06")),
            ("view=week&day=2026-12-06", 0, "2026-12-06", Some("2026-12-06")),
            ("view=week&month=2026-12", 0, "2026-11-29", None),
        ];
        for (query, week_start, first, day) in cases {
            let state = CalendarState::parse(query, date("2026-11-21"), week_start);
            assert_eq!((state.first, state.day), (date(first), day.map(date)), "{query}");
        }
    }

    #[test]
    fn a_month_knows_its_days_and_neighbours() {
        let state = CalendarState::around(Span::Month, date("2028-02-10"), 1);
        assert_eq!(state.days().count(), 29);
        assert_eq!((state.before(), state.after()), (date("2028-01-01"), date("2028-03-01")));
    }

    #[test]
    fn an_interval_has_the_real_length_of_its_days() {
        let paris = Zone::parse("Europe/Paris").unwrap();
        for (day, hours) in [("2027-03-28", 7 * 24 - 1), ("2026-10-25", 7 * 24 + 1), ("2026-12-03", 7 * 24)] {
            let week = CalendarState::around(Span::Week, date(day), 1);
            assert_eq!(week.interval(paris).length().num_hours(), hours, "{day}");
        }
    }
}
