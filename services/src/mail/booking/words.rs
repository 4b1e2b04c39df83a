//! What mails about bookings say.

use domain::{
    booking::{BookingState, Party},
    manners::Manners,
    money::Money,
};

use super::{
    Kind, Told,
    about::{About, Words},
};
use crate::{
    AppError, Result,
    mail::{
        letter::Letter,
        texts::{BookingTexts, Texts, fill},
    },
};

/// What happened to a booking, told to one of the two.
pub(super) struct News<'a> {
    pub kind: Kind,
    pub told: &'a Told,
    pub about: About<'a>,
    /// What was paid ahead is given back.
    pub given_back: bool,
    /// What the outcome costs.
    pub charged: Option<Money>,
}

impl News<'_> {
    /// Writes it.
    ///
    /// # Errors
    /// Where sentences or layout cannot be read.
    pub fn letter(&self) -> Result<Letter> {
        let texts = Texts::of(self.about.reader.language)?;
        let words = self.words(&texts)?;
        self.about.letter(&texts, words)
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
            Kind::NoShow => self.no_show(texts),
            kind => return Err(AppError::fault(format!("{} is no mail about a booking", kind.name()))),
        })
    }

    fn requested(&self, texts: &Texts) -> Words {
        let own = &texts.booking.requested;
        let until = self.about.booking.expires_at.map(|lapse| self.about.reader.moment(lapse));
        let until = until.map(|until| fill(&own.until, &[("until", &until)]));
        let mut rows = self.about.rows(texts);
        rows.extend(self.note(&texts.booking));
        Words {
            subject: self.about.say(&own.subject),
            paragraphs: std::iter::once(self.about.say(&own.lead)).chain(until).collect(),
            rows,
            button: self.about.page(&own.link),
            links: Vec::new(),
        }
    }

    fn confirmed(&self, texts: &Texts) -> Words {
        let own = &texts.booking;
        let mut rows = self.about.rows(texts);
        rows.extend(self.note(own));
        Words {
            subject: self.about.say(&own.confirmed.subject),
            paragraphs: vec![self.about.say(&own.confirmed.lead), own.opens.clone()],
            rows,
            button: self.about.join(own),
            links: vec![self.about.page(&own.page)],
        }
    }

    /// A request that came to nothing, told to its student.
    fn refused(&self, texts: &Texts, subject: &str, lead: &str) -> Words {
        let own = &texts.booking;
        let mut rows = self.about.rows(texts);
        rows.extend(self.reason(own));
        Words {
            subject: self.about.say(subject),
            paragraphs: std::iter::once(self.about.say(lead)).chain(self.nothing_charged(own)).collect(),
            rows,
            button: self.about.another(own),
            links: vec![self.about.page(&own.page)],
        }
    }

    fn rescheduled(&self, texts: &Texts) -> Words {
        let (common, own) = (&texts.booking, &texts.booking.rescheduled);
        let lead = self.by([&own.by_you, &own.by_other, &own.by_platform]);
        let mut rows = self.about.rows(texts);
        if let Some(old) = self.told.old {
            rows.insert(
                2,
                (common.old_time.clone(), self.about.reader.span(self.about.reader.zone, old.start, old.end)),
            );
        }
        let subject = self.about.say(&own.subject);
        if self.about.booking.state == BookingState::Requested {
            let paragraphs = vec![self.about.say(lead), self.about.say(&own.unanswered)];
            return Words {
                subject,
                paragraphs,
                rows,
                button: self.about.page(&common.page),
                links: Vec::new(),
            };
        }
        Words {
            subject,
            paragraphs: vec![self.about.say(lead), own.new_link.clone(), common.opens.clone()],
            rows,
            button: self.about.join(common),
            links: vec![self.about.page(&common.page)],
        }
    }

    fn cancelled(&self, texts: &Texts) -> Words {
        let (common, own) = (&texts.booking, &texts.booking.cancelled);
        let lead = match &*self.told.actor {
            "system" => &own.not_paid,
            _ => self.by([&own.by_you, &own.by_other, &own.by_platform]),
        };
        let given_back =
            (self.given_back && self.about.party == Party::Student).then(|| own.given_back.clone());
        let paragraphs =
            std::iter::once(self.about.say(lead)).chain(self.nothing_charged(common)).chain(given_back);
        let mut rows = self.about.rows(texts);
        rows.extend(self.reason(common));
        let (button, links) = match self.about.party {
            Party::Student => (self.about.another(common), vec![self.about.page(&common.page)]),
            Party::Tutor => (self.about.page(&common.page), Vec::new()),
        };
        Words { subject: self.about.say(&own.subject), paragraphs: paragraphs.collect(), rows, button, links }
    }

    fn no_show(&self, texts: &Texts) -> Words {
        let (common, own) = (&texts.booking, &texts.booking.no_show);
        let lead = match (self.told.status, self.about.party) {
            (BookingState::NoShowStudent, Party::Student) | (BookingState::NoShowTutor, Party::Tutor) => {
                &own.you
            }
            (BookingState::NoShowStudent | BookingState::NoShowTutor, _) => &own.other,
            _ => &own.nobody,
        };
        let charged = self.charged.map(|amount| {
            let amount = Manners::of(self.about.reader.language).money(amount);
            fill(&own.charged, &[("amount", &amount)])
        });
        let charged = charged.or_else(|| self.nothing_charged(common));
        Words {
            subject: self.about.say(&own.subject),
            paragraphs: std::iter::once(self.about.say(lead)).chain(charged).collect(),
            rows: self.about.rows(texts),
            button: self.about.charge(common),
            links: vec![self.about.page(&common.page)],
        }
    }

    /// The sentence for who did it: the reader, the other of the two, the platform.
    fn by<'a>(&self, [you, other, platform]: [&'a str; 3]) -> &'a str {
        match &*self.told.actor {
            actor if actor == self.about.party.name() => you,
            "student" | "tutor" => other,
            _ => platform,
        }
    }

    fn note(&self, own: &BookingTexts) -> Option<(String, String)> {
        let note = self.about.booking.note.as_ref().filter(|_| self.about.party == Party::Tutor);
        note.map(|note| (own.note.clone(), note.clone()))
    }

    fn reason(&self, own: &BookingTexts) -> Option<(String, String)> {
        self.told.reason.as_ref().map(|reason| (own.reason.clone(), reason.clone()))
    }

    fn nothing_charged(&self, own: &BookingTexts) -> Option<String> {
        (self.about.booking.price_minor > 0).then(|| own.nothing_charged.clone())
    }
}
