//! Windows of wall clock within a day.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{Code, Refusal};

/// Minutes in a day.
const DAY: u16 = 1_440;

/// A stretch of wall clock `[start, end)`, in minutes from the midnight at which its day starts.
/// Past 1440 it reaches into the next day, and that tail belongs to the day on which it starts
/// (rules, Time 3). At most 24 hours long. On the wire `{"start": "HH:MM", "end": "HH:MM"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "HhMm", into = "HhMm")]
pub struct Window {
    start: u16,
    end: u16,
}

impl Window {
    /// From minutes: `start` in 0..1440, `end` after it by at most 1440.
    ///
    /// # Errors
    /// `INVALID_REQUEST` (`window`).
    pub fn new(start: u16, end: u16) -> Result<Window, Refusal> {
        let fits = start < DAY && start < end && end - start <= DAY;
        if fits {
            Ok(Window { start, end })
        } else {
            Err(Refusal::on(Code::InvalidRequest, "window", "window"))
        }
    }

    /// From two times as a person writes them. An end at or before the start crosses midnight
    /// (`22:00`–`02:00`); `24:00` is an end only.
    ///
    /// # Errors
    /// `INVALID_REQUEST` (`window_start`, `window_end`) for what is no time `HH:MM`.
    pub fn parse(start: &str, end: &str) -> Result<Window, Refusal> {
        let refuse = |key, field| Refusal::on(Code::InvalidRequest, key, field);
        let from = minutes(start).filter(|minute| *minute < DAY);
        let from = from.ok_or_else(|| refuse("window_start", "start"))?;
        let until = minutes(end).ok_or_else(|| refuse("window_end", "end"))?;
        Window::new(from, if until <= from { until + DAY } else { until })
    }

    /// The first minute.
    #[must_use]
    pub fn start(self) -> u16 {
        self.start
    }

    /// The first minute after it, up to 2879.
    #[must_use]
    pub fn end(self) -> u16 {
        self.end
    }

    /// The two times as [`Window::parse`] reads them.
    #[must_use]
    pub fn to_hhmm(self) -> (String, String) {
        let end = if self.end > DAY { self.end - DAY } else { self.end };
        (hhmm(self.start), hhmm(end))
    }
}

/// `HH:MM`, `00:00` to `24:00`, in minutes.
fn minutes(text: &str) -> Option<u16> {
    let &[h1, h2, b':', m1, m2] = text.as_bytes() else { return None };
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
    let (hour, minute) = (digit(h1)? * 10 + digit(h2)?, digit(m1)? * 10 + digit(m2)?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= DAY).then_some(total)
}

fn hhmm(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[derive(Serialize, Deserialize)]
struct HhMm {
    start: String,
    end: String,
}

impl TryFrom<HhMm> for Window {
    type Error = Refusal;

    fn try_from(text: HhMm) -> Result<Window, Refusal> {
        Window::parse(&text.start, &text.end)
    }
}

impl From<Window> for HhMm {
    fn from(window: Window) -> HhMm {
        let (start, end) = window.to_hhmm();
        HhMm { start, end }
    }
}

/// A window of every week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeeklyWindow {
    /// The day on which it starts: 0 is Sunday, 6 Saturday.
    pub weekday: u8,
    /// Its wall clock.
    #[serde(flatten)]
    pub window: Window,
}

/// What replaces the weekly hours on one civil date in the tutor's zone (rules, Time 4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The date, the whole of which it governs.
    pub date: NaiveDate,
    /// The hours of that date; none is a day off.
    pub windows: Vec<Window>,
    /// What the tutor noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
