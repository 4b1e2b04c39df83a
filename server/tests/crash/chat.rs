//! Messages, while servers are killed: each arrives once, in order, at a reader who goes on where it stopped.

use std::time::Instant;

use domain::{chat::ClientId, ids::ThreadId};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::json;
use services::{
    Actor,
    chat::{self, Whom},
    testing::{self, number},
};
use sqlx::PgPool;
use tokio::sync::watch;

use crate::{
    points::{Moment, PATIENCE},
    processes::{LOOK_AGAIN, Server},
    world::World,
};

/// A student who writes to a tutor.
struct Talk {
    student: Actor,
    tutor: Actor,
    thread: ThreadId,
    cookies: [String; 2],
}

impl Talk {
    async fn begin(world: &World) -> Self {
        world.set_clock(testing::now()).await;
        let tutor = testing::tutor(&world.services, "Tina").await;
        let student = testing::student(&world.services, "Sam").await;
        let (thread, _) =
            chat::open(&world.services, &student, Whom::Tutor(tutor.id)).await.expect("a thread");
        let cookies = [world.cookie(&student).await, world.cookie(&tutor.actor).await];
        Talk { student, tutor: tutor.actor, thread: thread.id, cookies }
    }

    /// The student sends a message under a name.
    fn message(&self, world: &World, base: &str, name: &str) -> RequestBuilder {
        let address = format!("{base}/api/chat/threads/{}/messages", self.thread);
        let request = world.client.post(address).header("Cookie", &self.cookies[0]).header("Origin", base);
        request.json(&json!({ "body": name, "client_id": name }))
    }

    /// Sends it until a server says that it has it, to one and the other in turn.
    async fn send(&self, world: &World, bases: [&str; 2], name: &str) {
        let began = Instant::now();
        for base in bases.into_iter().cycle() {
            let answer = self.message(world, base, name).send().await;
            if answer.is_ok_and(|answer| answer.status() == StatusCode::CREATED) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{name} is not taken; a server says:\n{}", world.said());
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The tutor's stream, behind what was seen last.
    async fn follow(&self, world: &World, base: &str, seen: &str) -> Option<Response> {
        let address = format!("{base}/api/chat/sse?threadId={}", self.thread);
        let request = world.client.get(address).header("Cookie", &self.cookies[1]);
        request.header("Last-Event-ID", seen).send().await.ok().filter(|answer| answer.status().is_success())
    }

    /// Reads so many messages over as many streams as it takes, from one server and the other in turn. Says after
    /// each how many there are.
    async fn read(
        &self,
        world: &World,
        bases: [&str; 2],
        count: usize,
        so_far: watch::Sender<usize>,
    ) -> Vec<String> {
        let (mut bodies, mut seen) = (Vec::new(), "0".to_owned());
        for base in bases.into_iter().cycle() {
            let Some(mut stream) = self.follow(world, base, &seen).await else {
                tokio::time::sleep(LOOK_AGAIN).await;
                continue;
            };
            let mut text = String::new();
            while let Ok(Some(part)) = stream.chunk().await {
                text.push_str(std::str::from_utf8(&part).expect("UTF-8"));
                while let Some(end) = text.find("\n\n") {
                    let block: String = text.drain(..end + 2).collect();
                    let field =
                        |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                    let (Some(id), Some(kind), Some(data)) = (field("id:"), field("event:"), field("data:"))
                    else {
                        continue;
                    };
                    seen = id.to_owned();
                    if kind == "message" {
                        let data: serde_json::Value = serde_json::from_str(data).expect("JSON");
                        bodies.push(data["body"].as_str().expect("a text").to_owned());
                        let _ = so_far.send(bodies.len());
                    }
                }
                if bodies.len() >= count {
                    return bodies;
                }
            }
        }
        bodies
    }

    /// What the thread holds, oldest first.
    async fn kept(&self, world: &World) -> Vec<String> {
        let (mut kept, mut cursor) = (Vec::new(), None);
        loop {
            let page = chat::messages(&world.services, &self.student, self.thread, cursor, 100).await;
            let page = page.expect("a page");
            kept.extend(page.rows.into_iter().map(|message| message.body));
            cursor = page.next;
            if cursor.is_none() {
                kept.reverse();
                return kept;
            }
        }
    }
}

const MESSAGES: usize = 300;
const KILLS: usize = 10;

#[sqlx::test(migrations = "../migrations")]
async fn messages_arrive_once_and_in_order_while_servers_are_killed(db: PgPool) {
    let world = World::start(&db).await;
    let talk = Talk::begin(&world).await;
    let other = world.another_environment();
    let places = [&world.environment, &other];
    let mut servers =
        [Server::start(places[0], &["--no-work"]).await, Server::start(places[1], &["--no-work"]).await];
    let addresses = [servers[0].base.clone(), servers[1].base.clone()];
    let bases = [addresses[0].as_str(), addresses[1].as_str()];
    let names: Vec<String> = (0..MESSAGES).map(|at| format!("{at:03}")).collect();
    let (so_far, mut arrived) = watch::channel(0);
    let writing = async {
        for (at, name) in names.iter().enumerate() {
            let turned = [bases[at % 2], bases[(at + 1) % 2]];
            talk.send(&world, turned, name).await;
            // Its sender did not hear that it was taken, and sends it again.
            if at % 3 == 0 {
                talk.send(&world, [turned[1], turned[0]], name).await;
            }
        }
    };
    let killing = async {
        for kill in 0..KILLS {
            let enough = (kill + 1) * MESSAGES / (KILLS + 1);
            arrived.wait_for(|count| *count >= enough).await.expect("the reader goes on");
            servers[kill % 2].kill();
            servers[kill % 2] = Server::start(places[kill % 2], &["--no-work"]).await;
        }
    };
    let ((), (), read) = tokio::join!(writing, killing, talk.read(&world, bases, MESSAGES, so_far));
    assert_eq!(read, names);
    assert_eq!(talk.kept(&world).await, names);
    let unread = chat::unread(&world.services, &talk.tutor, None).await.expect("a count");
    assert_eq!(unread, MESSAGES as i64);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_message_whose_server_is_killed_at_any_point_is_sent_again_and_is_one(db: PgPool) {
    let world = World::start(&db).await;
    let talk = Talk::begin(&world).await;
    let mut server = world.quiet_server().await;
    world.points.begin(None);
    talk.send(&world, [&server.base, &server.base], "undisturbed").await;
    let points = world.points.end();
    assert!(!points.is_empty(), "a message is a commit");
    let mut names = vec!["undisturbed".to_owned()];
    for point in &points {
        for moment in point.moments() {
            let name = format!("killed {moment:?} {point}");
            ClientId::parse(&name).expect("a name");
            world.points.begin(Some((point.clone(), *moment)));
            tokio::select! {
                () = world.points.reached() => {}
                answer = talk.message(&world, &server.base, &name).send() => panic!("{name}: {answer:?}"),
                () = tokio::time::sleep(PATIENCE) => panic!("{name}: {}", world.said()),
            }
            world.points.end();
            let known = number(&world.services, "SELECT count(*) FROM chat_messages").await;
            let told = if *moment == Moment::After { names.len() + 1 } else { names.len() };
            assert_eq!(known, told as i64, "{name}");
            world.kill(server).await;
            server = world.quiet_server().await;
            talk.send(&world, [&server.base, &server.base], &name).await;
            names.push(name);
        }
    }
    assert_eq!(talk.kept(&world).await, names);
}
