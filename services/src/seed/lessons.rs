//! The bookings of the demonstration: what was taught and rated, and what is coming.

use std::collections::HashMap;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use domain::{
    attendance::{self, Record},
    booking::{BookingState, Party, Policy, REQUEST, claim, slot_rules},
    ids::{BookingId, LessonId, OfferingId, UserId},
    interval::Interval,
    lesson::{LessonState, waits},
    slot::{self, Slot},
    tutor::Offering,
};
use serde_json::{Value, json};

use super::{
    cast::FeedbackTexts,
    dice::Dice,
    rows::{Rows, Student, Tutor},
};
use crate::{AppError, Result, lesson::life::OURSELVES};

/// How far the lessons that were taught go back.
const PAST: TimeDelta = TimeDelta::days(80);

/// How far the coming ones go ahead.
const AHEAD: TimeDelta = TimeDelta::days(12);

/// Writes bookings that overlap for neither tutor nor student.
pub(super) struct Lessons<'a> {
    pub now: DateTime<Utc>,
    pub students: &'a [Student],
    pub feedback: &'a FeedbackTexts,
    /// What each student's time is taken by.
    taken: HashMap<UserId, Vec<Interval>>,
}

/// One lesson of an offering.
#[derive(Clone, Copy)]
struct Kind<'a> {
    offering: OfferingId,
    lesson: &'a Offering,
    minutes: u16,
}

/// A booking to write.
struct Entry<'a> {
    tutor: &'a Tutor,
    student: &'a Student,
    kind: Kind<'a>,
    slot: Slot,
    state: BookingState,
    made: DateTime<Utc>,
    note: Option<&'static str>,
}

impl<'a> Lessons<'a> {
    pub(super) fn new(now: DateTime<Utc>, students: &'a [Student], feedback: &'a FeedbackTexts) -> Self {
        Lessons { now, students, feedback, taken: HashMap::new() }
    }

    /// What a tutor has taught, and the ratings of it. `count` is how many lessons are tried.
    pub(super) fn past(
        &mut self,
        rows: &mut Rows,
        dice: &mut Dice,
        tutor: &'a Tutor,
        count: usize,
    ) -> Result<()> {
        let Some(kind) = usual(tutor, dice) else { return Ok(()) };
        let first = self.now - PAST;
        let policy = Policy { notice_min: 0, horizon_days: 366, ..Policy::default() };
        let rules = slot_rules(kind.lesson, kind.minutes, &policy);
        // A day's distance from now leaves room for what comes after a lesson.
        let range = Interval::new(first, self.now - TimeDelta::days(1));
        let slots = slot::slots(&tutor.hours, &rules, &[], first, range);
        let mut busy: Vec<Interval> = Vec::new();
        let mut counters = (0, 0);
        for _ in 0..count {
            let Some(slot) = dice.pick(&slots).copied() else { break };
            let claimed = claim(slot, &rules);
            let Some(student) = self.free_student(dice, slot) else { continue };
            if busy.iter().any(|other| other.overlaps(&claimed)) {
                continue;
            }
            busy.push(claimed);
            self.take(student, slot);
            let state = came_out(dice);
            let made = slot.start - TimeDelta::hours(26 + dice.below(180) as i64);
            let entry = Entry { tutor, student, kind, slot, state, made, note: note(dice) };
            let booking = write(rows, dice, &entry)?;
            if state == BookingState::Completed && dice.chance(78) {
                let stars = self.rate(rows, dice, &entry, booking);
                counters = (counters.0 + 1, counters.1 + stars);
            }
        }
        if let Some(row) = rows.tutors.iter_mut().find(|row| row["id"] == json!(tutor.id)) {
            row["rating_count"] = json!(counters.0);
            row["rating_sum"] = json!(counters.1);
        }
        Ok(())
    }

    /// What is coming at a tutor: so many lessons with students by chance, or with one student.
    pub(super) fn coming(
        &mut self,
        rows: &mut Rows,
        dice: &mut Dice,
        tutor: &'a Tutor,
        count: usize,
        with: Option<&'a Student>,
    ) -> Result<()> {
        let Some(kind) = usual(tutor, dice) else { return Ok(()) };
        let policy = Policy::default();
        let rules = slot_rules(kind.lesson, kind.minutes, &policy);
        let range = Interval::new(self.now + TimeDelta::hours(6), self.now + AHEAD);
        for _ in 0..count {
            let busy = self.claims(rows, tutor)?;
            let slots = slot::slots(&tutor.hours, &rules, &busy, self.now, range);
            let Some(slot) = dice.pick(&slots).copied() else { break };
            let student =
                with.filter(|student| self.is_free(student, slot)).or_else(|| self.free_student(dice, slot));
            let Some(student) = student else { continue };
            self.take(student, slot);
            let state = if tutor.confirms { BookingState::Requested } else { BookingState::Confirmed };
            let made = self.now - TimeDelta::minutes(20 + dice.below(600) as i64);
            let entry = Entry { tutor, student, kind, slot, state, made, note: note(dice) };
            write(rows, dice, &entry)?;
        }
        Ok(())
    }

    /// A lesson that begins within half an hour, and a request that waits for its answer.
    pub(super) fn today(&mut self, rows: &mut Rows, dice: &mut Dice, tutor: &'a Tutor) -> Result<()> {
        let (Some(student), Some(other)) = (self.students.first(), self.students.get(1)) else {
            return Ok(());
        };
        let Some(kind) = usual(tutor, dice) else { return Ok(()) };
        let five = TimeDelta::minutes(5);
        let start = (self.now + TimeDelta::minutes(20)).duration_trunc(five).map_err(AppError::fault)? + five;
        let made = self.now - TimeDelta::days(2);
        for (student, start, state, note) in [
            (student, start, BookingState::Confirmed, "Could we look at exercise 4 again?"),
            (
                other,
                start + TimeDelta::days(1) + TimeDelta::hours(3),
                BookingState::Requested,
                "First lesson, I am a beginner.",
            ),
        ] {
            let slot = Slot { start, end: start + TimeDelta::minutes(kind.minutes.into()) };
            let made = if state == BookingState::Requested { self.now - TimeDelta::hours(1) } else { made };
            self.take(student, slot);
            write(rows, dice, &Entry { tutor, student, kind, slot, state, made, note: Some(note) })?;
        }
        Ok(())
    }

    fn take(&mut self, student: &Student, slot: Slot) {
        self.taken.entry(student.id).or_default().push(Interval::new(slot.start, slot.end));
    }

    fn is_free(&self, student: &Student, slot: Slot) -> bool {
        let lesson = Interval::new(slot.start, slot.end);
        self.taken.get(&student.id).is_none_or(|taken| taken.iter().all(|other| !other.overlaps(&lesson)))
    }

    fn free_student(&self, dice: &mut Dice, slot: Slot) -> Option<&'a Student> {
        dice.pick(self.students).filter(|student| self.is_free(student, slot))
    }

    /// What already claims the tutor's time.
    fn claims(&self, rows: &Rows, tutor: &Tutor) -> Result<Vec<Interval>> {
        let own = rows.claims.iter().filter(|row| row["tutor_id"] == json!(tutor.id));
        own.map(|row| {
            let bound =
                |name: &str| serde_json::from_value(row["bounds"][name].clone()).map_err(AppError::fault);
            Ok(Interval::new(bound("start")?, bound("end")?))
        })
        .collect()
    }

    fn rate(&self, rows: &mut Rows, dice: &mut Dice, entry: &Entry<'_>, booking: BookingId) -> i64 {
        let stars = match dice.below(100) {
            0..62 => 5,
            62..90 => 4,
            90..97 => 3,
            _ => 2,
        };
        let at = (entry.slot.end + TimeDelta::minutes(30 + dice.below(1200) as i64)).min(self.now);
        let texts = self.texts(entry).and_then(|texts| texts.get(&stars.to_string()));
        let feedback = texts.filter(|_| dice.chance(80)).and_then(|texts| dice.pick(texts));
        rows.ratings.push(json!({
            "booking_id": booking, "tutor_id": entry.tutor.id, "student_id": entry.student.id,
            "rating": stars, "feedback": feedback, "created_at": at,
        }));
        stars
    }

    /// In the student's language where the tutor speaks it, else in English.
    fn texts(&self, entry: &Entry<'_>) -> Option<&HashMap<String, Vec<String>>> {
        let name = match entry.student.speaks.as_str() {
            "fr" => "Français",
            "es" => "Español",
            "de" => "Deutsch",
            _ => "English",
        };
        let shared = entry.tutor.languages.iter().any(|language| language == name);
        self.feedback.get(if shared { entry.student.speaks.as_str() } else { "en" })
    }
}

/// The first or second offering of a tutor, in one of its durations.
fn usual<'a>(tutor: &'a Tutor, dice: &mut Dice) -> Option<Kind<'a>> {
    let (offering, lesson) = tutor.offerings.get(dice.below(tutor.offerings.len().min(2)))?;
    let minutes = dice.pick(&lesson.durations)?.minutes;
    Some(Kind { offering: *offering, lesson, minutes })
}

fn came_out(dice: &mut Dice) -> BookingState {
    match dice.below(100) {
        0..80 => BookingState::Completed,
        80..85 => BookingState::NoShowStudent,
        85..87 => BookingState::NoShowTutor,
        87..89 => BookingState::EarlyEnd,
        89..97 => BookingState::Cancelled,
        _ => BookingState::Declined,
    }
}

fn note(dice: &mut Dice) -> Option<&'static str> {
    let notes = [
        "I have an exam in three weeks.",
        "Could we go through my homework?",
        "I will bring last year's paper.",
        "Second attempt at this course.",
    ];
    if dice.chance(40) { dice.pick(&notes).copied() } else { None }
}

/// The booking with its claim, history, lesson and attendance.
fn write(rows: &mut Rows, dice: &mut Dice, entry: &Entry<'_>) -> Result<BookingId> {
    let id = BookingId(dice.id());
    let changes = changes(entry);
    let last = changes.last().map_or(entry.made, |change| change.at);
    let asked = matches!(entry.state, BookingState::Requested | BookingState::Declined);
    let policy = Policy { confirm_requests: asked, ..Policy::default() };
    let Slot { start, end } = entry.slot;
    rows.bookings.push(json!({
        "id": id, "tutor_id": entry.tutor.id, "student_id": entry.student.id,
        "offering_id": entry.kind.offering, "title": entry.kind.lesson.title,
        "starts_at": start, "ends_at": end, "duration_min": entry.kind.minutes,
        "price_minor": entry.kind.lesson.price(entry.kind.minutes), "currency": entry.kind.lesson.currency,
        "policy": policy, "state": entry.state, "note": entry.note,
        "reason": changes.last().and_then(|change| change.reason), "sequence": 0,
        "join_token": format!("{}{}", dice.id().simple(), dice.id().simple()),
        "expires_at": (entry.state == BookingState::Requested).then(|| (entry.made + REQUEST).min(start)),
        "created_at": entry.made, "updated_at": last,
    }));
    for change in &changes {
        rows.booking_history.push(json!({
            "booking_id": id, "from_state": change.from, "to_state": change.to, "actor": change.actor,
            "actor_id": change.person, "reason": change.reason, "at": change.at,
        }));
    }
    if entry.state.is_active() {
        rows.claims.push(claim_row(entry, id));
    }
    lesson_rows(rows, dice, entry, id, last);
    Ok(id)
}

fn claim_row(entry: &Entry<'_>, id: BookingId) -> Value {
    let rules = slot_rules(entry.kind.lesson, entry.kind.minutes, &Policy::default());
    let during = claim(entry.slot, &rules);
    let range =
        |from: DateTime<Utc>, until: DateTime<Utc>| format!("[{},{})", from.to_rfc3339(), until.to_rfc3339());
    json!({
        "id": id, "kind": "booking", "tutor_id": entry.tutor.id, "student_id": entry.student.id,
        "during": range(during.start, during.end), "lesson": range(entry.slot.start, entry.slot.end),
        "created_at": entry.made,
        // Read back by the planner; no column of the table.
        "bounds": during,
    })
}

/// A change of a booking's state.
struct Change {
    from: Option<BookingState>,
    to: BookingState,
    actor: &'static str,
    person: Option<UserId>,
    reason: Option<&'static str>,
    at: DateTime<Utc>,
}

/// How a booking came to its state.
fn changes(entry: &Entry<'_>) -> Vec<Change> {
    use BookingState as S;
    let asked = matches!(entry.state, S::Requested | S::Declined);
    let begun = if asked { S::Requested } else { S::Confirmed };
    let student = Some(entry.student.id);
    let mut changes = vec![Change {
        from: None,
        to: begun,
        actor: "student",
        person: student,
        reason: None,
        at: entry.made,
    }];
    let later = entry.made + TimeDelta::hours(3);
    let tutor = Some(entry.tutor.user);
    let (actor, person, reason, at) = match entry.state {
        S::Requested | S::Confirmed => return changes,
        S::Declined => ("tutor", tutor, Some("I am travelling that day, sorry."), later),
        S::Cancelled => ("student", student, Some("Something came up."), later),
        S::EarlyEnd => ("tutor", tutor, None, entry.slot.end - TimeDelta::minutes(10)),
        _ => ("system", None, None, entry.slot.end),
    };
    changes.push(Change { from: Some(begun), to: entry.state, actor, person, reason, at });
    changes
}

fn lesson_rows(rows: &mut Rows, dice: &mut Dice, entry: &Entry<'_>, booking: BookingId, last: DateTime<Utc>) {
    let id = LessonId(dice.id());
    let both = &[Party::Tutor, Party::Student];
    let (state, who): (_, &[Party]) = match entry.state {
        BookingState::Completed => (LessonState::CompletedAssumed, both),
        BookingState::EarlyEnd => (LessonState::EarlyEndShort, both),
        BookingState::NoShowStudent => (LessonState::NoShowStudent, &[Party::Tutor]),
        BookingState::NoShowTutor => (LessonState::NoShowTutor, &[Party::Student]),
        BookingState::Requested | BookingState::Confirmed => (LessonState::Scheduled, &[]),
        _ => (LessonState::Cancelled, &[]),
    };
    let (no_show_wait, min_payable) = waits(entry.kind.minutes);
    rows.lessons.push(json!({
        "id": id, "booking_id": booking, "state": state, "no_show_wait": no_show_wait, "min_payable": min_payable,
        "trusted_end_at": (entry.state == BookingState::EarlyEnd).then_some(last),
        "marked_no_show_at": (entry.state == BookingState::NoShowStudent).then_some(last),
        "settled_at": (!who.is_empty()).then_some(last),
    }));
    let join = |party| (attendance::Kind::Join, party, entry.slot.start + TimeDelta::seconds(arrival(dice)));
    let mut evidence: Vec<_> = who.iter().copied().map(join).collect();
    evidence.extend(match entry.state {
        BookingState::EarlyEnd => Some((attendance::Kind::Ended, Party::Tutor, last)),
        BookingState::NoShowStudent => Some((attendance::Kind::MarkedNoShow, Party::Tutor, last)),
        _ => None,
    });
    rows.attendance.extend(sealed(id, entry, evidence));
}

/// How many seconds after the start somebody comes: most a little before it, one in six up to four minutes late.
fn arrival(dice: &mut Dice) -> i64 {
    match dice.below(240) as i64 {
        early @ 40.. => 10 - early,
        late => 6 * late,
    }
}

/// Rows of evidence in the order of their times, each sealed with all before it.
fn sealed(
    lesson: LessonId,
    entry: &Entry<'_>,
    mut evidence: Vec<(attendance::Kind, Party, DateTime<Utc>)>,
) -> Vec<Value> {
    evidence.sort_by_key(|(_, _, at)| *at);
    let mut before = attendance::START;
    let rows = evidence.into_iter().map(|(kind, party, at)| {
        let user = if party == Party::Tutor { entry.tutor.user } else { entry.student.id };
        let source = OURSELVES.to_owned();
        let record = Record { kind, party: Some(party), source, reference: None, at, told_at: None };
        before = attendance::seal(&before, lesson, &record);
        let hash: String = before.iter().map(|byte| format!("{byte:02x}")).collect();
        json!({
            "lesson_id": lesson, "user_id": user, "party": party, "kind": kind, "source": OURSELVES, "at": at,
            "hash": format!("\\x{hash}"),
        })
    });
    rows.collect()
}
