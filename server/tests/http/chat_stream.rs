//! The stream of one thread.

use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::sync::oneshot;

use crate::{
    chat::{THREADS, open, say},
    events::Events,
    support::{PASSWORD, Person, Site, send, start},
};

/// The address of a thread's stream.
fn stream(thread: &str) -> String {
    format!("/api/chat/sse?threadId={}", thread.strip_prefix(&format!("{THREADS}/")).expect("an address"))
}

async fn follow(person: &Person<'_>, thread: &str, more: &str) -> Events {
    Events::open(person.request("GET", &format!("{}{more}", stream(thread)))).await
}

/// The next event of a kind: its cursor and its data.
async fn next(events: &mut Events, kind: &str) -> (String, Value) {
    let (id, found, data) = events.next_opaque().await.expect("an event");
    assert_eq!(found, kind, "{data}");
    (id, data)
}

#[sqlx::test(migrations = "../migrations")]
async fn messages_receipts_and_typing_arrive(pool: PgPool) {
    let (site, other) = (start(&pool).await, start(&pool).await);
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    let thread = open(&student, &tutor).await;
    let before = say(&student, &thread, json!({ "body": "Before" })).await;
    // Without a cursor only what is new; on another server as well.
    let request = other.request("GET", &stream(&thread)).bearer_auth(&tutor.token);
    let (mut live, mut own) = (Events::open(request).await, follow(&student, &thread, "").await);
    let sent = say(&student, &thread, json!({ "body": "Hello\nthere", "client_id": "c1" })).await;
    let (cursor, told) = next(&mut live, "message").await;
    assert_eq!((&told, next(&mut own, "message").await.1), (&sent, sent.clone()));
    assert_eq!(tutor.get(&format!("{thread}/messages")).await.data()[0], sent, "as in the list");

    // What was sent on the stream counts as delivered.
    let delivered = next(&mut own, "receipt").await.1;
    assert_eq!(
        (&delivered["user_id"], &delivered["delivered_to"], &delivered["read_to"]),
        (&json!(tutor.id()), &sent["id"], &Value::Null)
    );
    tutor.bare("POST", &format!("{thread}/read")).await.data();
    assert_eq!(next(&mut own, "receipt").await.1["read_to"], sent["id"]);
    let typing = send(tutor.request("POST", &format!("{thread}/typing"))).await;
    assert_eq!(typing.status, 204, "{typing:?}");
    assert_eq!(next(&mut own, "typing").await.1["user_id"], tutor.id());

    // It goes on behind a cursor, or behind a message.
    let answer = say(&tutor, &thread, json!({ "body": "Good morning" })).await;
    for (query, header) in [(format!("&after={cursor}"), None), (String::new(), Some(&cursor))] {
        let mut request = tutor.request("GET", &format!("{}{query}", stream(&thread)));
        if let Some(seen) = header {
            request = request.header("Last-Event-ID", seen);
        }
        assert_eq!(next(&mut Events::open(request).await, "message").await.1, answer);
    }
    let after = format!("&after={}", before["id"].as_str().expect("an id"));
    assert_eq!(next(&mut follow(&student, &thread, &after).await, "message").await.1, sent);
    drop((live, own));
    other.stop().await;
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn it_is_open_to_its_two_people_while_they_are_signed_in(pool: PgPool) {
    let site = start(&pool).await;
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    let stranger = site.person("Sue Stranger", "student").await;
    let thread = open(&student, &tutor).await;
    stranger.get(&stream(&thread)).await.refused(404, "NOT_FOUND");
    student.get("/api/chat/sse?threadId=x").await.refused(404, "NOT_FOUND");
    student.get("/api/chat/sse").await.refused(400, "INVALID_REQUEST");
    site.get(&stream(&thread)).await.refused(401, "INVALID_TOKEN");
    for cursor in ["x", "-1", "1-", "1-x"] {
        student.get(&format!("{}&after={cursor}", stream(&thread))).await.refused(400, "INVALID_REQUEST");
    }
    let email = student.me["email"].as_str().expect("an address");
    let token =
        services::account::sign_in(&site.services, email, PASSWORD, services::account::Browser::default())
            .await
            .expect("a sign-in")
            .token;
    let cookie = format!("{}={token}", server::auth::COOKIE);
    let mut live = Events::open(site.request("GET", &stream(&thread)).header("Cookie", cookie)).await;
    say(&tutor, &thread, json!({ "body": "Hello" })).await;
    next(&mut live, "message").await;
    services::account::sign_out(&site.services, &token).await.expect("signed out");
    while let Some((_, kind, data)) = live.next_opaque().await {
        assert_eq!(kind, "receipt", "{data}");
    }
    site.stop().await;
}

/// What comes next of a kind on the stream of all events of a person.
async fn heard(events: &mut Events, kind: &str) -> Value {
    loop {
        let (_, found, data) = events.next_opaque().await.expect("an event");
        if found == kind {
            return data;
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn what_reaches_a_person_on_any_page_is_delivered(pool: PgPool) {
    let (site, other) = (start(&pool).await, start(&pool).await);
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    let thread = open(&student, &tutor).await;
    let id = thread.strip_prefix(&format!("{THREADS}/")).expect("an address");
    let come = async || {
        let rows = student.get(THREADS).await.data();
        (rows[0]["delivered_to"].clone(), rows[0]["read_to"].clone())
    };
    let delivered = |message: &Value| {
        let message = &message["id"];
        json!({ "thread_id": id, "user_id": tutor.id(), "receipt": "delivered", "message_id": message })
    };
    let mut own = Events::open(student.request("GET", "/api/events")).await;
    let first = say(&student, &thread, json!({ "body": "Hello" })).await;
    assert_eq!(come().await, (Value::Null, Value::Null), "nobody is there");

    // A page that comes back is told what it missed: of the conversation itself nothing is asked. On another server too.
    let mut page = Events::open(other.request("GET", "/api/events?after=0").bearer_auth(&tutor.token)).await;
    assert_eq!(heard(&mut page, "message").await["message_id"], first["id"]);
    assert_eq!(heard(&mut own, "receipt").await, delivered(&first));
    assert_eq!(come().await, (first["id"].clone(), Value::Null));
    for text in ["Are you there?", "Good morning"] {
        let sent = say(&student, &thread, json!({ "body": text })).await;
        assert_eq!(heard(&mut page, "message").await["message_id"], sent["id"]);
        assert_eq!(heard(&mut own, "receipt").await, delivered(&sent));
        assert_eq!(come().await, (sent["id"].clone(), Value::Null));
    }
    let steps = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM chat_steps WHERE receipt = 'delivered'");
    assert_eq!(steps.fetch_one(&site.services.db).await.expect("a count"), 3);
    drop((page, own));
    other.stop().await;
    site.stop().await;
}

/// A row of numbers that looks like chance and is the same each time.
struct Dice(u64);

impl Dice {
    /// 0 to `sides` − 1.
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

const MESSAGES: usize = 1000;
const CUTS: usize = 200;

/// Reads a thread over connections that end after 0 to 8 messages, [`CUTS`] times, each to another server.
async fn read_with_cuts(
    sites: [&Site; 2],
    reader: &Person<'_>,
    thread: &str,
    begun: oneshot::Sender<()>,
) -> Vec<String> {
    let mut begun = Some(begun);
    let mut dice = Dice(20_261_121);
    let (mut bodies, mut cursor) = (Vec::new(), String::new());
    for cut in 0..=CUTS {
        let site = sites[cut % 2];
        let mut request = site.request("GET", &stream(thread)).bearer_auth(&reader.token);
        if cursor.is_empty() {
            // The first says where it begins, and is lost before its first event.
            cursor = Events::open(request).await.begins().await;
            begun.take().expect("once").send(()).expect("the writer waits");
            continue;
        }
        if dice.roll(2) == 0 {
            request = request.header("Last-Event-ID", &cursor);
        } else {
            request = request.query(&[("after", &cursor)]);
        }
        let mut events = Events::open(request).await;
        let last = cut == CUTS;
        let until = if last { MESSAGES } else { bodies.len() + usize::try_from(dice.roll(9)).expect("few") };
        while bodies.len() < until.min(MESSAGES) {
            let (id, kind, data) = events.next_opaque().await.expect("the stream goes on");
            cursor = id;
            if kind == "message" {
                bodies.push(data["body"].as_str().expect("a text").to_owned());
            }
        }
        // What is dropped here may hold messages that came and were not read.
    }
    bodies
}

#[sqlx::test(migrations = "../migrations")]
async fn a_thousand_messages_arrive_once_and_in_order_over_two_hundred_cuts(pool: PgPool) {
    let (one, two) = (start(&pool).await, start(&pool).await);
    let (tutor, student) = (one.tutor("Tia Tutor").await, one.person("Sam Student", "student").await);
    let thread = open(&student, &tutor).await;
    let (begun, begins) = oneshot::channel();
    let sending = async {
        begins.await.expect("the reader is there");
        for at in 0..MESSAGES {
            say(&student, &thread, json!({ "body": at.to_string(), "client_id": at.to_string() })).await;
        }
    };
    let ((), read) = tokio::join!(sending, read_with_cuts([&one, &two], &tutor, &thread, begun));
    let expected: Vec<String> = (0..MESSAGES).map(|at| at.to_string()).collect();
    assert_eq!(read, expected);
    two.stop().await;
    one.stop().await;
}
