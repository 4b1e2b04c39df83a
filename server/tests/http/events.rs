//! The stream of live events.

use std::time::Duration;

use futures::StreamExt as _;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{PASSWORD, Person, start};

/// An open stream, read line by line.
pub struct Events {
    bytes: std::pin::Pin<Box<dyn futures::Stream<Item = reqwest::Result<Vec<u8>>> + Send>>,
    text: String,
}

/// `(id, kind, data)`.
type Event = (i64, String, Value);

impl Events {
    pub async fn open(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        assert_eq!(response.status(), 200);
        assert_eq!(header("content-type").as_deref(), Some("text/event-stream"));
        assert_eq!(
            (header("cache-control").as_deref(), header("x-accel-buffering").as_deref()),
            (Some("no-cache"), Some("no"))
        );
        assert_eq!(header("content-encoding"), None);
        let bytes = response.bytes_stream().map(|part| part.map(|part| part.to_vec()));
        Events { bytes: Box::pin(bytes), text: String::new() }
    }

    async fn of(person: &Person<'_>, query: &str) -> Self {
        Events::open(person.request("GET", &format!("/api/events{query}"))).await
    }

    /// The cursor with which a stream begins.
    pub async fn begins(&mut self) -> String {
        let block = self.block().await.expect("a beginning");
        let id = block.lines().find_map(|line| line.strip_prefix("id:")).expect("a cursor");
        id.trim().to_owned()
    }

    /// The next event, `None` once the stream has ended.
    async fn next(&mut self) -> Option<Event> {
        let (id, kind, data) = self.next_opaque().await?;
        Some((id.parse().expect("a cursor"), kind, data))
    }

    /// The same with the cursor as it is written.
    pub async fn next_opaque(&mut self) -> Option<(String, String, Value)> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            if let (Some(id), Some(kind), Some(data)) = (field("id:"), field("event:"), field("data:")) {
                let data = serde_json::from_str(data).expect("JSON");
                return Some((id.to_owned(), kind.to_owned(), data));
            }
        }
    }

    /// What comes up to the next empty line, `None` once the stream has ended.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                return Some(self.text.drain(..end + 2).collect());
            }
            let part = tokio::time::timeout(Duration::from_secs(20), self.bytes.next()).await;
            match part.expect("something within the time") {
                Some(Ok(bytes)) => self.text.push_str(&String::from_utf8(bytes).expect("UTF-8")),
                Some(Err(_)) | None => return None,
            }
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_booking_arrives_and_a_stream_resumes_without_loss(pool: PgPool) {
    let (site, other) = (start(&pool).await, start(&pool).await);
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    student.book(&tutor, "2027-03-01T12:00:00Z").await.data();
    // Without a cursor only what is new; the other server's page hears of it too.
    let mut live = Events::open(other.request("GET", "/api/events").bearer_auth(&tutor.token)).await;
    let begins = live.begins().await;
    let booking = student.book(&tutor, "2027-03-01T13:00:00Z").await.data();
    let (first, kind, data) = live.next().await.expect("an event");
    assert_eq!((&*kind, &data["booking_id"]), ("booking.created", &booking["id"]), "{data}");

    let path = format!("/api/v2/bookings/{}", booking["id"].as_str().expect("an id"));
    student.bare("DELETE", &path).await.data();
    let (second, kind, _) = live.next().await.expect("an event");
    assert!(second > first && kind == "booking.cancelled", "{kind}");
    drop(live);

    let lost = Events::of(&tutor, &format!("?after={begins}")).await.next().await;
    assert_eq!(lost.map(|event| event.0), Some(first), "of a stream that was lost before its first event");
    for (query, header) in [(format!("?after={first}"), None), (String::new(), Some(first))] {
        let mut request = tutor.request("GET", &format!("/api/events{query}"));
        if let Some(seen) = header {
            request = request.header("Last-Event-ID", seen.to_string());
        }
        assert_eq!(Events::open(request).await.next().await.map(|event| event.0), Some(second));
    }
    let mut whole = Events::of(&tutor, "?after=0").await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(whole.next().await.expect("an event").0);
    }
    assert!(ids.is_sorted() && ids[1..] == [first, second], "{ids:?}");
    // The student's stream is the student's.
    let mut own = Events::of(&student, "?after=0").await;
    assert!(!ids.contains(&own.next().await.expect("an event").0));
    tutor.get("/api/events?after=x").await.refused(400, "INVALID_REQUEST");
    drop((whole, own));
    other.stop().await;
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_stream_ends_with_its_sign_in_and_with_the_server(pool: PgPool) {
    let site = start(&pool).await;
    let ada = site.person("Ada Lovelace", "student").await;
    let email = ada.me["email"].as_str().expect("an address");
    let token =
        services::account::sign_in(&site.services, email, PASSWORD, services::account::Browser::default())
            .await
            .expect("a sign-in")
            .token;
    let cookie = format!("{}={token}", server::auth::COOKIE);
    let mut signed_out = Events::open(site.request("GET", "/api/events").header("Cookie", cookie)).await;
    services::account::sign_out(&site.services, &token).await.expect("signed out");
    assert_eq!(signed_out.next().await, None);

    let entered = services::account::tokens(&site.services, email, PASSWORD, None).await.expect("a sign-in");
    let program = site.request("GET", "/api/events").bearer_auth(&entered.access_token);
    let mut revoked = Events::open(program).await;
    let body = json!({ "refresh_token": entered.refresh_token });
    assert_eq!(site.call("POST", "/api/v2/auth/revoke", body).await.status, 204);
    assert_eq!(revoked.next().await, None);

    let mut stopped = Events::of(&ada, "").await;
    let metrics = site.get("/metrics").await.text;
    assert!(metrics.contains("lectern_live_streams 1\n"), "{metrics}");
    site.tell_to_stop();
    assert_eq!(stopped.next().await, None);
}

/// A few are opened at once; how many are open has no end.
#[sqlx::test(migrations = "../migrations")]
async fn all_come_back_at_once_and_all_are_let_in(pool: PgPool) {
    let site = start(&pool).await;
    let ada = site.person("Ada Lovelace", "student").await;
    let opened = futures::future::join_all((0..100).map(|_| Events::of(&ada, ""))).await;
    let metrics = site.get("/metrics").await.text;
    assert!(metrics.contains("lectern_live_streams 100\n"), "{metrics}");
    drop(opened);
    site.stop().await;
}
