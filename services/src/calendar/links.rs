//! Links that put a lesson into a calendar on the web, by a form there that is filled in.

use chrono::{DateTime, Utc};
use domain::{account::Language, booking::Booking};
use url::Url;

use super::words;
use crate::{Actor, Services, booking::party};

/// Where a lesson is added to calendars on the web.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links {
    /// Google Calendar.
    pub google: String,
    /// Outlook on the web, of private accounts.
    pub outlook: String,
    /// Outlook of work and school accounts.
    pub office: String,
}

/// The links for one of one's own lessons, as its reader would call it; `None` where it takes place no more.
#[must_use]
pub fn links(services: &Services, actor: &Actor, language: Language, booking: &Booking) -> Option<Links> {
    let party = party(actor, booking)?;
    if !booking.state.is_active() || booking.end <= services.clock.now() {
        return None;
    }
    let with = match party {
        domain::booking::Party::Student => &booking.tutor_name,
        domain::booking::Party::Tutor => &booking.student_name,
    };
    let base = &services.config.web.public_url;
    let (link, page) =
        (format!("{base}/join/{}", booking.join_token), format!("{base}/lessons/{}", booking.id));
    let summary = words::summary(language, &booking.title, with);
    let description = words::description(language, &link, &page);
    let times = (booking.start, booking.end);
    Some(Links {
        google: google(&summary, &description, &link, times)?,
        outlook: outlook("outlook.live.com", &summary, &description, &link, times)?,
        office: outlook("outlook.office.com", &summary, &description, &link, times)?,
    })
}

fn google(
    summary: &str,
    description: &str,
    link: &str,
    (start, end): (DateTime<Utc>, DateTime<Utc>),
) -> Option<String> {
    let instant = |at: DateTime<Utc>| at.format("%Y%m%dT%H%M%SZ").to_string();
    let dates = format!("{}/{}", instant(start), instant(end));
    let values = [
        ("action", "TEMPLATE"),
        ("text", summary),
        ("dates", &dates),
        ("details", description),
        ("location", link),
    ];
    Some(Url::parse_with_params("https://calendar.google.com/calendar/render", values).ok()?.into())
}

fn outlook(
    host: &str,
    summary: &str,
    description: &str,
    link: &str,
    (start, end): (DateTime<Utc>, DateTime<Utc>),
) -> Option<String> {
    let instant = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let (start, end) = (instant(start), instant(end));
    let values = [
        ("path", "/calendar/action/compose"),
        ("rru", "addevent"),
        ("subject", summary),
        ("startdt", &start),
        ("enddt", &end),
        ("body", description),
        ("location", link),
    ];
    let base = format!("https://{host}/calendar/0/deeplink/compose");
    Some(Url::parse_with_params(&base, values).ok()?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_carry_utc_instants_and_escape_what_they_carry() {
        let times =
            ["2027-03-01T12:00:00Z", "2027-03-01T13:00:00Z"].map(|at| at.parse().expect("an instant"));
        let times = (times[0], times[1]);
        let (summary, text, link) = ("Maths & more with Zoé", "a\nb", "https://x.test/join/t");
        assert_eq!(
            google(summary, text, link, times).as_deref(),
            Some(
                "https://calendar.google.com/calendar/render?action=TEMPLATE&text=Maths+%26+more+with+Zo%C3%A9\
                 &dates=20270301T120000Z%2F20270301T130000Z&details=a%0Ab&location=https%3A%2F%2Fx.test%2Fjoin%2Ft"
            )
        );
        assert_eq!(
            outlook("outlook.live.com", summary, text, link, times).as_deref(),
            Some(
                "https://outlook.live.com/calendar/0/deeplink/compose?path=%2Fcalendar%2Faction%2Fcompose\
                 &rru=addevent&subject=Maths+%26+more+with+Zo%C3%A9&startdt=2027-03-01T12%3A00%3A00Z\
                 &enddt=2027-03-01T13%3A00%3A00Z&body=a%0Ab&location=https%3A%2F%2Fx.test%2Fjoin%2Ft"
            )
        );
    }
}
