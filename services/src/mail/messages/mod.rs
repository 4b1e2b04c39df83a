//! News of messages that nobody reads: one mail for each thread, until it is read again.

mod store;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{ThreadId, UserId},
    notice::{Channel, Topic},
};
use futures::StreamExt as _;

use super::{
    Kind, NewMail, keep,
    layout::Body,
    letter::{Letter, Reader},
    texts::{Texts, fill},
    unsubscribe,
};
use crate::{
    Result, Services,
    notice::{self, News, Subject},
};

/// Who reads a message within this time gets no mail about it.
const READ_WITHIN: TimeDelta = TimeDelta::minutes(5);

/// A mail about a message is written no later than this after it: older news is none.
const NEWS_FOR: TimeDelta = TimeDelta::hours(24);

/// How many are looked up at once, and how many of them are worked on at once.
const BATCH: i64 = 200;
const AT_ONCE: usize = 8;

/// Somebody who has not read what waits for them.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    thread: ThreadId,
    reader: UserId,
    /// The first message that waits.
    first: i64,
}

/// What waits.
#[derive(Clone, Debug)]
struct Unread {
    /// Who wrote.
    from: String,
    messages: i64,
    since: DateTime<Utc>,
}

/// Writes the mails that are due; how many. One that cannot be written is logged and left for the next sweep.
///
/// # Errors
/// Where the database cannot be read.
pub(super) async fn write_due(services: &Services, now: DateTime<Utc>) -> Result<u64> {
    let mut written = 0;
    let mut left = Vec::new();
    loop {
        let mut db = services.db.acquire().await?;
        let batch =
            store::list_waiting(&mut db, (now - NEWS_FOR, now - READ_WITHIN), &left, BATCH, now).await?;
        drop(db);
        if batch.is_empty() {
            return Ok(written);
        }
        let mut worked = futures::stream::iter(batch)
            .map(|waiting| async move { (waiting, write(services, waiting, now).await) })
            .buffer_unordered(AT_ONCE);
        while let Some((waiting, outcome)) = worked.next().await {
            match outcome {
                Ok(true) => written += 1,
                Ok(false) => left.push(waiting.first),
                Err(error) => {
                    tracing::error!(thread = %waiting.thread, %error, "cannot write of messages that wait");
                    left.push(waiting.first);
                }
            }
        }
    }
}

/// Writes one, where the message is still unread and nobody else has written it; whether there is a new mail. Who
/// refuses mails is told by the other ways.
async fn write(services: &Services, waiting: Waiting, now: DateTime<Utc>) -> Result<bool> {
    if notice::quiet_until(services, waiting.reader, Kind::NewMessage, now).await?.is_some() {
        return Ok(false);
    }
    let mut tx = services.begin().await?;
    let Some(unread) = store::find_unread(&mut tx, waiting).await? else { return Ok(false) };
    let Some(reader) = super::store::find_reader(&mut tx, waiting.reader).await? else { return Ok(false) };
    let unsubscribe = unsubscribe::address(services, waiting.reader, Topic::Messages)?;
    let letter = letter(&reader, &unread, waiting.thread, &unsubscribe, &services.config.web.public_url)?;
    let about = format!("{}/{}/{}", waiting.thread, waiting.reader, waiting.first);
    let kind = Kind::NewMessage;
    let new = NewMail {
        waits_in: Some((waiting.thread, waiting.first)),
        unsubscribe: Some(&unsubscribe),
        ..NewMail::of(kind, about.clone(), &reader, &letter)
    };
    let is_new = notice::wants(&mut tx, waiting.reader, kind, Channel::Mail).await?
        && keep(services, &mut tx, &new).await?;
    let news = News { kind, about: &about, subject: Subject::Thread(waiting.thread), useful_until: None };
    let noticed = notice::tell(&mut tx, &[(waiting.reader, &letter.subject)], &news, now).await?;
    tx.commit().await?;
    services.live.wake(&noticed);
    Ok(is_new)
}

/// The messages themselves stay on the site.
fn letter(
    reader: &Reader,
    unread: &Unread,
    thread: ThreadId,
    unsubscribe: &str,
    public_url: &str,
) -> Result<Letter> {
    let texts = Texts::of(reader.language)?;
    let own = &texts.new_message;
    let say = |sentence: &str| fill(sentence, &[("name", &unread.from)]);
    let body = Body {
        language: reader.language,
        greeting: fill(&texts.greeting, &[("name", &reader.name)]),
        paragraphs: vec![say(&own.lead)],
        rows: vec![
            (own.from.clone(), unread.from.clone()),
            (own.unread.clone(), unread.messages.to_string()),
            (own.since.clone(), reader.moment(unread.since)),
        ],
        button: (own.link.clone(), format!("{public_url}/messages/{thread}")),
        links: vec![(texts.unsubscribe.clone(), unsubscribe.to_owned())],
        reason: texts.reason.messages.clone(),
    };
    Letter::lay_out(&texts, say(&own.subject), &body, public_url)
}
