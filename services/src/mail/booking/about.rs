//! A booking as one of the two is written to about it: names, times, addresses.

use domain::{
    booking::{Booking, Party},
    manners::Manners,
    money::Money,
    zone::Zone,
};

use crate::{
    Result,
    mail::{
        layout::{Body, Link},
        letter::{Letter, Reader},
        texts::{BookingTexts, Texts, fill},
    },
};

/// A booking, and who reads of it.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub booking: &'a Booking,
    pub reader: &'a Reader,
    pub party: Party,
    pub public_url: &'a str,
}

/// A subject and what is said under it.
pub(super) struct Words {
    pub subject: String,
    pub paragraphs: Vec<String>,
    pub rows: Vec<(String, String)>,
    pub button: Link,
    pub links: Vec<Link>,
}

impl About<'_> {
    /// Lays out what is said.
    ///
    /// # Errors
    /// Where the layout cannot be read.
    pub fn letter(&self, texts: &Texts, words: Words) -> Result<Letter> {
        let Words { subject, paragraphs, rows, button, links } = words;
        let body = Body {
            language: self.reader.language,
            greeting: fill(&texts.greeting, &[("name", &self.reader.name)]),
            paragraphs,
            rows,
            button,
            links,
            reason: texts.reason.lesson.clone(),
        };
        Letter::lay_out(texts, subject, &body, self.public_url)
    }

    /// A sentence with the names of lesson, other person and time.
    pub fn say(&self, sentence: &str) -> String {
        let when = self.reader.moment_short(self.booking.start);
        let values = [("title", &*self.booking.title), ("name", self.other()), ("when", &when)];
        fill(sentence, &values)
    }

    /// The name of the other of the two.
    pub fn other(&self) -> &str {
        match self.party {
            Party::Student => &self.booking.tutor_name,
            Party::Tutor => &self.booking.student_name,
        }
    }

    /// Lesson, time (on the other's clock too, where it differs) and price.
    pub fn rows(&self, texts: &Texts) -> Vec<(String, String)> {
        let (own, booking) = (&texts.booking, self.booking);
        let time = self.reader.span(self.reader.zone, booking.start, booking.end);
        let mut rows = vec![(texts.lesson.clone(), self.say(&texts.with)), (texts.time.clone(), time)];
        if let Some(zone) = self.other_zone() {
            let label = fill(&own.other_time, &[("name", self.other())]);
            rows.push((label, self.reader.span(zone, booking.start, booking.end)));
        }
        if booking.price_minor > 0 {
            let price = Money { minor: booking.price_minor, currency: booking.currency };
            rows.push((own.price.clone(), Manners::of(self.reader.language).money(price)));
        }
        rows
    }

    /// The other's zone, where its clock differs from the reader's at the start.
    fn other_zone(&self) -> Option<Zone> {
        let name = match self.party {
            Party::Student => &self.booking.tutor_zone,
            Party::Tutor => &self.booking.student_zone,
        };
        let offset = |zone: Zone| zone.to_wall(self.booking.start).offset_seconds;
        Zone::parse(name).ok().filter(|zone| offset(*zone) != offset(self.reader.zone))
    }

    /// The way into the lesson.
    pub fn join(&self, own: &BookingTexts) -> Link {
        (own.join.clone(), format!("{}/join/{}", self.public_url, self.booking.join_token))
    }

    /// The page of the lesson.
    pub fn page(&self, label: &str) -> Link {
        (label.to_owned(), format!("{}/lessons/{}", self.public_url, self.booking.id))
    }

    /// The way to another time.
    pub fn another(&self, own: &BookingTexts) -> Link {
        (own.another.clone(), format!("{}/tutors/{}", self.public_url, self.booking.tutor_slug))
    }

    /// Where it is said what is charged and why.
    pub fn charge(&self, own: &BookingTexts) -> Link {
        (own.charge.clone(), format!("{}/lessons/{}/charge", self.public_url, self.booking.id))
    }
}
