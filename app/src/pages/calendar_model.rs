//! The booking calendar as data, ready to be shown: every text is in the reader's language, every time
//! in the reader's zone.

/// How much of the calendar is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Span {
    /// A month of days, and the slots of one.
    #[default]
    Month,
    /// The slots of a week's days.
    Week,
}

/// A way to another state of the calendar, as a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Where it goes; empty where it cannot be taken.
    pub href: String,
    /// What a person reads.
    pub label: String,
    /// A word more, such as the price; may be empty.
    pub hint: String,
    /// It is the present state.
    pub current: bool,
}

/// A day of the month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// The civil date in the reader's zone, `YYYY-MM-DD`.
    pub date: String,
    /// Day of the month.
    pub number: u32,
    /// How many starts are free.
    pub free: u32,
    /// The same in few words.
    pub free_text: String,
    /// The whole in words: "Thursday 3 December, 5 free times".
    pub label: String,
    /// Where its starts are shown; empty where none are free.
    pub href: String,
    /// Its starts are shown.
    pub selected: bool,
    /// It is today.
    pub today: bool,
}

/// A free start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// The instant, RFC 3339 in UTC.
    pub start: String,
    /// The time in the reader's zone.
    pub time: String,
    /// The time in the tutor's zone where it differs, and what tells two passes of a fold apart.
    pub note: String,
    /// The whole in words.
    pub label: String,
}

/// The free starts of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayStarts {
    /// The weekday.
    pub weekday: String,
    /// The date without it.
    pub date: String,
    /// It is today.
    pub today: bool,
    /// In order.
    pub starts: Vec<Start>,
}

/// Which zones the times are in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZoneView {
    /// The IANA name of the reader's zone.
    pub name: String,
    /// "Times in Europe/Paris (UTC+1)".
    pub text: String,
    /// The tutor's zone, where it differs.
    pub other: String,
    /// Changes of the clock in the days that are shown.
    pub changes: Vec<String>,
    /// The reader's zone is known, and not merely assumed.
    pub known: bool,
}

/// What choosing a start does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choose {
    /// Posts the start to hold it for a new booking.
    Hold {
        /// The tutor's slug.
        slug: String,
        /// The offering's id.
        offering: String,
        /// Minutes.
        duration: u16,
    },
    /// Goes to a page that asks for the move to be confirmed: a link to which the start is added.
    Move {
        /// The link, ending in `start=`.
        href: String,
    },
}

impl Default for Choose {
    fn default() -> Self {
        Choose::Move { href: String::new() }
    }
}

/// The calendar in one state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CalendarView {
    /// Month or week.
    pub span: Span,
    /// The query of this state, without the question mark.
    pub query: String,
    /// What is shown: "December 2026".
    pub title: String,
    /// The period before; its `href` is empty where it is past.
    pub previous: Choice,
    /// The period after; its `href` is empty where it is beyond the horizon.
    pub next: Choice,
    /// Month and week.
    pub spans: Vec<Choice>,
    /// The offerings, where there are several.
    pub offerings: Vec<Choice>,
    /// The durations of the offering, with their prices.
    pub durations: Vec<Choice>,
    /// Names of the weekdays in the order of the columns: short and whole.
    pub weekdays: Vec<(String, String)>,
    /// The rows of the month, seven places each; `None` belongs to another month.
    pub weeks: Vec<Vec<Option<Day>>>,
    /// The one day of the grid that Tab reaches.
    pub tabbable: String,
    /// The days whose starts are shown: one, or seven.
    pub days: Vec<DayStarts>,
    /// Said where nothing is free in what is shown.
    pub empty: String,
    /// The way to the next free start, where there is one.
    pub next_free: Option<Choice>,
    /// What a live region says of this state.
    pub announcement: String,
    /// The zones.
    pub zone: ZoneView,
    /// What choosing a start does.
    pub choose: Choose,
}

/// The words of the calendar that never change with its state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CalendarTexts {
    /// Heading of the choice of offerings.
    pub offerings: String,
    /// Heading of the choice of durations.
    pub durations: String,
    /// Name of the choice of month or week.
    pub spans: String,
    /// Legend: no free times.
    pub none: String,
    /// Legend: one or two.
    pub few: String,
    /// Legend: three to seven.
    pub some: String,
    /// Legend: eight and more.
    pub many: String,
    /// Said in place of starts of a day without any.
    pub no_times: String,
    /// How the grid is used with the keyboard.
    pub keys: String,
}
