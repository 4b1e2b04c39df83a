//! A lesson as a calendar entry (RFC 5545), and the files that carry entries (RFC 5546).

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    account::Language,
    booking::BookingState,
    ids::{BookingId, UserId},
};
use icalendar::{Calendar, Class, Component as _, Event, EventLike as _, EventStatus, Property};

use super::{Plain, words};
use crate::{AppError, Result, config::Config};

/// Whose calendar it is.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    pub user: UserId,
    pub name: String,
    pub email: String,
    pub language: Language,
}

/// A lesson as one of its parties sees it.
#[derive(Clone, Debug)]
pub(super) struct Lesson {
    pub booking: BookingId,
    pub title: String,
    pub state: BookingState,
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    pub join_token: String,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
    /// How often it was changed since it was booked.
    pub sequence: u32,
    /// Who teaches.
    pub tutor: String,
    /// The name of the other party.
    pub with: String,
}

impl Lesson {
    /// How a calendar shows it.
    pub(super) fn status(&self) -> EventStatus {
        match self.state {
            BookingState::Requested | BookingState::PendingReview => EventStatus::Tentative,
            BookingState::Cancelled | BookingState::Expired | BookingState::Declined => {
                EventStatus::Cancelled
            }
            BookingState::Confirmed
            | BookingState::Completed
            | BookingState::NoShowStudent
            | BookingState::NoShowTutor
            | BookingState::MutualNoShow
            | BookingState::EarlyEnd => EventStatus::Confirmed,
        }
    }
}

/// What a file of entries is for (RFC 5546, 1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Shows entries to whoever reads them.
    Publish,
    /// Asks a calendar to take an entry in, or to bring it up to date.
    Request,
    /// Asks a calendar to take an entry out.
    Cancel,
}

impl Method {
    /// The name in the file and in its media type.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Method::Publish => "PUBLISH",
            Method::Request => "REQUEST",
            Method::Cancel => "CANCEL",
        }
    }
}

/// How often a calendar should ask a feed for news.
const ASK_AGAIN: TimeDelta = TimeDelta::minutes(15);

/// A file of entries for a reader, written at `now`. A feed has a name. A file that a calendar stores has no method
/// (RFC 4791, 4.1), and names nobody whom a server could write to.
///
/// # Errors
/// Where the library cannot write it.
pub(super) fn file(
    config: &Config,
    method: Option<Method>,
    reader: &Reader,
    lessons: &[Lesson],
    name: Option<&str>,
    now: DateTime<Utc>,
) -> Result<String> {
    let mut calendar = Calendar::empty();
    calendar.append_property(("VERSION", "2.0"));
    calendar.append_property(("PRODID", "-//Lectern//Lectern//EN"));
    calendar.append_property(("CALSCALE", "GREGORIAN"));
    if let Some(method) = method {
        calendar.append_property(("METHOD", method.name()));
    }
    if let Some(name) = name {
        calendar.name(name);
        calendar.ttl(&ASK_AGAIN);
    }
    for lesson in lessons {
        calendar.push(event(config, method, reader, lesson, now));
    }
    (&calendar).try_into().map_err(AppError::fault)
}

/// What the entry of a lesson says that takes place.
pub(super) fn plain(config: &Config, reader: &Reader, lesson: &Lesson) -> Plain {
    let base = &config.web.public_url;
    let page = format!("{base}/lessons/{}", lesson.booking);
    let link = format!("{base}/join/{}", lesson.join_token);
    Plain {
        summary: words::summary(reader.language, &lesson.title, &lesson.with),
        description: words::description(reader.language, &link, &page),
        link,
        page,
        start: lesson.start,
        end: lesson.end,
    }
}

/// The entry of a lesson. Its UID is the booking's for good, so that every later file means the same entry.
fn event(
    config: &Config,
    method: Option<Method>,
    reader: &Reader,
    lesson: &Lesson,
    now: DateTime<Utc>,
) -> Event {
    let (status, language) = (lesson.status(), reader.language);
    let Plain { summary, description, link, page, .. } = plain(config, reader, lesson);
    let mut event = Event::with_uid(&lesson.booking.to_string());
    event
        .sequence(lesson.sequence)
        .timestamp(now)
        .created(lesson.created_at)
        .last_modified(lesson.changed_at)
        .starts(lesson.start)
        .ends(lesson.end)
        .status(status)
        .class(Class::Private);
    if method.is_some() {
        event.append_property(organizer(config, &lesson.tutor));
    }
    if status == EventStatus::Cancelled {
        event
            .summary(&line(&words::cancelled(language, &summary)))
            .description(&words::cancelled_description(language, &page))
            .url(&page)
            .add_property("TRANSP", "TRANSPARENT");
    } else {
        event
            .summary(&line(&summary))
            .description(&description)
            .location(&link)
            .url(&link)
            .add_property("TRANSP", "OPAQUE");
    }
    // RFC 5546, 3.2.1: what is published names nobody as invited.
    if matches!(method, Some(Method::Request | Method::Cancel)) {
        event.append_multi_property(attendee(reader, status));
    }
    event.done()
}

/// The platform invites, in the tutor's name: nobody's address is told to the other party.
fn organizer(config: &Config, tutor: &str) -> Property {
    let address = match &config.mail {
        Some(mail) => mail.from.email.to_string(),
        None => format!("no-reply@{}", config.web.host()),
    };
    Property::new("ORGANIZER", format!("mailto:{address}")).add_parameter("CN", &parameter(tutor)).done()
}

/// The reader, whose word is given on our pages and not by an answer of the calendar.
fn attendee(reader: &Reader, status: EventStatus) -> Property {
    let word = if status == EventStatus::Tentative { "TENTATIVE" } else { "ACCEPTED" };
    Property::new("ATTENDEE", format!("mailto:{}", reader.email))
        .add_parameter("CN", &parameter(&reader.name))
        .add_parameter("CUTYPE", "INDIVIDUAL")
        .add_parameter("PARTSTAT", word)
        .add_parameter("ROLE", "REQ-PARTICIPANT")
        .add_parameter("RSVP", "FALSE")
        .done()
}

/// A text on one line, without the control characters that RFC 5545 forbids.
fn line(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) {
        Cow::Owned(text.replace(char::is_control, " "))
    } else {
        Cow::Borrowed(text)
    }
}

/// The value of a parameter, in which quotes are written as RFC 6868 has it: RFC 5545 knows no way to write them.
fn parameter(text: &str) -> String {
    line(text).replace('^', "^^").replace('"', "^'")
}

#[cfg(test)]
mod tests {
    use calcard::icalendar::{ICalendar, ICalendarProperty};
    use insta::assert_snapshot;
    use uuid::Uuid;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn config() -> Config {
        let vars = |name: &str| (name == "PUBLIC_URL").then(|| "https://lectern.test".to_owned());
        Config::read(vars).expect("a configuration")
    }

    fn reader(language: Language) -> Reader {
        let (name, email) = ("Sam \"the\u{a0}Student\" ^_^".into(), "sam@example.org".into());
        Reader { user: UserId(Uuid::from_u128(3)), name, email, language }
    }

    fn lesson(state: BookingState) -> Lesson {
        Lesson {
            booking: BookingId(Uuid::from_u128(1)),
            title: "Maths; \\ logic, and more – ε δ, so that the line is longer than it may be".into(),
            state,
            start: at("2027-03-01T12:00:00Z"),
            end: at("2027-03-01T13:00:00Z"),
            join_token: "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG".into(),
            created_at: at("2027-02-01T09:00:00Z"),
            changed_at: at("2027-02-02T09:00:00Z"),
            sequence: 4,
            tutor: "Tina; T:\r\nX-EVIL".into(),
            with: "Tina; T:\r\nX-EVIL".into(),
        }
    }

    fn written(method: Method, language: Language, lessons: &[Lesson], name: Option<&str>) -> String {
        let now = at("2027-02-03T10:00:00Z");
        file(&config(), Some(method), &reader(language), lessons, name, now).expect("a file")
    }

    /// As it is sent, with the ends of lines as they are shown.
    fn shown(text: &str) -> String {
        text.replace("\r\n", "\n")
    }

    #[test]
    fn files_are_as_they_are() {
        let (sure, off) = ([lesson(BookingState::Confirmed)], [lesson(BookingState::Cancelled)]);
        let both = [sure[0].clone(), off[0].clone()];
        assert_snapshot!("request_en", shown(&written(Method::Request, Language::En, &sure, None)));
        assert_snapshot!("request_fr", shown(&written(Method::Request, Language::Fr, &sure, None)));
        assert_snapshot!("cancel_en", shown(&written(Method::Cancel, Language::En, &off, None)));
        assert_snapshot!("cancel_fr", shown(&written(Method::Cancel, Language::Fr, &off, None)));
        let name = words::feed(Language::En);
        assert_snapshot!("publish_en", shown(&written(Method::Publish, Language::En, &both, Some(name))));
    }

    #[test]
    fn lines_are_folded_and_nothing_gets_out_of_its_property() {
        for language in Language::ALL {
            let text = written(Method::Request, language, &[lesson(BookingState::Requested)], None);
            assert!(text.ends_with("END:VCALENDAR\r\n"));
            for line in text.split("\r\n") {
                assert!(line.len() <= 75 && !line.contains(['\r', '\n']), "{} octets: {line}", line.len());
                assert!(!line.starts_with("X-EVIL"), "{text}");
            }
        }
    }

    #[test]
    fn another_reader_reads_what_was_meant() {
        let sure = lesson(BookingState::Confirmed);
        let text = written(Method::Request, Language::En, std::slice::from_ref(&sure), None);
        let calendar = ICalendar::parse(&text).expect("a calendar");
        let entry = calendar.components.iter().find(|part| part.has_property(&ICalendarProperty::Uid));
        let entry = entry.expect("an entry");
        let value = |name| entry.property(&name).and_then(|found| found.values.first()?.as_text());
        let summary = "Maths; \\ logic, and more – ε δ, so that the line is longer than it may be with Tina; T:  X-EVIL";
        assert_eq!(value(ICalendarProperty::Summary), Some(summary));
        let link = "https://lectern.test/join/0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
        let page = "https://lectern.test/lessons/00000000-0000-0000-0000-000000000001";
        let description = words::description(Language::En, link, page);
        assert_eq!(value(ICalendarProperty::Description), Some(description.as_str()));
        assert_eq!(value(ICalendarProperty::Location), Some(link));
        assert_eq!(value(ICalendarProperty::Url), Some(link));
        assert_eq!(value(ICalendarProperty::Organizer), Some("mailto:no-reply@lectern.test"));
        let attendee = entry.property(&ICalendarProperty::Attendee).expect("an attendee");
        let name = attendee
            .params
            .iter()
            .find_map(|param| param.value.as_text().filter(|text| text.contains("Sam")));
        assert_eq!(name, Some("Sam ^'the\u{a0}Student^' ^^_^^"), "encoded as RFC 6868 has it");
    }
}
