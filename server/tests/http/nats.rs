//! Hints carried by NATS, between two servers and through an outage.

use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use domain::ids::UserId;
use serde_json::json;
use services::{
    config::Config,
    live::{Bus, Hint, Hints, LiveBus as _},
    testing::ports::free_address,
};
use sqlx::PgPool;
use tokio::time::timeout;

use crate::{
    chat::{open, say},
    events::Events,
    support::start_with,
};

/// A NATS server, which can be ended and started again at its address.
struct Nats {
    addr: SocketAddr,
    child: Child,
}

impl Nats {
    fn start() -> Self {
        let addr = free_address();
        Nats { addr, child: Self::run(addr) }
    }

    fn run(addr: SocketAddr) -> Child {
        let program = std::env::var("LECTERN_TEST_NATS");
        Command::new(program.expect("LECTERN_TEST_NATS; run: eval \"$(scripts/stand-ins)\""))
            .args(["--addr", &addr.ip().to_string(), "--port", &addr.port().to_string()])
            .args(["--user", "lectern", "--pass", "ge heim"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a NATS server")
    }

    fn url(&self) -> String {
        format!("nats://lectern:ge%20heim@{}", self.addr)
    }

    fn end(&mut self) {
        self.child.kill().expect("ended");
        self.child.wait().expect("its end");
    }

    fn start_again(&mut self) {
        self.child = Self::run(self.addr);
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn bus(db: &PgPool, nats: &Nats) -> Bus {
    let config = Config::read(|name| (name == "NATS_URL").then(|| nats.url())).expect("a configuration");
    Bus::start(db.clone(), config.nats.as_ref()).await.expect("a bus")
}

/// Tells again and again until it is heard: a client that is not connected loses what it is told.
async fn hears(hints: &mut Hints, tell: impl Fn()) -> Hint {
    let heard = async {
        loop {
            tell();
            if let Ok(hint) = timeout(Duration::from_millis(50), hints.next()).await {
                return hint;
            }
        }
    };
    timeout(Duration::from_secs(30), heard).await.expect("a hint")
}

#[sqlx::test(migrations = "../migrations")]
async fn hints_go_from_bus_to_bus_by_nats_alone(db: PgPool) {
    let mut nats = Nats::start();
    let (one, other) = (bus(&db, &nats).await, bus(&db, &nats).await);
    let by_postgres = Bus::start(db.clone(), None).await.expect("a bus");
    // No row of the table names this person: what is heard was told.
    let user: UserId = "6b0c1f0e-3f0e-4f6e-8a39-0d9c5a2b7e11".parse().expect("an id");
    let (mut hints, mut unheard) = (other.subscribe(user), by_postgres.subscribe(user));
    assert_eq!(hears(&mut hints, || one.wake(&[user])).await, Hint::Look);
    loop {
        // Looks that were told too often come first.
        if hears(&mut hints, || one.sign_in_ended(user)).await == Hint::SignInEnded {
            break;
        }
    }
    nats.end();
    nats.start_again();
    assert_eq!(hears(&mut other.subscribe(user), || one.wake(&[user])).await, Hint::Look);
    by_postgres.wake(&[user]);
    assert_eq!(unheard.next().await, Hint::Look, "its own, and no other before it");
    assert!(timeout(Duration::from_millis(50), unheard.next()).await.is_err());
}

#[sqlx::test(migrations = "../migrations")]
async fn two_servers_by_nats_lose_nothing_while_it_is_away(db: PgPool) {
    let mut nats = Nats::start();
    let url = nats.url();
    let vars = [("RATE_LIMITS", "off"), ("NATS_URL", url.as_str())];
    let (site, other) = (start_with(&db, &vars).await, start_with(&db, &vars).await);
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    let thread = open(&student, &tutor).await;
    let mut live = Events::open(other.request("GET", "/api/events").bearer_auth(&tutor.token)).await;
    let mut arrives = async |body: &str| {
        let sent = say(&student, &thread, json!({ "body": body })).await;
        loop {
            let (_, kind, data) = live.next_opaque().await.expect("an event");
            if kind == "message" && data["message_id"] == sent["id"] {
                return;
            }
        }
    };
    arrives("Good morning").await;
    nats.end();
    arrives("Are you there?").await;
    nats.start_again();
    arrives("Good evening").await;
    drop(live);
    other.stop().await;
    site.stop().await;
}
