//! Following one thread: what is new in it since a position.
//!
//! Everything is read from the tables of the thread, which keep it for good: a reader who was away for a month
//! goes on from where it stopped. Messages and receipts are numbered under the lock of the thread's row, so that
//! who has seen a number has seen all below it.

use std::{fmt, str::FromStr};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Code, Refusal,
    chat::Receipt,
    ids::{ThreadId, UserId},
};
use serde_json::json;

use super::{Message, acknowledge, not_found, own, safety, store};
use crate::{Actor, Result, Services, booking::finish, live};

/// How long somebody who said to be writing is taken to be.
const TYPING: TimeDelta = TimeDelta::seconds(6);

/// So soon after it is said again it is no news.
const SAID_AGAIN: TimeDelta = TimeDelta::seconds(2);

/// How far a reader of a thread has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The last message.
    pub message: i64,
    /// The last receipt, by its revision.
    pub receipt: i64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.message, self.receipt)
    }
}

impl FromStr for Position {
    type Err = Refusal;

    /// Also the id of a message alone: all receipts are then told anew.
    fn from_str(text: &str) -> Result<Self, Refusal> {
        let (message, receipt) = text.split_once('-').unwrap_or((text, "0"));
        let number = |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 0);
        let read = number(message).zip(number(receipt));
        let position = read.map(|(message, receipt)| Position { message, receipt });
        position.ok_or(Refusal::on(Code::InvalidRequest, "cursor", "after"))
    }
}

/// How far one of the two has come with the other's messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Who.
    pub user: UserId,
    /// Up to which message they came; 0 for none.
    pub delivered_to: i64,
    /// Up to which message they were read; 0 for none.
    pub read_to: i64,
    /// Its number: a later one is greater.
    pub revision: i64,
    /// When this person last said to be writing.
    pub typing_at: Option<DateTime<Utc>>,
}

/// Somebody writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Typing {
    /// Who.
    pub user: UserId,
    /// When they last said so.
    pub at: DateTime<Utc>,
}

/// What is new.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Messages, oldest first, at most 500.
    pub messages: Vec<Message>,
    /// Receipts, oldest first.
    pub receipts: Vec<Progress>,
    /// The other person, while writing.
    pub typing: Option<Typing>,
}

/// Where one who comes now begins: behind all that there is.
///
/// # Errors
/// `NOT_FOUND` for a thread of others.
pub async fn follow(services: &Services, actor: &Actor, thread: ThreadId) -> Result<Position> {
    let mut db = services.db.acquire().await?;
    own(actor, store::find(&mut db, thread).await?)?;
    store::newest(&mut db, thread).await
}

/// What came after a position, for a member of the thread. `delivered` is the last message of the other person's
/// that has reached the reader meanwhile.
///
/// # Errors
/// `NOT_FOUND` for a thread of others.
pub async fn look(
    services: &Services,
    actor: &Actor,
    thread: ThreadId,
    position: Position,
    delivered: Option<i64>,
) -> Result<News> {
    if delivered.is_some() {
        acknowledge(services, actor, thread, Receipt::Delivered, delivered).await?;
    }
    let now = services.clock.now();
    let mut db = services.db.acquire().await?;
    // Receipts first: none of them then speaks of a message that is not told.
    let progress = store::list_progress(&mut db, thread).await?;
    if !progress.iter().any(|member| member.user == actor.user) {
        return Err(not_found());
    }
    let messages = store::list_after(&mut db, thread, position.message).await?;
    let writes = |at: &DateTime<Utc>| (now - *at).abs() < TYPING;
    let other = progress.iter().find(|member| member.user != actor.user);
    let typing = other
        .and_then(|member| Some(Typing { user: member.user, at: member.typing_at.filter(writes)? }))
        // What was just sent was written before.
        .filter(|typing| !messages.iter().any(|message| message.sender == typing.user));
    let receipts = progress.into_iter().filter(|member| member.revision > position.receipt).collect();
    Ok(News { messages, receipts, typing })
}

/// Says that the person is writing: shown to the other one for some seconds, or until it is sent.
///
/// # Errors
/// `NOT_FOUND` for a thread of others; `INSUFFICIENT_PERMISSIONS` for who may not send there.
pub async fn say_typing(services: &Services, actor: &Actor, thread: ThreadId) -> Result<()> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let said = async {
        let members = own(actor, store::find(&mut tx, thread).await?)?;
        safety::may_write(&mut tx, actor, thread).await?;
        if !store::set_typing(&mut tx, thread, actor.user, (now - SAID_AGAIN, now)).await? {
            return Ok(Vec::new());
        }
        let other = if actor.user == members.student { members.tutor_user } else { members.student };
        let told = json!({ "thread_id": thread, "user_id": actor.user, "until": now + TYPING });
        live::record(&mut tx, &[other], "typing", &told, now).await?;
        Ok(vec![other])
    };
    let said = said.await;
    let people = finish(tx, said).await?;
    services.live.wake(&people);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_was_written() {
        let position = Position { message: 12, receipt: 3 };
        assert_eq!((position.to_string().as_str(), "12-3".parse()), ("12-3", Ok(position)));
        assert_eq!("12".parse(), Ok(Position { message: 12, receipt: 0 }));
        for text in ["", "-", "-1", "1-", "1--1", "x", "1-2-3", "9223372036854775808"] {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
    }
}
