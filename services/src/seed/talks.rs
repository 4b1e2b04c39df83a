//! The conversations of the demonstration, as the file beside this one tells them.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    booking::Party,
    chat::{MASK, MessageBody},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    dice::Dice,
    rows::{Rows, Student, Tutor},
};
use crate::{AppError, Result};

/// A conversation of the file.
#[derive(Deserialize)]
pub(super) struct TalkPart {
    /// The places of its two people in their files.
    tutor: usize,
    student: usize,
    /// How many minutes ago the last line was written.
    ago: i64,
    /// How many of the last lines are not read.
    unread: usize,
    lines: Vec<LinePart>,
}

/// What one of the two wrote.
#[derive(Deserialize)]
struct LinePart {
    by: Party,
    /// Minutes after the line before.
    after: i64,
    text: String,
}

/// Writes all conversations.
pub(super) fn write(
    rows: &mut Rows,
    dice: &mut Dice,
    talks: &[TalkPart],
    (tutors, students): (&[Tutor], &[Student]),
    now: DateTime<Utc>,
) -> Result<()> {
    for talk in talks {
        let people = tutors.get(talk.tutor).zip(students.get(talk.student));
        let people = people.ok_or_else(|| AppError::fault("a conversation of nobody"))?;
        write_one(rows, dice, talk, people, now)?;
    }
    Ok(())
}

fn write_one(
    rows: &mut Rows,
    dice: &mut Dice,
    talk: &TalkPart,
    (tutor, student): (&Tutor, &Student),
    now: DateTime<Utc>,
) -> Result<()> {
    let thread = dice.id();
    let last = now - TimeDelta::minutes(talk.ago);
    let begun = last - TimeDelta::minutes(talk.lines.iter().map(|line| line.after).sum());
    rows.chat_threads.push(json!({
        "id": thread, "tutor_id": tutor.id, "student_id": student.id, "opened_by": student.id,
        "created_at": begun, "active_at": last,
    }));
    let read = talk.lines.len().saturating_sub(talk.unread);
    let (mut at, mut seen) = (begun, begun);
    for (number, line) in talk.lines.iter().enumerate() {
        at += TimeDelta::minutes(line.after);
        if number < read {
            seen = at;
        }
        let body = MessageBody::parse(&line.text).map_err(AppError::fault)?;
        let sender = if line.by == Party::Tutor { tutor.user } else { student.id };
        rows.chat_messages.push(json!({
            "thread_id": thread, "sender_id": sender, "body": body, "masked": line.text.contains(MASK), "sent_at": at,
        }));
    }
    for user in [tutor.user, student.id] {
        rows.chat_members.push(json!({ "thread_id": thread, "user_id": user, "seen_at": seen }));
    }
    Ok(())
}
