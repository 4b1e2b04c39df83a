//! Meetings at Zoom and Google Meet, while servers are killed: each lesson has one, at its time, none is left over, and
//! what Zoom tells is worked off once.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Instant,
};

use chrono::{DateTime, TimeDelta, Utc};
use domain::booking::Booking;
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use services::{
    Actor, booking, jobs,
    oauth::Reply,
    testing::{self, Tutor, at_hour, booked, now},
    tutor,
    video::{self, Kind},
};
use sha2::Sha256;
use sqlx::PgPool;

use crate::{
    google::{Consent, Google},
    points::{Moment, PATIENCE, Point},
    processes::{LOOK_AGAIN, Server},
    provider::Provider,
    world::World,
};

const SECRET: &str = "what signs the messages of Zoom";
const OWNER: &str = "tina@example.org";

/// How long the work of a killed server on a meeting is left to it: a lease of three minutes.
const LEASE: TimeDelta = TimeDelta::minutes(4);

/// What happens to the meeting of a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// The lesson is booked.
    Made,
    /// The same, and the first answer was lost.
    Sought,
    /// It has another time.
    Moved,
    /// It is called off.
    Removed,
    /// Zoom tells that the meeting ended before its time.
    Ended,
}

/// A server that knows Zoom or Google, and a tutor whose lessons take place there.
struct Room {
    world: World,
    kind: Kind,
    door: Google,
    tutor: Tutor,
    student: Actor,
    lessons: AtomicI64,
    _proxy: Provider,
}

impl Room {
    async fn open(db: &PgPool, kind: Kind) -> Self {
        let mut world = World::start(db).await;
        world.sandbox.control("PUT", "webhooks", &json!({ "lose": true })).await;
        let (door, prefix, base) = match kind {
            Kind::Zoom => (Google::zoom("http://127.0.0.1:3000/connect/zoom/callback").await, "ZOOM", "BASE"),
            Kind::GoogleMeet => {
                (Google::open("http://127.0.0.1:3000/connect/google/callback").await, "GOOGLE", "ISSUER")
            }
        };
        let proxy = Provider::start(&door.url(), world.points.clone()).await;
        let vars = |api: &str| {
            let known = [("CLIENT_ID", "lectern"), ("CLIENT_SECRET", "geheim"), ("WEBHOOK_SECRET", SECRET)];
            let places = [(base, &*door.url()), ("API_BASE", api)];
            let named = |(name, value): (&str, &str)| (format!("{prefix}_{name}"), value.to_owned());
            known.into_iter().chain(places).map(named).collect::<Vec<_>>()
        };
        let own = vars(&door.url());
        let own: Vec<_> = own.iter().map(|(name, value)| (&**name, &**value)).collect();
        world.services = testing::services_in(db.clone(), &own, None);
        world.environment.more = vars(&proxy.url);
        world.set_clock(now()).await;
        let tutor = testing::tutor(&world.services, "Tina").await;
        let student = testing::student(&world.services, "Sam").await;
        let room = Room { world, kind, door, tutor, student, lessons: AtomicI64::new(0), _proxy: proxy };
        room.connect().await;
        room
    }

    /// The tutor permits it on the provider's own pages, and teaches there from now on.
    async fn connect(&self) {
        let (services, Tutor { actor, id, .. }) = (&self.world.services, &self.tutor);
        let asked = video::begin(services, actor, *id, self.kind).await.expect("a question");
        let back = self.door.visit(&asked.url, OWNER, Consent::Yes).await;
        let said =
            |name: &str| back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let reply =
            Reply { code: said("code"), state: said("state"), error: said("error"), iss: said("iss") };
        video::finish(services, actor, *id, self.kind, Some(&asked.kept), &reply).await.expect("connected");
        tutor::set_provider(services, actor, *id, self.kind.provider()).await.expect("chosen");
    }

    /// All that comes before a change, and what causes it: each time another lesson, three on a day.
    async fn prepare(&self, change: Change, server: &Server) -> Booking {
        let services = &self.world.services;
        self.world.set_clock(now()).await;
        let lesson = self.lessons.fetch_add(1, Ordering::Relaxed);
        let hour = 26 + 24 * (lesson / 3) + 2 * (lesson % 3);
        let booking = booked(services, &self.student, &self.tutor, at_hour(hour)).await;
        if !matches!(change, Change::Made | Change::Sought) {
            self.world.work_off(server).await;
        }
        match change {
            Change::Made => {}
            Change::Sought => {
                self.hand_out().await;
                self.door.test("lose", &json!({ "times": 1 })).await;
                self.tick(server).await;
            }
            Change::Moved => {
                let moved = booking::reschedule(services, &self.student, booking.id, at_hour(hour + 1), None);
                moved.await.expect("moved");
            }
            Change::Removed => {
                booking::cancel(services, &self.student, booking.id, None).await.expect("called off");
            }
            Change::Ended => {
                self.world.set_clock(booking.start).await;
                // A server notices there that the clock was moved.
                self.world.work_off(server).await;
                self.tell(server, &self.came(&booking).await).await;
                self.world.work_off(server).await;
                self.world.set_clock(ended_at(&booking)).await;
                self.world.work_off(server).await;
            }
        }
        self.hand_out().await;
        booking
    }

    /// Puts the job about the meeting into the queue. What else follows from a booking is killed elsewhere.
    async fn hand_out(&self) {
        jobs::hand_out(&self.world.services).await.expect("handed out");
        let others = "DELETE FROM graphile_worker._private_jobs j USING graphile_worker._private_tasks t
                      WHERE t.id = j.task_id AND t.identifier <> 'arrange_meeting'";
        testing::execute(&self.world.services, others).await;
    }

    /// The change itself, as often as those who ask repeat it.
    async fn happen(&self, change: Change, server: &Server, booking: &Booking) {
        if change == Change::Ended {
            self.tell(server, &self.over(booking).await).await;
        }
        self.tick(server).await;
    }

    /// A server does what is due; one that is killed answers nobody.
    async fn tick(&self, server: &Server) {
        let answer = self.world.post(server, "/dev/tick", None).await;
        assert!(answer.is_none_or(|answer| answer.status().is_success()), "{}", self.world.said());
    }

    /// What Zoom says when the tutor comes.
    async fn came(&self, booking: &Booking) -> Value {
        let owner = json!({ "id": format!("host-{OWNER}"), "join_time": booking.start });
        json!({ "event": "meeting.participant_joined", "event_ts": 1,
                "payload": { "object": { "id": self.number(booking).await, "participant": owner } } })
    }

    /// What Zoom says when the meeting ends.
    async fn over(&self, booking: &Booking) -> Value {
        json!({ "event": "meeting.ended", "event_ts": 2,
                "payload": { "object": { "id": self.number(booking).await, "end_time": ended_at(booking) } } })
    }

    /// Sends a message as Zoom does: until it is taken.
    async fn tell(&self, server: &Server, message: &Value) {
        let timestamp = self.world.services.clock.now().timestamp();
        let body = message.to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
        mac.update(format!("v0:{timestamp}:{body}").as_bytes());
        let bytes = mac.finalize().into_bytes();
        let signature = bytes.iter().fold("v0=".to_owned(), |text, byte| format!("{text}{byte:02x}"));
        let began = Instant::now();
        loop {
            let request = self.world.client.post(format!("{}/api/zoom/webhook", server.base));
            let request = request.header("x-zm-request-timestamp", timestamp.to_string());
            let answer = request.header("x-zm-signature", &signature).body(body.clone()).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "the message is not taken; {}", self.world.said());
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// What Zoom calls the meeting of a lesson.
    async fn number(&self, booking: &Booking) -> String {
        let sql = "SELECT remote_id FROM meetings WHERE booking_id = $1";
        let found = sqlx::query_scalar(sql).bind(booking.id.0).fetch_one(&self.world.services.db).await;
        found.expect("a meeting")
    }

    /// When the provider holds which meeting, by the name that it has there.
    async fn held(&self) -> Vec<(String, DateTime<Utc>)> {
        let start = |meeting: &Value, place: &str| {
            meeting.pointer(place).and_then(Value::as_str).expect("a start").parse().expect("an instant")
        };
        if self.kind == Kind::GoogleMeet {
            let name = |event: &Value| event["id"].as_str().expect("a name").to_owned();
            let events = self.door.events(OWNER).await;
            return events.iter().map(|event| (name(event), start(event, "/start/dateTime"))).collect();
        }
        let state = self.door.test("look", &json!({})).await;
        let meetings = state["meetings"].as_array().expect("meetings").clone();
        meetings.iter().map(|meeting| (meeting["id"].to_string(), start(meeting, "/start_time"))).collect()
    }

    /// All that became of a lesson's meeting, here and at the provider.
    async fn story(&self, booking: &Booking) -> String {
        let services = &self.world.services;
        let found = booking::find(services, &self.student, booking.id).await.expect("a booking");
        let known: Vec<String> =
            sqlx::query_scalar("SELECT remote_id FROM meetings WHERE remote_id IS NOT NULL")
                .fetch_all(&services.db)
                .await
                .expect("meetings");
        let held = self.held().await;
        let left_over = held.iter().filter(|(number, _)| !known.contains(number)).count();
        let own: Vec<String> =
            sqlx::query_scalar("SELECT coalesce(remote_id, '') FROM meetings WHERE booking_id = $1")
                .bind(booking.id.0)
                .fetch_all(&services.db)
                .await
                .expect("its meetings");
        let in_time =
            held.iter().filter(|(number, start)| own.contains(number) && *start == found.start).count();
        let here: String = sqlx::query_scalar(
            "SELECT concat_ws(E'\\n',
                 (SELECT 'work: ' || coalesce(problem, 'done') || CASE WHEN working_until IS NULL THEN '' ELSE ', in hand' END
                  FROM meeting_work WHERE booking_id = $1),
                 (SELECT 'told: ' || string_agg(v.kind || CASE WHEN v.processed_at IS NULL THEN ' waits' ELSE '' END, ', '
                      ORDER BY v.at)
                  FROM video_events v JOIN meetings m ON m.remote_id = v.remote_id WHERE m.booking_id = $1),
                 (SELECT 'evidence: ' || string_agg(a.kind, ', ' ORDER BY a.id)
                  FROM attendance a JOIN lessons l ON l.id = a.lesson_id WHERE l.booking_id = $1),
                 (SELECT 'charge: ' || state || ' ' || amount_minor FROM charges WHERE booking_id = $1))",
        )
        .bind(booking.id.0)
        .fetch_one(&services.db)
        .await
        .expect("a story");
        let meetings = own.len();
        format!(
            "{}: {meetings} meetings, {in_time} at its time, {left_over} left over\n{here}",
            found.state.name()
        )
    }

    /// Lets a server do all that is left. What Zoom told counts when the lesson is over.
    async fn finish(&self, change: Change, server: &Server, booking: &Booking) -> String {
        if change == Change::Ended {
            self.world.set_clock(booking.end).await;
        }
        self.world.work_off(server).await;
        self.story(booking).await
    }

    /// Kills a server at a point, and tells how it ended.
    async fn killed_at(&self, change: Change, point: &Point, moment: Moment) -> String {
        let world = &self.world;
        let server = world.quiet_server().await;
        let booking = self.prepare(change, &server).await;
        world.points.begin(Some((point.clone(), moment)));
        tokio::select! {
            () = world.points.reached() => {}
            () = self.happen(change, &server, &booking) => panic!("{point} was not reached: {:?}", world.points.end()),
            () = tokio::time::sleep(PATIENCE) => panic!("{point} was not reached in time: {}", world.said()),
        }
        world.points.end();
        world.kill(server).await;
        world.set_clock(world.services.clock.now() + LEASE).await;
        let server = world.server().await;
        self.happen(change, &server, &booking).await;
        let told = self.finish(change, &server, &booking).await;
        world.assert_invariants(&server).await;
        world.kill(server).await;
        told
    }

    /// Lets it happen undisturbed, then once for each point and each side of it with a server that is killed there.
    async fn survives(&self, change: Change, name: &str, story: &str) {
        let server = self.world.quiet_server().await;
        let booking = self.prepare(change, &server).await;
        self.world.points.begin(None);
        self.happen(change, &server, &booking).await;
        let points = self.world.points.end();
        assert_eq!(self.finish(change, &server, &booking).await, story, "undisturbed");
        self.world.kill(server).await;
        let listed: Vec<String> = points.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(name, listed.join("\n"));
        for point in &points {
            for moment in point.moments() {
                let told = self.killed_at(change, point, *moment).await;
                assert_eq!(told, story, "killed {moment:?} {point}; the server says:\n{}", self.world.said());
            }
        }
    }
}

/// A quarter of an hour too early.
fn ended_at(booking: &Booking) -> DateTime<Utc> {
    booking.end - TimeDelta::minutes(15)
}

const THERE: &str = "confirmed: 1 meetings, 1 at its time, 0 left over\nwork: done";
const GONE: &str = "cancelled: 0 meetings, 0 at its time, 0 left over\nwork: done";

#[sqlx::test(migrations = "../migrations")]
async fn making_a_meeting_survives_a_kill_at_every_point(db: PgPool) {
    Room::open(&db, Kind::Zoom).await.survives(Change::Made, "meeting_made", THERE).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn looking_a_meeting_up_survives_a_kill_at_every_point(db: PgPool) {
    Room::open(&db, Kind::Zoom).await.survives(Change::Sought, "meeting_sought", THERE).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn moving_a_meeting_survives_a_kill_at_every_point(db: PgPool) {
    Room::open(&db, Kind::Zoom).await.survives(Change::Moved, "meeting_moved", THERE).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn removing_a_meeting_survives_a_kill_at_every_point(db: PgPool) {
    Room::open(&db, Kind::Zoom).await.survives(Change::Removed, "meeting_removed", GONE).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_zoom_tells_survives_a_kill_at_every_point(db: PgPool) {
    let story = "early_end: 1 meetings, 1 at its time, 0 left over\n\
                 work: done\n\
                 told: meeting.participant_joined, meeting.ended\n\
                 evidence: join, ended\n\
                 charge: nothing 0";
    Room::open(&db, Kind::Zoom).await.survives(Change::Ended, "meeting_ended", story).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn making_a_meeting_at_google_survives_a_kill_at_every_point(db: PgPool) {
    Room::open(&db, Kind::GoogleMeet).await.survives(Change::Made, "google_made", THERE).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn looking_a_meeting_up_at_google_survives_a_kill_at_every_point(db: PgPool) {
    Room::open(&db, Kind::GoogleMeet).await.survives(Change::Sought, "google_sought", THERE).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn moving_a_meeting_at_google_survives_a_kill_at_every_point(db: PgPool) {
    Room::open(&db, Kind::GoogleMeet).await.survives(Change::Moved, "google_moved", THERE).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn removing_a_meeting_at_google_survives_a_kill_at_every_point(db: PgPool) {
    Room::open(&db, Kind::GoogleMeet).await.survives(Change::Removed, "google_removed", GONE).await;
}
