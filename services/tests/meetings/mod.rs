//! A platform with Zoom and Google, for tests of meetings.
#![allow(dead_code, reason = "each test file uses its part")]

use domain::{booking::Booking, ids::BookingId};
use serde_json::{Value, json};
use services::{
    Actor, Services, booking, jobs, lesson,
    oauth::Reply,
    search::{self, SearchQuery},
    testing::{self, Tutor, at_hour, booked, now},
    tutor::{self, Provider},
    video::{self, Kind, Standing},
};
use sqlx::PgPool;
use url::Url;

use crate::google::{Consent, Google};

/// How the tutor is known at both.
pub const TINA: &str = "tina@example.org";

/// Services, a tutor, Zoom and Google.
pub struct World {
    pub services: Services,
    pub tutor: Tutor,
    pub zoom: Google,
    pub google: Google,
}

/// Opens both; with these settings of the platform.
pub async fn open(db: PgPool) -> World {
    let zoom = Google::zoom("http://127.0.0.1:3000/connect/zoom/callback").await;
    let google = Google::open("http://127.0.0.1:3000/connect/google/callback").await;
    jobs::migrate(&db).await.expect("the queue");
    let services = server(db, &zoom, &google);
    services.clock.set(&services.db, Some(now())).await.expect("the clock");
    let tutor = testing::tutor(&services, "Tina").await;
    World { services, tutor, zoom, google }
}

/// A server that knows both.
fn server(db: PgPool, zoom: &Google, google: &Google) -> Services {
    let (at_zoom, at_google) = (zoom.url(), google.url());
    let vars = [
        ("GOOGLE_CLIENT_ID", "lectern"),
        ("GOOGLE_CLIENT_SECRET", "geheim"),
        ("GOOGLE_ISSUER", &at_google),
        ("GOOGLE_API_BASE", &at_google),
        ("ZOOM_CLIENT_ID", "lectern"),
        ("ZOOM_CLIENT_SECRET", "geheim"),
        ("ZOOM_WEBHOOK_SECRET", "of tests"),
        ("ZOOM_BASE", &at_zoom),
        ("ZOOM_API_BASE", &at_zoom),
    ];
    testing::services_in(db, &vars, None)
}

impl World {
    /// Another server on the same database and providers.
    pub fn second_server(&self) -> Services {
        let second = server(self.services.db.clone(), &self.zoom, &self.google);
        second.clock.show(Some(self.services.clock.now()));
        second
    }

    pub fn door(&self, kind: Kind) -> &Google {
        match kind {
            Kind::Zoom => &self.zoom,
            Kind::GoogleMeet => &self.google,
        }
    }

    pub async fn asked(&self, kind: Kind, login: &str, consent: Consent) -> (String, Reply) {
        let (services, tutor) = (&self.services, &self.tutor);
        let asked = video::begin(services, &tutor.actor, tutor.id, kind).await.expect("a question");
        let back = self.door(kind).visit(&asked.url, login, consent).await;
        (asked.kept, reply(&back))
    }

    pub async fn finish(&self, kind: Kind, kept: &str, reply: &Reply) -> services::Result<()> {
        video::finish(&self.services, &self.tutor.actor, self.tutor.id, kind, Some(kept), reply).await
    }

    pub async fn connect(&self, kind: Kind) {
        let (kept, reply) = self.asked(kind, TINA, Consent::Yes).await;
        self.finish(kind, &kept, &reply).await.expect("connected");
    }

    pub async fn choose(&self, provider: Provider) -> services::Result<()> {
        tutor::set_provider(&self.services, &self.tutor.actor, self.tutor.id, provider).await
    }

    pub async fn chosen(&self) -> Provider {
        tutor::settings(&self.services, &self.tutor.actor, self.tutor.id).await.expect("settings").1
    }

    pub async fn disconnect(&self, kind: Kind) -> services::Result<()> {
        video::disconnect(&self.services, &self.tutor.actor, self.tutor.id, kind).await
    }

    pub async fn book(&self, student: &Actor, hour: i64) -> Booking {
        let booking = booked(&self.services, student, &self.tutor, at_hour(hour)).await;
        self.drain().await;
        booking
    }

    pub async fn drain(&self) {
        jobs::drain(&self.services).await.expect("all jobs");
    }

    /// Every job that waits for another try is tried now.
    pub async fn again(&self) {
        jobs::retry_now(&self.services).await.expect("again");
        self.drain().await;
    }

    /// The meetings at Zoom: when they begin, and where they are.
    pub async fn at_zoom(&self) -> Vec<(String, String)> {
        let state = self.zoom.test("look", &json!({})).await;
        let meetings = state["meetings"].as_array().expect("meetings").clone();
        let text = |meeting: &Value, name: &str| meeting[name].as_str().expect(name).to_owned();
        meetings.iter().map(|it| (text(it, "start_time"), text(it, "join_url"))).collect()
    }

    /// The meetings at Google.
    pub async fn at_google(&self) -> Vec<(String, String)> {
        let events = self.google.events(TINA).await;
        let text = |text: &Value| text.as_str().expect("a text").to_owned();
        events.iter().map(|it| (text(&it["start"]["dateTime"]), text(&it["hangoutLink"]))).collect()
    }

    pub async fn meetings(&self, kind: Kind) -> Vec<(String, String)> {
        match kind {
            Kind::Zoom => self.at_zoom().await,
            Kind::GoogleMeet => self.at_google().await,
        }
    }

    pub async fn standing(&self, booking: &Booking) -> Standing {
        video::standing(&self.services, booking).await.expect("a standing").0
    }

    /// Joins a lesson at its start.
    pub async fn join(&self, actor: &Actor, booking: BookingId) -> services::Result<String> {
        let found = booking::find(&self.services, actor, booking).await.expect("a booking");
        self.services.clock.set(&self.services.db, Some(found.start)).await.expect("the clock");
        lesson::join(&self.services, actor, booking).await
    }

    pub async fn is_found(&self) -> bool {
        self.is_found_by(&self.services).await
    }

    pub async fn is_found_by(&self, services: &Services) -> bool {
        let query = SearchQuery { page: 1, page_size: 20, ..SearchQuery::default() };
        let found = search::search(services, &query).await.expect("a search");
        !found.rows.is_empty()
    }
}

pub fn reply(back: &Url) -> Reply {
    let value =
        |name: &str| back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    Reply { code: value("code"), state: value("state"), error: value("error"), iss: value("iss") }
}

pub fn at(hour: i64) -> String {
    at_hour(hour).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
