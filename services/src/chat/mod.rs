//! Chat: one thread for each tutor and student, open to these two alone.
//!
//! Messages are written under the lock of their thread's row, so that their times and ids grow in the
//! order of commits: a reader who goes on from a cursor neither skips nor repeats one.

mod cursor;
mod delivered;
mod files;
mod follow;
mod moderation;
mod presence;
mod safety;
mod search;
mod store;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    chat::{self, ClientId, MessageBody, Receipt, Silence},
    ids::{AttachmentId, BookingId, ThreadId, TutorId, UserId},
};
use serde_json::json;
use sqlx::PgConnection;

use crate::{
    Actor, AppError, Result, Services,
    booking::{self, finish},
    files::{Attachment, waits_since},
    limit, live, settings, tutor,
};

pub use cursor::{Cursor, Slice};
pub use delivered::{Deliveries, Delivery, deliver, note_deliveries};
pub use files::{MOST_FILES, open as open_file, upload};
pub use follow::{News, Position, Progress, Typing, follow, look, say_typing};
pub use moderation::{
    Line, Moderation, Reported, Suspended, Verdict, count_reports, decide, lift, moderation,
};
pub use presence::{arrive, stay};
pub use safety::{Report, message_of_other, report, set_block};
pub use search::{place, search, words};

/// How many messages a person may send in an hour: more than anybody types, with all that a program kept while it had
/// no connection; few enough to stop a flood.
const MESSAGES_PER_HOUR: i32 = 1500;

/// The largest page of a list.
const LARGEST_PAGE: i64 = 100;

/// A message as its two people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id, greater than those of all messages before it in its thread.
    pub id: i64,
    /// Where it stands.
    pub thread: ThreadId,
    /// Who wrote it.
    pub sender: UserId,
    /// What it says; nothing where it is of files alone, and where an admin removed it.
    pub body: String,
    /// Whether an admin removed it.
    pub removed: bool,
    /// Whether contact data was taken out of it.
    pub masked: bool,
    /// The sender's own name for it.
    pub client_id: Option<String>,
    /// When, never before the message before it.
    pub sent_at: DateTime<Utc>,
}

/// A thread as one of its two people sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// Its id.
    pub id: ThreadId,
    /// The tutor's profile.
    pub tutor: TutorId,
    /// The student.
    pub student: UserId,
    /// The other person.
    pub other: UserId,
    /// The other person's name.
    pub other_name: String,
    /// When there was last a sign of the other person's pages; `None` where there never was one.
    pub other_seen_at: Option<DateTime<Utc>>,
    /// The last message.
    pub last: Option<Message>,
    /// What the first file of the last message is called, where that says nothing.
    pub last_file: Option<String>,
    /// How many messages of the other person are not read.
    pub unread: i64,
    /// Up to which message the other person's pages have what is written here; 0 for none.
    pub delivered_to: i64,
    /// Up to which message the other person has read; 0 for none.
    pub read_to: i64,
    /// What keeps the reader from writing here.
    pub silence: Silence,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When the last message was sent; without one, when it was opened.
    pub active_at: DateTime<Utc>,
}

/// With whom to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// A student speaks to a tutor.
    Tutor(TutorId),
    /// One party of a booking speaks to the other.
    Booking(BookingId),
}

/// Opens the thread of two people, or finds the one that they have; says whether it is new.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS` where anyone but a student names a tutor, `PROFILE_NOT_FOUND` for a tutor without
/// a public profile, `BOOKING_NOT_FOUND` for another's booking.
pub async fn open(services: &Services, actor: &Actor, whom: Whom) -> Result<(Thread, bool)> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let pair = pair(&mut tx, actor, whom, now).await?;
    let opened = match store::find_pair(&mut tx, pair).await? {
        Some(thread) => (thread, false),
        None => begin(&mut tx, actor, whom, pair, now).await?,
    };
    let thread = store::find_view(&mut tx, actor.user, opened.0).await?.ok_or_else(not_found)?;
    tx.commit().await?;
    Ok((thread, opened.1))
}

/// The two people of a thread.
type Pair = (TutorId, UserId);

async fn pair(tx: &mut PgConnection, actor: &Actor, whom: Whom, now: DateTime<Utc>) -> Result<Pair> {
    match whom {
        Whom::Tutor(tutor) => Ok((tutor, actor.require_student()?)),
        Whom::Booking(id) => {
            let found = booking::read(tx, id, now).await?;
            let own = found.filter(|found| booking::party(actor, &found.booking).is_some());
            let booking = own.ok_or_else(booking::not_found)?.booking;
            Ok((booking.tutor, booking.student))
        }
    }
}

async fn begin(
    tx: &mut PgConnection,
    actor: &Actor,
    whom: Whom,
    pair: Pair,
    now: DateTime<Utc>,
) -> Result<(ThreadId, bool)> {
    if let Whom::Tutor(tutor) = whom {
        tutor::find_public(tx, &tutor.to_string()).await?;
    }
    if let Some(thread) = store::insert(tx, pair, actor.user, now).await? {
        return Ok((thread, true));
    }
    // Somebody was quicker, and has committed.
    Ok((store::find_pair(tx, pair).await?.ok_or_else(not_found)?, false))
}

/// One's own threads, the one with the latest message first.
///
/// # Errors
/// `INVALID_REQUEST` for a limit out of range.
pub async fn threads(
    services: &Services,
    actor: &Actor,
    before: Option<Cursor<ThreadId>>,
    limit: i64,
) -> Result<Slice<Thread, ThreadId>> {
    let size = page_size(limit)?;
    let mut db = services.db.acquire().await?;
    let rows = store::list_views(&mut db, actor.user, before, limit + 1).await?;
    Ok(Slice::new(rows, size, |thread| Cursor { at: thread.active_at, id: thread.id }))
}

/// One thread of one's own.
///
/// # Errors
/// `NOT_FOUND` for a thread of others.
pub async fn thread(services: &Services, actor: &Actor, thread: ThreadId) -> Result<Thread> {
    let mut db = services.db.acquire().await?;
    store::find_view(&mut db, actor.user, thread).await?.ok_or_else(not_found)
}

/// How many messages wait for a person, but for those of the thread that they are looking at.
///
/// # Errors
/// Where the database cannot be read.
pub async fn unread(services: &Services, actor: &Actor, shown: Option<ThreadId>) -> Result<i64> {
    let mut db = services.db.acquire().await?;
    store::count_unread(&mut db, actor.user, shown).await
}

/// Sends a message. With a `client_id` that this person used in this thread before, it is that message again.
/// Contact data, in names of files too, is masked while the two have no booking that was ever confirmed (setting
/// `chat_masks_contacts`).
///
/// # Errors
/// `NOT_FOUND` for a thread of others; `INSUFFICIENT_PERMISSIONS` while one of the two blocks the other, and where an
/// admin has suspended the sender; `RATE_LIMITED` above 1,500 messages of a person in an hour.
pub async fn send(
    services: &Services,
    actor: &Actor,
    thread: ThreadId,
    body: &MessageBody,
    client_id: Option<&ClientId>,
) -> Result<Message> {
    send_with(services, actor, thread, body, client_id, &[]).await
}

/// The same with files that the person uploaded to this thread within a day, each of them once. With some it may say
/// nothing.
///
/// # Errors
/// As [`send`]; `INVALID_REQUEST` on `attachments` for any other file, and for more than [`MOST_FILES`], on `body` for
/// neither words nor files.
pub async fn send_with(
    services: &Services,
    actor: &Actor,
    thread: ThreadId,
    body: &MessageBody,
    client_id: Option<&ClientId>,
    attachments: &[AttachmentId],
) -> Result<Message> {
    let now = services.clock.now();
    let draft = Sending { thread, body, client_id, attachments };
    let mut tx = services.begin().await?;
    let sent = write(services, &mut tx, actor, &draft, now).await;
    let (message, people) = finish(tx, sent).await?;
    services.live.wake(&people);
    Ok(message)
}

/// The files of messages of a thread, by message; one statement, none where there are no messages.
///
/// # Errors
/// `NOT_FOUND` for a thread of others.
pub async fn attachments(
    services: &Services,
    actor: &Actor,
    thread: ThreadId,
    messages: &[Message],
) -> Result<HashMap<i64, Vec<Attachment>>> {
    let ids: Vec<_> = messages.iter().filter(|row| row.thread == thread).map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut db = services.db.acquire().await?;
    own(actor, store::find(&mut db, thread).await?)?;
    store::list_attachments(&mut db, &ids, false).await
}

/// What is to be sent.
struct Sending<'a> {
    thread: ThreadId,
    body: &'a MessageBody,
    client_id: Option<&'a ClientId>,
    attachments: &'a [AttachmentId],
}

async fn write(
    services: &Services,
    tx: &mut PgConnection,
    actor: &Actor,
    sending: &Sending<'_>,
    now: DateTime<Utc>,
) -> Result<(Message, Vec<UserId>)> {
    let &Sending { thread, body, client_id, attachments } = sending;
    body.fits(attachments.len())?;
    let members = own(actor, store::lock(tx, thread).await?)?;
    if let Some(client_id) = client_id
        && let Some(earlier) = store::find_sent(tx, thread, actor.user, client_id).await?
    {
        return Ok((earlier, Vec::new()));
    }
    safety::may_write(tx, actor, thread).await?;
    let key = format!("message:{}", actor.user);
    limit::count_within(services, tx, &key, MESSAGES_PER_HOUR).await?;
    let masked = mask(tx, &members, sending).await?;
    let message = store::Draft {
        thread,
        sender: actor.user,
        body: masked.body.as_deref().unwrap_or(body.as_str()),
        masked: masked.is_any(),
        client_id,
        sent_at: now.max(members.active_at),
    };
    let message = store::insert_message(tx, &message).await?;
    take(tx, actor, &message, attachments, now).await?;
    for (attachment, name) in &masked.names {
        store::set_name(tx, *attachment, name).await?;
    }
    // The one who waits for it first.
    let people = [members.other(actor.user), actor.user];
    let told = json!({ "thread_id": thread, "message_id": message.id.to_string(), "sender_id": actor.user });
    live::record(tx, &people, "message", &told, now).await?;
    Ok((message, people.into()))
}

/// Gives the message its files.
async fn take(
    tx: &mut PgConnection,
    actor: &Actor,
    message: &Message,
    attachments: &[AttachmentId],
    now: DateTime<Utc>,
) -> Result<()> {
    if attachments.is_empty() {
        return Ok(());
    }
    let whose = (message.thread, actor.user, message.id);
    let fits = attachments.len() <= MOST_FILES;
    if fits && store::take_attachments(tx, whose, attachments, waits_since(now)).await? {
        return Ok(());
    }
    Err(Refusal::on(Code::InvalidRequest, "attachments", "attachments").into())
}

/// What of a message is kept without its contact data.
#[derive(Default)]
struct Masked {
    /// The text, where it had any.
    body: Option<String>,
    /// The names of files that had any.
    names: Vec<(AttachmentId, String)>,
}

impl Masked {
    fn is_any(&self) -> bool {
        self.body.is_some() || !self.names.is_empty()
    }
}

/// Text and names of files without their contact data, where there is any and the two may not exchange it yet.
async fn mask(tx: &mut PgConnection, members: &store::Members, sending: &Sending<'_>) -> Result<Masked> {
    let names = match sending.attachments {
        [] => Vec::new(),
        attachments => store::list_names(tx, attachments).await?,
    };
    let text = sending.body.as_str();
    // A program that has no words for a file may say what it is called.
    let body = match names.iter().any(|(_, name)| name == text) {
        true => chat::mask_file_name(text),
        false => chat::mask(text),
    };
    let names = names.into_iter().filter_map(|(id, name)| Some((id, chat::mask_file_name(&name)?)));
    let masked = Masked { body, names: names.collect() };
    if !masked.is_any() {
        return Ok(masked);
    }
    let may = !settings::load(tx).await?.chat_masks_contacts
        || store::were_ever_confirmed(tx, members.tutor, members.student).await?;
    Ok(if may { Masked::default() } else { masked })
}

/// The messages of a thread, newest first. What the reader is given counts as delivered.
///
/// # Errors
/// `NOT_FOUND` for a thread of others; `INVALID_REQUEST` for a limit out of range.
pub async fn messages(
    services: &Services,
    actor: &Actor,
    thread: ThreadId,
    before: Option<Cursor<i64>>,
    limit: i64,
) -> Result<Slice<Message, i64>> {
    let size = page_size(limit)?;
    let mut db = services.db.acquire().await?;
    own(actor, store::find(&mut db, thread).await?)?;
    let rows = store::list_messages(&mut db, thread, before, limit + 1).await?;
    drop(db);
    let page = Slice::new(rows, size, |message| Cursor { at: message.sent_at, id: message.id });
    let newest = page.rows.iter().find(|message| message.sender != actor.user);
    if let Some(message) = newest.filter(|_| before.is_none()) {
        acknowledge(services, actor, thread, Receipt::Delivered, Some(message.id)).await?;
    }
    Ok(page)
}

/// The person has seen the other's messages up to this one; without it, all that there are.
///
/// # Errors
/// `NOT_FOUND` for a thread of others and for no message of it.
pub async fn read(
    services: &Services,
    actor: &Actor,
    thread: ThreadId,
    up_to: Option<i64>,
) -> Result<Thread> {
    acknowledge(services, actor, thread, Receipt::Read, up_to).await?;
    self::thread(services, actor, thread).await
}

/// Notes how far a person has come, and tells both where that is news. It never goes back.
async fn acknowledge(
    services: &Services,
    actor: &Actor,
    thread: ThreadId,
    receipt: Receipt,
    up_to: Option<i64>,
) -> Result<()> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let noted = note(&mut tx, actor, thread, receipt, up_to, now).await;
    let people = finish(tx, noted).await?;
    services.live.wake(&people);
    Ok(())
}

async fn note(
    tx: &mut PgConnection,
    actor: &Actor,
    thread: ThreadId,
    receipt: Receipt,
    up_to: Option<i64>,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    let members = own(actor, store::find(tx, thread).await?)?;
    // What was read is named by its reader; what was delivered has just been read from the thread.
    if let (Receipt::Read, Some(message)) = (receipt, up_to) {
        store::find_place(tx, thread, message).await?.ok_or_else(not_found)?;
    }
    if !store::is_news(tx, thread, actor.user, receipt, up_to).await? {
        return Ok(Vec::new());
    }
    store::lock(tx, thread).await?;
    let Some(message) = store::set_receipt(tx, thread, actor.user, receipt, up_to, now).await? else {
        return Ok(Vec::new());
    };
    let people = [members.student, members.tutor_user];
    let told = json!({
        "thread_id": thread, "user_id": actor.user, "receipt": receipt, "message_id": message.to_string(),
    });
    live::record(tx, &people, "receipt", &told, now).await?;
    Ok(people.into())
}

/// A thread that the actor may know of: one's own. An admin has no part in what others say.
fn own(actor: &Actor, members: Option<store::Members>) -> Result<store::Members> {
    let own = |members: &store::Members| actor.user == members.student || actor.user == members.tutor_user;
    members.filter(own).ok_or_else(not_found)
}

fn page_size(limit: i64) -> Result<usize> {
    let size = usize::try_from(limit).ok().filter(|_| (1..=LARGEST_PAGE).contains(&limit));
    Ok(size.ok_or(Refusal::on(Code::InvalidRequest, "page_size", "limit"))?)
}

fn not_found() -> AppError {
    Refusal::new(Code::NotFound, "not_found").into()
}
