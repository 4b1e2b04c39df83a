//! What mails about bookings say.

use chrono::{DateTime, Utc};
use domain::{
    booking::{Booking, BookingState, Party},
    manners::Manners,
    money::Money,
    zone::Zone,
};

use super::{Kind, Told};
use crate::{
    AppError, Result,
    mail::{
        layout::{Body, Link},
        letter::{Letter, Reader},
        texts::{BookingTexts, Texts, fill},
    },
};

/// What happened to a booking, told to one of the two.
pub(super) struct News<'a> {
    pub kind: Kind,
    pub told: &'a Told,
    pub booking: &'a Booking,
    /// What was paid ahead is given back.
    pub given_back: bool,
    pub reader: &'a Reader,
    pub party: Party,
    pub public_url: &'a str,
}

/// A subject and what is said under it.
struct Words {
    subject: String,
    paragraphs: Vec<String>,
    rows: Vec<(String, String)>,
    button: Link,
    links: Vec<Link>,
}

impl News<'_> {
    /// Writes it.
    ///
    /// # Errors
    /// Where sentences or layout cannot be read.
    pub fn letter(&self) -> Result<Letter> {
        let texts = Texts::of(self.reader.language)?;
        let Words { subject, paragraphs, rows, button, links } = self.words(&texts)?;
        let body = Body {
            language: self.reader.language,
            greeting: fill(&texts.greeting, &[("name", &self.reader.name)]),
            paragraphs,
            rows,
            button,
            links,
        };
        Letter::lay_out(&texts, subject, &body, self.public_url)
    }

    fn words(&self, texts: &Texts) -> Result<Words> {
        let own = &texts.booking;
        Ok(match self.kind {
            Kind::BookingRequested => self.requested(texts),
            Kind::BookingConfirmed => self.confirmed(texts),
            Kind::BookingDeclined => self.refused(texts, &own.declined.subject, &own.declined.lead),
            Kind::BookingExpired => self.refused(texts, &own.expired.subject, &own.expired.lead),
            Kind::BookingRescheduled => self.rescheduled(texts),
            Kind::BookingCancelled => self.cancelled(texts),
            kind => return Err(AppError::fault(format!("{} is no mail about a booking", kind.name()))),
        })
    }

    fn requested(&self, texts: &Texts) -> Words {
        let own = &texts.booking.requested;
        let until = self.booking.expires_at.map(|lapse| self.reader.moment(lapse));
        let until = until.map(|until| fill(&own.until, &[("until", &until)]));
        let mut rows = self.rows(texts);
        rows.extend(self.note(&texts.booking));
        Words {
            subject: self.say(&own.subject),
            paragraphs: std::iter::once(self.say(&own.lead)).chain(until).collect(),
            rows,
            button: self.page(&own.link),
            links: Vec::new(),
        }
    }

    fn confirmed(&self, texts: &Texts) -> Words {
        let own = &texts.booking;
        let mut rows = self.rows(texts);
        rows.extend(self.note(own));
        Words {
            subject: self.say(&own.confirmed.subject),
            paragraphs: vec![self.say(&own.confirmed.lead), own.opens.clone()],
            rows,
            button: self.join(own),
            links: vec![self.page(&own.page)],
        }
    }

    /// A request that came to nothing, told to its student.
    fn refused(&self, texts: &Texts, subject: &str, lead: &str) -> Words {
        let own = &texts.booking;
        let mut rows = self.rows(texts);
        rows.extend(self.reason(own));
        Words {
            subject: self.say(subject),
            paragraphs: std::iter::once(self.say(lead)).chain(self.nothing_charged(own)).collect(),
            rows,
            button: self.another(own),
            links: vec![self.page(&own.page)],
        }
    }

    fn rescheduled(&self, texts: &Texts) -> Words {
        let (common, own) = (&texts.booking, &texts.booking.rescheduled);
        let lead = self.by([&own.by_you, &own.by_other, &own.by_platform]);
        let mut rows = self.rows(texts);
        if let Some(old) = self.told.old {
            rows.insert(2, (common.old_time.clone(), self.span(self.reader.zone, old.start, old.end)));
        }
        let subject = self.say(&own.subject);
        if self.booking.state == BookingState::Requested {
            let paragraphs = vec![self.say(lead), self.say(&own.unanswered)];
            return Words { subject, paragraphs, rows, button: self.page(&common.page), links: Vec::new() };
        }
        Words {
            subject,
            paragraphs: vec![self.say(lead), own.new_link.clone(), common.opens.clone()],
            rows,
            button: self.join(common),
            links: vec![self.page(&common.page)],
        }
    }

    fn cancelled(&self, texts: &Texts) -> Words {
        let (common, own) = (&texts.booking, &texts.booking.cancelled);
        let lead = match &*self.told.actor {
            "system" => &own.not_paid,
            _ => self.by([&own.by_you, &own.by_other, &own.by_platform]),
        };
        let given_back = (self.given_back && self.party == Party::Student).then(|| own.given_back.clone());
        let paragraphs =
            std::iter::once(self.say(lead)).chain(self.nothing_charged(common)).chain(given_back);
        let mut rows = self.rows(texts);
        rows.extend(self.reason(common));
        let (button, links) = match self.party {
            Party::Student => (self.another(common), vec![self.page(&common.page)]),
            Party::Tutor => (self.page(&common.page), Vec::new()),
        };
        Words { subject: self.say(&own.subject), paragraphs: paragraphs.collect(), rows, button, links }
    }

    /// The sentence for who did it: the reader, the other of the two, the platform.
    fn by<'a>(&self, [you, other, platform]: [&'a str; 3]) -> &'a str {
        match &*self.told.actor {
            actor if actor == self.party.name() => you,
            "student" | "tutor" => other,
            _ => platform,
        }
    }

    /// A sentence with the names of lesson, other person and time.
    fn say(&self, sentence: &str) -> String {
        let when = self.reader.moment_short(self.booking.start);
        let values = [("title", &*self.booking.title), ("name", self.other()), ("when", &when)];
        fill(sentence, &values)
    }

    fn other(&self) -> &str {
        match self.party {
            Party::Student => &self.booking.tutor_name,
            Party::Tutor => &self.booking.student_name,
        }
    }

    /// Lesson, time (on the other's clock too, where it differs) and price.
    fn rows(&self, texts: &Texts) -> Vec<(String, String)> {
        let (own, booking) = (&texts.booking, self.booking);
        let time = self.span(self.reader.zone, booking.start, booking.end);
        let mut rows = vec![(texts.lesson.clone(), self.say(&texts.with)), (texts.time.clone(), time)];
        if let Some(zone) = self.other_zone() {
            let label = fill(&own.other_time, &[("name", self.other())]);
            rows.push((label, self.span(zone, booking.start, booking.end)));
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

    fn span(&self, zone: Zone, start: DateTime<Utc>, end: DateTime<Utc>) -> String {
        self.reader.span(zone, start, end)
    }

    fn note(&self, own: &BookingTexts) -> Option<(String, String)> {
        let note = self.booking.note.as_ref().filter(|_| self.party == Party::Tutor);
        note.map(|note| (own.note.clone(), note.clone()))
    }

    fn reason(&self, own: &BookingTexts) -> Option<(String, String)> {
        self.told.reason.as_ref().map(|reason| (own.reason.clone(), reason.clone()))
    }

    fn nothing_charged(&self, own: &BookingTexts) -> Option<String> {
        (self.booking.price_minor > 0).then(|| own.nothing_charged.clone())
    }

    fn join(&self, own: &BookingTexts) -> Link {
        (own.join.clone(), format!("{}/join/{}", self.public_url, self.booking.join_token))
    }

    fn page(&self, label: &str) -> Link {
        (label.to_owned(), format!("{}/lessons/{}", self.public_url, self.booking.id))
    }

    fn another(&self, own: &BookingTexts) -> Link {
        (own.another.clone(), format!("{}/tutors/{}", self.public_url, self.booking.tutor_slug))
    }
}
