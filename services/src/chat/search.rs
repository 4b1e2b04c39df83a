//! Searching in a thread.

use domain::{Code, Refusal, ids::ThreadId};

use super::{Cursor, Message, Slice, not_found, own, page_size, store};
use crate::{Actor, Result, Services};

/// Longer texts are not looked for, characters.
const MOST_TEXT: usize = 200;

/// How many newer messages are shown with one that is looked at in its place.
const NEWER: i64 = 10;

/// The words that are looked for.
///
/// # Errors
/// `INVALID_REQUEST` (`search_text`) on `q` for a text of more than 200 characters, or of signs that no message has.
pub fn words(text: &str) -> Result<Vec<String>, Refusal> {
    if text.chars().count() > MOST_TEXT || text.contains('\0') {
        return Err(Refusal::on(Code::InvalidRequest, "search_text", "q"));
    }
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

/// The messages of a thread that have every one of these words somewhere, whatever their accents and capitals, newest
/// first. It says nothing about what was delivered.
///
/// # Errors
/// `NOT_FOUND` for a thread of others; `INVALID_REQUEST` for a limit out of range.
pub async fn search(
    services: &Services,
    actor: &Actor,
    thread: ThreadId,
    words: &[String],
    before: Option<Cursor<i64>>,
    limit: i64,
) -> Result<Slice<Message, i64>> {
    let size = page_size(limit)?;
    let mut db = services.db.acquire().await?;
    own(actor, store::find(&mut db, thread).await?)?;
    let rows = store::list_found(&mut db, thread, words, before, limit + 1).await?;
    Ok(Slice::new(rows, size, |message| Cursor { at: message.sent_at, id: message.id }))
}

/// Where a page begins that shows a message in its place, with some newer ones: `None` where the newest page does.
///
/// # Errors
/// `NOT_FOUND` for a thread of others and for no message of it.
pub async fn place(
    services: &Services,
    actor: &Actor,
    thread: ThreadId,
    message: i64,
) -> Result<Option<Cursor<i64>>> {
    let mut db = services.db.acquire().await?;
    own(actor, store::find(&mut db, thread).await?)?;
    let at = store::find_place(&mut db, thread, message).await?.ok_or_else(not_found)?;
    store::find_newer(&mut db, thread, at, NEWER).await
}
