//! What Zoom tells us by itself: verified first, stored once, worked off as a job. In any order, and however often it
//! comes, it leads to the same state: what follows from a message is found from all that came about its meeting.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Code, Refusal,
    attendance::{Kind, Record},
    booking::Party,
    ids::{BookingId, UserId},
    lesson::{JOIN_OPENS_BEFORE, LessonEvent},
    webhook::{sign_zoom, verify_zoom},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;

use super::{recordings, store};
use crate::{
    Result, Services,
    booking::{self, By, Found},
    jobs::{self, Job},
    lesson::{
        life::{self, Origin},
        store::{insert_record, list_records},
    },
    live, oauth,
};

/// Who says so, in the evidence.
const ZOOM: &str = "zoom";

/// How long messages are kept: Zoom tells late what it could not tell at once, not later than this.
pub(crate) const KEPT_FOR: TimeDelta = TimeDelta::days(30);

/// What is answered to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It was taken.
    Taken,
    /// Zoom asks whether this address is ours: the token that it sent, and our signature over it.
    Challenge {
        /// As it was sent.
        plain_token: String,
        /// Hexadecimal.
        encrypted_token: String,
    },
}

/// The job that works off a message of a video provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HandleVideoEvent {
    /// Its id.
    pub event: String,
}

impl Job for HandleVideoEvent {
    const NAME: &'static str = "handle_video_event";

    async fn run(self, services: &Services) -> Result<()> {
        handle(services, &self.event).await
    }
}

/// Takes a message of Zoom: the raw body, and what its headers `x-zm-request-timestamp` and `x-zm-signature` say.
///
/// # Errors
/// `NOT_FOUND` where Zoom is not configured; `INVALID_REQUEST` where the signature does not hold (`signature`) or the
/// body is no message (`malformed`).
pub async fn receive(services: &Services, timestamp: &str, signature: &str, body: &[u8]) -> Result<Heard> {
    let zoom = services.config.zoom.as_ref().ok_or_else(|| Refusal::new(Code::NotFound, "not_found"))?;
    let now = services.clock.now();
    verify_zoom(&zoom.webhook_secret, timestamp, signature, body, now.timestamp())?;
    let malformed = || Refusal::new(Code::InvalidRequest, "malformed");
    let payload: Value = serde_json::from_slice(body).map_err(|_| malformed())?;
    let kind = payload["event"].as_str().ok_or_else(malformed)?;
    if kind == "endpoint.url_validation" {
        let plain_token = payload["payload"]["plainToken"].as_str().ok_or_else(malformed)?.to_owned();
        let encrypted_token = sign_zoom(&zoom.webhook_secret, plain_token.as_bytes())?;
        return Ok(Heard::Challenge { plain_token, encrypted_token });
    }
    if kind == "app_deauthorized" {
        return deauthorized(services, &payload["payload"]).await;
    }
    let id: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    let message = Message::read(kind, &payload);
    let Some(kept) = kept(kind, &payload) else { return Ok(Heard::Taken) };
    let mut tx = services.db.begin().await?;
    // Zoom tells of every meeting of an account, also of those that are none of our business.
    if store::find_meeting(&mut tx, message.remote.as_deref()).await?.is_none() {
        return Ok(Heard::Taken);
    }
    if store::insert_event(&mut tx, &id, &message, &kept, now).await? {
        jobs::enqueue(&mut tx, &HandleVideoEvent { event: id }).await?;
    }
    tx.commit().await?;
    Ok(Heard::Taken)
}

/// Zoom's word that the owner of an account removed our app there: our tokens open nothing any more. The account has to
/// be connected again; its meetings stand as after any permission that ended.
async fn deauthorized(services: &Services, told: &Value) -> Result<Heard> {
    let is_ours = |id: &str| services.config.zoom.as_ref().is_some_and(|zoom| zoom.client_id == id);
    let text = |name: &str| told[name].as_str();
    let at = text("deauthorization_time").and_then(|at| at.parse::<DateTime<Utc>>().ok());
    let door = services.zoom.as_ref().filter(|_| text("client_id").is_some_and(is_ours));
    let Some(((door, owner), at)) = door.zip(text("user_id")).zip(at) else { return Ok(Heard::Taken) };
    let mut tx = services.db.begin().await?;
    oauth::end(&mut tx, door, owner, at).await?;
    tx.commit().await?;
    Ok(Heard::Taken)
}

/// A message, as far as it concerns lessons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub kind: String,
    /// What Zoom calls the meeting.
    pub remote: Option<String>,
    /// When it happened.
    pub at: Option<DateTime<Utc>>,
}

impl Message {
    fn read(kind: &str, payload: &Value) -> Self {
        let object = &payload["payload"]["object"];
        let at = match kind {
            "meeting.participant_joined" => &object["participant"]["join_time"],
            "meeting.participant_left" => &object["participant"]["leave_time"],
            "meeting.ended" => &object["end_time"],
            _ => &object["start_time"],
        };
        // The number of a meeting comes as a text or as a number.
        let remote = match &object["id"] {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        // Of a recording the last word counts, and the message alone says when it was sent.
        let at = match recordings::are_meant(kind) {
            true => payload["event_ts"].as_i64().and_then(DateTime::from_timestamp_millis),
            false => at.as_str().and_then(|text| text.parse().ok()),
        };
        Message { kind: kind.to_owned(), remote, at }
    }
}

/// What is kept of a message: who took part, by what tells parties apart, and of nobody the name. `None` for a message
/// from which nothing follows.
fn kept(kind: &str, payload: &Value) -> Option<Value> {
    match kind {
        "meeting.participant_joined" | "meeting.participant_left" => {
            let participant = &payload["payload"]["object"]["participant"];
            let names = ["id", "participant_user_id", "email"].into_iter();
            let told = names.filter_map(|name| participant.get(name).map(|it| (name.to_owned(), it.clone())));
            let participant: serde_json::Map<String, Value> = told.collect();
            Some(json!({ "payload": { "object": { "participant": participant } } }))
        }
        "meeting.ended" => Some(json!({})),
        _ if recordings::are_meant(kind) => Some(recordings::kept(payload)),
        _ => None,
    }
}

/// Who took part, as far as Zoom and we together know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// The owner of the account.
    Tutor,
    /// Somebody signed in under the student's address.
    Student,
    /// Somebody else, or the student under another name.
    Guest,
}

impl Who {
    /// A guest is on record, and proves nothing: anybody can be one.
    const fn party(self) -> Option<Party> {
        match self {
            Who::Tutor => Some(Party::Tutor),
            Who::Student => Some(Party::Student),
            Who::Guest => None,
        }
    }

    fn of(participant: &Value, owner: &str, student: &str) -> Self {
        let is_owner = |name: &str| participant[name].as_str().is_some_and(|id| id == owner);
        let email = participant["email"].as_str().unwrap_or_default();
        match () {
            () if is_owner("id") || is_owner("participant_user_id") => Who::Tutor,
            () if !email.is_empty() && email.eq_ignore_ascii_case(student) => Who::Student,
            () => Who::Guest,
        }
    }
}

async fn handle(services: &Services, event: &str) -> Result<()> {
    let now = services.clock.now();
    let mut retries = booking::Retries::default();
    let outcome = loop {
        let mut tx = services.db.begin().await?;
        let outcome = work_off(services, &mut tx, event, now).await;
        let outcome = booking::finish(tx, outcome).await;
        if !retries.again(&outcome).await {
            break outcome;
        }
    };
    services.live.wake(&outcome?);
    Ok(())
}

async fn work_off(
    services: &Services,
    tx: &mut PgConnection,
    event: &str,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    let Some(stored) = store::find_event(tx, event).await? else { return Ok(Vec::new()) };
    let Some(meeting) = store::find_meeting(tx, stored.message.remote.as_deref()).await? else {
        // It was removed meanwhile.
        store::delete_event(tx, event).await?;
        return Ok(Vec::new());
    };
    let found = booking::find_locked(tx, BookingId(meeting.booking), now).await?;
    let found = found.ok_or_else(booking::not_found)?;
    // Two jobs may have it in hand: the first that has the booking does it.
    if !store::set_event_processed(tx, event, now).await? {
        return Ok(Vec::new());
    }
    if recordings::are_meant(&stored.message.kind) {
        return recordings::hear(services, tx, &stored, &found, now).await;
    }
    let seen = Seen { found: &found, meeting: &meeting, event, now };
    let Some(at) = stored.message.at else { return Ok(Vec::new()) };
    let participant = &stored.payload["payload"]["object"]["participant"];
    let mut people = match stored.message.kind.as_str() {
        "meeting.participant_joined" => {
            let mut people = seen.joined(tx, participant, at).await?;
            people.extend(seen.over_or_not(tx, &stored.message).await?);
            people
        }
        "meeting.participant_left" => {
            seen.note(tx, Kind::Left, participant, at).await?;
            Vec::new()
        }
        "meeting.ended" => {
            seen.note(tx, Kind::Ended, &Value::Null, at).await?;
            seen.over_or_not(tx, &stored.message).await?
        }
        _ => return Ok(Vec::new()),
    };
    // Both read the evidence on the lesson's page as it comes.
    people.extend(seen.parties());
    let told = json!({ "booking_id": found.booking.id });
    live::record(tx, &seen.parties(), "lesson.meeting", &told, now).await?;
    Ok(people)
}

/// A message about the meeting of a locked booking.
struct Seen<'a> {
    found: &'a Found,
    meeting: &'a Meeting,
    event: &'a str,
    now: DateTime<Utc>,
}

impl Seen<'_> {
    fn parties(&self) -> Vec<UserId> {
        vec![self.found.booking.student, self.found.tutor_user]
    }

    fn who(&self, participant: &Value) -> Who {
        Who::of(participant, &self.meeting.account, &self.meeting.student_email)
    }

    fn origin(&self) -> Origin<'_> {
        Origin { source: ZOOM, reference: Some(self.event), told_at: None }
    }

    async fn joined(
        &self,
        tx: &mut PgConnection,
        participant: &Value,
        at: DateTime<Utc>,
    ) -> Result<Vec<UserId>> {
        match self.who(participant).party() {
            Some(party) => {
                let event = LessonEvent::SeenJoining(party, at);
                life::apply_from(tx, self.found, event, By::System, self.origin(), self.now).await
            }
            None => {
                self.note(tx, Kind::Join, participant, at).await?;
                Ok(self.parties())
            }
        }
    }

    /// Puts on record what changes nothing by itself.
    async fn note(
        &self,
        tx: &mut PgConnection,
        kind: Kind,
        participant: &Value,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let party = self.who(participant).party();
        let (source, reference) = (ZOOM.to_owned(), Some(self.event.to_owned()));
        let record = Record { kind, party, source, reference, at, told_at: None };
        insert_record(tx, self.found.booking.lesson, None, &record).await
    }

    /// Whether the lesson ended when its meeting did, found from all messages, whichever came last; see
    /// [`judge`]. Where the lesson went on elsewhere nothing follows from what became of the meeting.
    async fn over_or_not(&self, tx: &mut PgConnection, message: &Message) -> Result<Vec<UserId>> {
        let booking = &self.found.booking;
        let Some(remote) = &message.remote else { return Ok(Vec::new()) };
        if !store::takes_place_in(tx, booking.id, &self.meeting.url).await? {
            return Ok(self.parties());
        }
        let told = store::list_told(tx, remote).await?;
        let told: Vec<_> =
            told.iter().map(|it| (it.sight(|participant| self.who(participant)), it.at)).collect();
        let clicked = self.clicked(tx).await?;
        let held = life::load(tx, booking).await?.evidence.trusted_end;
        let mut people = self.parties();
        if let Some(event) = judge(&told, &clicked, (booking.start, booking.end), held) {
            people
                .extend(life::apply_from(tx, self.found, event, By::System, self.origin(), self.now).await?);
        }
        Ok(people)
    }

    /// When the tutor went to this lesson by our link.
    async fn clicked(&self, tx: &mut PgConnection) -> Result<Vec<DateTime<Utc>>> {
        let booking = &self.found.booking;
        let opens = booking.start - JOIN_OPENS_BEFORE;
        let is_click = |it: &Record| {
            it.kind == Kind::Join && it.party == Some(Party::Tutor) && it.source != ZOOM && it.at >= opens
        };
        let records = list_records(tx, booking.lesson).await?.into_iter().map(|(record, _)| record);
        Ok(records.filter(is_click).map(|record| record.at).collect())
    }
}

/// What was told of a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// Somebody came.
    Came(Who),
    /// It ended.
    Ended,
}

/// What follows for a lesson, from its start to its end, from all that was told of its meeting, in any order. It is
/// over when the meeting ended after the start and after its tutor was there, and nobody but the tutor came back before
/// the scheduled end: a connection that fails for a moment ends a meeting, too. A student who looks in before the tutor
/// comes and leaves again ends no lesson, and a tutor who tries the meeting before it and leaves was not there. Where
/// Zoom does not know its tutor (a browser without their account), they were there from when they `clicked` on our link.
/// `held` is the end that is on record; one that a later message shows to be none is taken back.
fn judge(
    told: &[(Sight, DateTime<Utc>)],
    clicked: &[DateTime<Utc>],
    (start, end): (DateTime<Utc>, DateTime<Utc>),
    held: Option<DateTime<Utc>>,
) -> Option<LessonEvent> {
    let ends = || told.iter().filter(|it| it.0 == Sight::Ended).map(|it| it.1);
    let tried_until = ends().filter(|at| *at <= start).max();
    let seen: Vec<_> = told.iter().filter(|it| it.0 == Sight::Came(Who::Tutor)).map(|it| it.1).collect();
    let came = if seen.is_empty() { clicked } else { &*seen };
    let tutor = came.iter().copied().filter(|at| Some(*at) > tried_until).min();
    let ended = ends().filter(|at| *at > start && tutor.is_some_and(|came| came < *at)).max();
    let back = told.iter().filter(|(sight, at)| {
        matches!(sight, Sight::Came(Who::Student | Who::Guest)) && *at < end && Some(*at) > ended
    });
    match (ended, back.map(|it| it.1).max()) {
        (Some(_), Some(back)) => Some(LessonEvent::SeenGoingOn(back)),
        (Some(ended), None) => Some(LessonEvent::SeenEnding(ended)),
        (None, _) => {
            let mistaken = held.filter(|held| ends().any(|at| at == *held));
            mistaken.map(|at| LessonEvent::SeenGoingOn(at + TimeDelta::microseconds(1)))
        }
    }
}

/// What was told about a meeting.
pub(super) struct Told {
    pub kind: String,
    pub at: DateTime<Utc>,
    pub participant: Value,
}

impl Told {
    fn sight(&self, who: impl Fn(&Value) -> Who) -> Sight {
        if self.kind == "meeting.ended" { Sight::Ended } else { Sight::Came(who(&self.participant)) }
    }
}

/// A message as it is stored.
pub(super) struct Stored {
    pub message: Message,
    pub payload: Value,
}

/// The meeting of a message.
pub(super) struct Meeting {
    pub booking: uuid::Uuid,
    /// Whose it is, as the provider says it.
    pub account: String,
    pub student_email: String,
    /// Where it is.
    pub url: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    /// What was told, by minutes after the start, and what follows while minute 20 is on record as the end.
    #[test]
    fn a_meeting_that_ended_with_its_tutor_ended_the_lesson() {
        use Sight::{Came, Ended};
        use Who::{Guest, Student, Tutor};
        let over = |minute| Some(LessonEvent::SeenEnding(at(minute)));
        let goes_on = |minute| Some(LessonEvent::SeenGoingOn(at(minute)));
        let taken_back = Some(LessonEvent::SeenGoingOn(at(20) + TimeDelta::microseconds(1)));
        type Row<'a> = (&'a [(Sight, i64)], Option<LessonEvent>);
        let rows: [Row<'_>; 12] = [
            (&[(Came(Tutor), 0)], None),
            (&[(Came(Tutor), 0), (Ended, 20)], over(20)),
            // Who comes early and stays is there.
            (&[(Came(Tutor), -9), (Ended, 20)], over(20)),
            // Who tried the meeting and left is not.
            (&[(Came(Tutor), -9), (Ended, -8), (Ended, 20)], taken_back),
            (&[(Came(Tutor), -9), (Ended, -8), (Came(Tutor), 1), (Ended, 20)], over(20)),
            // The student looks in before the tutor comes.
            (&[(Came(Student), -1), (Ended, 1), (Came(Tutor), 2)], None),
            (&[(Came(Student), -1), (Ended, 20), (Came(Tutor), 21)], taken_back),
            (&[(Ended, 1), (Came(Tutor), 2), (Ended, 40)], over(40)),
            (&[(Came(Tutor), 0), (Ended, 20), (Came(Guest), 21)], goes_on(21)),
            (&[(Came(Tutor), 0), (Ended, 20), (Came(Student), 21), (Ended, 22)], over(22)),
            (&[(Came(Tutor), 0), (Ended, 20), (Came(Tutor), 21)], over(20)),
            (&[(Came(Tutor), 0), (Ended, 20), (Came(Student), 60)], over(20)),
        ];
        for (list, expected) in rows {
            let mut told: Vec<_> = list.iter().map(|(sight, minute)| (*sight, at(*minute))).collect();
            for _ in 0..told.len() {
                told.rotate_left(1);
                assert_eq!(judge(&told, &[], (at(0), at(60)), Some(at(20))), expected, "{list:?}");
            }
        }
    }

    /// When the tutor clicked on our link, what was told, and whether the lesson ended, by minutes.
    #[test]
    fn a_tutor_whom_zoom_does_not_know_was_there_by_our_link() {
        use Sight::{Came, Ended};
        use Who::{Guest, Student, Tutor};
        type Row<'a> = (&'a [i64], &'a [(Sight, i64)], Option<i64>);
        let rows: [Row<'_>; 8] = [
            (&[], &[(Came(Student), 0), (Came(Guest), 1), (Ended, 20)], None),
            (&[1], &[(Came(Student), 0), (Came(Guest), 1), (Ended, 20)], Some(20)),
            (&[1], &[(Ended, 20)], Some(20)),
            (&[-4], &[(Ended, 20)], Some(20)),
            (&[-4], &[(Ended, -2), (Ended, 20)], None),
            (&[-4, 1], &[(Ended, -2), (Ended, 20)], Some(20)),
            (&[20], &[(Ended, 20)], None),
            // Zoom saw the tutor come after the student had looked in: the click came before, the tutor did not.
            (&[1], &[(Came(Student), 0), (Ended, 2), (Came(Tutor), 3)], None),
        ];
        for (clicked, list, expected) in rows {
            let clicked: Vec<_> = clicked.iter().map(|minute| at(*minute)).collect();
            let told: Vec<_> = list.iter().map(|(sight, minute)| (*sight, at(*minute))).collect();
            let expected = expected.map(|minute| LessonEvent::SeenEnding(at(minute)));
            assert_eq!(judge(&told, &clicked, (at(0), at(60)), None), expected, "{clicked:?} {list:?}");
        }
    }
}
