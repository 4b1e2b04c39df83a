//! Mails that the clock makes due: reminders of lessons, and the question how one was. They are derived from rows:
//! what was missed is found later, once, and only while it is of use.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    booking::{Booking, BookingState, Party},
    ids::{BookingId, UserId},
    lesson::JOIN_OPENS_BEFORE,
    notice::Channel,
};
use futures::StreamExt as _;
use uuid::Uuid;

use super::{
    about,
    about::{About, Words},
    store,
};
use crate::{
    Result, Services, booking,
    mail::{
        Kind, NewMail, keep,
        letter::Letter,
        store::find_reader,
        texts::{BookingTexts, NewsTexts, Texts},
        unsubscribe,
    },
    notice::{self, News, Subject},
};

/// How long before a lesson both are reminded.
const DAY_BEFORE: TimeDelta = TimeDelta::hours(24);
const HOUR_BEFORE: TimeDelta = TimeDelta::hours(1);

/// How long after a lesson its student is asked how it was, and how long that is of use.
const ASKED_AFTER: TimeDelta = TimeDelta::hours(1);
const ASKED_FOR: TimeDelta = TimeDelta::hours(24);

/// How many are looked up at once, and how many of them are worked on at once.
const BATCH: i64 = 200;
const AT_ONCE: usize = 8;

/// A mail that is due: about which booking, and to whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct To {
    pub booking: BookingId,
    pub user: UserId,
}

const KINDS: [Kind; 4] = [Kind::ReminderDay, Kind::ReminderHour, Kind::JoinNow, Kind::FeedbackRequest];

/// Writes the mails that are due; how many. Those that another sweep writes are left to it.
///
/// # Errors
/// Where the database cannot be read.
pub(in crate::mail) async fn write_due(services: &Services, now: DateTime<Utc>) -> Result<u64> {
    let mut written = 0;
    for kind in KINDS {
        written += write_all(services, kind, now).await?;
    }
    Ok(written)
}

/// Works off what is due of a kind, in batches. One that cannot be written is logged and left for the next sweep.
async fn write_all(services: &Services, kind: Kind, now: DateTime<Utc>) -> Result<u64> {
    let mut written = 0;
    let mut left = Vec::new();
    loop {
        let batch = list(services, kind, &left, now).await?;
        if batch.is_empty() {
            return Ok(written);
        }
        let mut worked = futures::stream::iter(batch)
            .map(|to| async move { (to, write(services, kind, to, now).await) })
            .buffer_unordered(AT_ONCE);
        while let Some((to, outcome)) = worked.next().await {
            match outcome {
                Ok(true) => written += 1,
                Ok(false) => left.push(to.booking.0),
                Err(error) => {
                    tracing::error!(booking = %to.booking, kind = kind.name(), %error, "cannot write what is due");
                    left.push(to.booking.0);
                }
            }
        }
    }
}

/// Mails that are due.
async fn list(services: &Services, kind: Kind, except: &[Uuid], now: DateTime<Utc>) -> Result<Vec<To>> {
    let mut db = services.db.acquire().await?;
    let span = match kind {
        Kind::ReminderDay => (DAY_BEFORE, HOUR_BEFORE),
        Kind::ReminderHour => (HOUR_BEFORE, JOIN_OPENS_BEFORE),
        Kind::JoinNow => (JOIN_OPENS_BEFORE, TimeDelta::zero()),
        _ => {
            let ended = (now - ASKED_AFTER - ASKED_FOR, now - ASKED_AFTER);
            return store::list_to_ask(&mut db, kind, ended, except, BATCH, now).await;
        }
    };
    store::list_to_remind(&mut db, kind, span, except, BATCH, now).await
}

/// Writes one, where the booking still stands as it was found and nobody else has written it; whether there is a new
/// mail. Who refuses mails is told by the other ways.
async fn write(services: &Services, kind: Kind, to: To, now: DateTime<Utc>) -> Result<bool> {
    if notice::quiet_until(services, to.user, kind, now).await?.is_some() {
        return Ok(false);
    }
    let mut tx = services.begin().await?;
    let found = booking::read(&mut tx, to.booking, now).await?.ok_or_else(booking::not_found)?;
    let booking = &found.booking;
    if booking.state != state(kind) || useful_until(kind, booking) <= now {
        return Ok(false);
    }
    let Some(reader) = find_reader(&mut tx, to.user).await? else { return Ok(false) };
    let party = if to.user == booking.student { Party::Student } else { Party::Tutor };
    let unsubscribe = match kind.topic() {
        Some(topic) => Some(unsubscribe::address(services, to.user, topic)?),
        None => None,
    };
    let letter = letter(kind, &about(services, booking, &reader, party), unsubscribe.as_deref())?;
    let subject = format!("{}/{}/{}", booking.id, booking.sequence, to.user);
    let useful_until = Some(useful_until(kind, booking));
    let new = NewMail {
        useful_until,
        reminds_of: (kind != Kind::FeedbackRequest).then_some((booking.id, booking.sequence)),
        unsubscribe: unsubscribe.as_deref(),
        ..NewMail::of(kind, subject.clone(), &reader, &letter)
    };
    let is_new =
        notice::wants(&mut tx, to.user, kind, Channel::Mail).await? && keep(services, &mut tx, &new).await?;
    let news = News { kind, about: &subject, subject: Subject::Booking(booking.id), useful_until };
    let noticed = notice::tell(&mut tx, &[(to.user, &letter.subject)], &news, now).await?;
    tx.commit().await?;
    services.live.wake(&noticed);
    Ok(is_new)
}

/// The state of the bookings that such mails are about.
const fn state(kind: Kind) -> BookingState {
    match kind {
        Kind::FeedbackRequest => BookingState::Completed,
        _ => BookingState::Confirmed,
    }
}

/// When it is past its use: the next reminder is due, the lesson is over, the lesson is a day ago.
fn useful_until(kind: Kind, booking: &Booking) -> DateTime<Utc> {
    match kind {
        Kind::ReminderDay => booking.start - HOUR_BEFORE,
        Kind::ReminderHour => booking.start - JOIN_OPENS_BEFORE,
        Kind::JoinNow => booking.end,
        _ => booking.end + ASKED_AFTER + ASKED_FOR,
    }
}

fn letter(kind: Kind, about: &About<'_>, unsubscribe: Option<&str>) -> Result<Letter> {
    let texts = Texts::of(about.reader.language)?;
    let own = &texts.booking;
    let mut words = match kind {
        Kind::ReminderDay => reminder(about, &texts, &own.reminder_day, Some(&own.opens)),
        Kind::ReminderHour => reminder(about, &texts, &own.reminder_hour, Some(&own.opens)),
        Kind::JoinNow => reminder(about, &texts, &own.join_now, None),
        _ => question(about, own),
    };
    if let Some(address) = unsubscribe {
        words.links.push((texts.unsubscribe.clone(), address.to_owned()));
    }
    about.letter(&texts, words)
}

fn reminder(about: &About<'_>, texts: &Texts, news: &NewsTexts, opens: Option<&String>) -> Words {
    let own = &texts.booking;
    Words {
        subject: about.say(&news.subject),
        paragraphs: std::iter::once(about.say(&news.lead)).chain(opens.cloned()).collect(),
        rows: about.rows(texts),
        button: about.join(own),
        links: vec![about.page(&own.page)],
    }
}

fn question(about: &About<'_>, own: &BookingTexts) -> Words {
    let texts = &own.feedback_request;
    Words {
        subject: about.say(&texts.subject),
        paragraphs: vec![about.say(&texts.lead)],
        rows: Vec::new(),
        button: about.page(&texts.link),
        links: Vec::new(),
    }
}
