//! What Zoom tells us by itself: verified first, stored once, worked off as a job. In any order, and however often it
//! comes, it leads to the same state: what follows from a message is found from all that came about its meeting.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Code, Refusal,
    attendance::{Kind, Record},
    booking::Party,
    ids::{BookingId, UserId},
    lesson::{JOIN_OPENS_BEFORE, LessonEvent, Sight, Who, outcome_of_meeting},
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
    let mut tx = services.begin().await?;
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
    let mut tx = services.begin().await?;
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

/// Who took part: the owner of the account, the student by the address they are signed in under, or a guest.
fn who(participant: &Value, owner: &str, student: &str) -> Who {
    let is_owner = |name: &str| participant[name].as_str().is_some_and(|id| id == owner);
    let email = participant["email"].as_str().unwrap_or_default();
    match () {
        () if is_owner("id") || is_owner("participant_user_id") => Who::Tutor,
        () if !email.is_empty() && email.eq_ignore_ascii_case(student) => Who::Student,
        () => Who::Guest,
    }
}

async fn handle(services: &Services, event: &str) -> Result<()> {
    let now = services.clock.now();
    let mut retries = booking::Retries::default();
    let outcome = loop {
        let mut tx = services.begin().await?;
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
        who(participant, &self.meeting.account, &self.meeting.student_email)
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
    /// [`outcome_of_meeting`]. Where the lesson went on elsewhere nothing follows from what became of the meeting.
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
        if let Some(event) = outcome_of_meeting(&told, &clicked, (booking.start, booking.end), held) {
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
