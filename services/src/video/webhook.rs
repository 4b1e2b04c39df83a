//! What Zoom tells us by itself: verified first, stored once, worked off as a job. In any order, and however often it
//! comes, it leads to the same state: what follows from a message is found from all that came about its meeting.

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    attendance::{Kind, Record},
    booking::Party,
    ids::{BookingId, UserId},
    lesson::{LessonEvent, join_window},
    webhook::{sign_zoom, verify_zoom},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;

use super::store;
use crate::{
    Result, Services,
    booking::{self, By, Found},
    jobs::{self, Job},
    lesson::{
        life::{self, Origin},
        store::insert_record,
    },
};

/// Who says so, in the evidence.
const ZOOM: &str = "zoom";

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
    let id: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    let message = Message::read(kind, &payload);
    let mut tx = services.db.begin().await?;
    if store::insert_event(&mut tx, &id, &message, &payload, now).await? {
        jobs::enqueue(&mut tx, &HandleVideoEvent { event: id }).await?;
    }
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
        let at = at.as_str().and_then(|text| text.parse().ok());
        Message { kind: kind.to_owned(), remote, at }
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
        let outcome = work_off(&mut tx, event, now).await;
        let outcome = booking::finish(tx, outcome).await;
        if !retries.again(&outcome).await {
            break outcome;
        }
    };
    services.live.wake(&outcome?);
    Ok(())
}

async fn work_off(tx: &mut PgConnection, event: &str, now: DateTime<Utc>) -> Result<Vec<UserId>> {
    let Some(stored) = store::find_event(tx, event).await? else { return Ok(Vec::new()) };
    let Some(meeting) = store::find_meeting(tx, stored.message.remote.as_deref()).await? else {
        store::set_event_processed(tx, event, now).await?;
        return Ok(Vec::new());
    };
    let found = booking::find_locked(tx, BookingId(meeting.booking), now).await?;
    let found = found.ok_or_else(booking::not_found)?;
    // Two jobs may have it in hand: the first that has the booking does it.
    if !store::set_event_processed(tx, event, now).await? {
        return Ok(Vec::new());
    }
    let seen = Seen { found: &found, owner: &meeting.account, student: &meeting.student_email, event, now };
    let Some(at) = stored.message.at else { return Ok(Vec::new()) };
    let participant = &stored.payload["payload"]["object"]["participant"];
    match stored.message.kind.as_str() {
        "meeting.participant_joined" => {
            let mut people = seen.joined(tx, participant, at).await?;
            people.extend(seen.over_or_not(tx, &stored.message).await?);
            Ok(people)
        }
        "meeting.participant_left" => {
            seen.note(tx, Kind::Left, participant, at).await?;
            Ok(seen.parties())
        }
        "meeting.ended" => seen.over_or_not(tx, &stored.message).await,
        _ => Ok(Vec::new()),
    }
}

/// A message about the meeting of a locked booking.
struct Seen<'a> {
    found: &'a Found,
    /// Whose meeting it is, as Zoom says it.
    owner: &'a str,
    /// The student's address.
    student: &'a str,
    event: &'a str,
    now: DateTime<Utc>,
}

impl Seen<'_> {
    fn parties(&self) -> Vec<UserId> {
        vec![self.found.booking.student, self.found.tutor_user]
    }

    fn origin(&self) -> Origin<'_> {
        Origin { source: ZOOM, reference: Some(self.event) }
    }

    async fn joined(
        &self,
        tx: &mut PgConnection,
        participant: &Value,
        at: DateTime<Utc>,
    ) -> Result<Vec<UserId>> {
        match Who::of(participant, self.owner, self.student).party() {
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
        let party = Who::of(participant, self.owner, self.student).party();
        let (source, reference) = (ZOOM.to_owned(), Some(self.event.to_owned()));
        let record = Record { kind, party, source, reference, at };
        insert_record(tx, self.found.booking.lesson, None, &record).await
    }

    /// The lesson is over when its meeting ended after the start, and nobody but the tutor came back before the
    /// scheduled end: a connection that fails for a moment ends a meeting, too. Found from all messages, whichever
    /// came last.
    async fn over_or_not(&self, tx: &mut PgConnection, message: &Message) -> Result<Vec<UserId>> {
        let booking = &self.found.booking;
        let Some(remote) = &message.remote else { return Ok(Vec::new()) };
        let within = (join_window(booking.start, booking.end).0, booking.end);
        let told = store::list_told(tx, remote, within.0).await?;
        let ended = told.iter().filter(|it| it.kind == "meeting.ended" && it.at > booking.start);
        let Some(ended) = ended.map(|it| it.at).max() else { return Ok(Vec::new()) };
        let back = told.iter().filter(|it| {
            let is_tutor = Who::of(&it.participant, self.owner, self.student) == Who::Tutor;
            it.kind == "meeting.participant_joined" && !is_tutor && it.at < within.1
        });
        let event = match back.map(|it| it.at).max() {
            Some(back) if back > ended => LessonEvent::SeenGoingOn(back),
            _ if message.kind == "meeting.ended" => LessonEvent::SeenEnding(ended),
            _ => return Ok(Vec::new()),
        };
        let mut people = life::apply_from(tx, self.found, event, By::System, self.origin(), self.now).await?;
        people.extend(self.parties());
        Ok(people)
    }
}

/// What was told about a meeting.
pub(super) struct Told {
    pub kind: String,
    pub at: DateTime<Utc>,
    pub participant: Value,
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
}
