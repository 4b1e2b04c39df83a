//! The payment sandbox of development: servers on one database share one, which outlives each of them, and none.

#![allow(clippy::unwrap_used, reason = "the helpers of these tests are tests too")]

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use services::testing::ports::free_address;
use sqlx::PgPool;

/// Starting takes a second or two on a busy machine; a killed sandbox is missed within 2 s.
const SOON: Duration = Duration::from_secs(60);

struct Server {
    process: Child,
    address: String,
}

impl Server {
    /// Starts the server's binary on a database, with a sandbox beside it.
    fn start(database: &str, data: &Path) -> Server {
        let address = free_address().to_string();
        let process = Command::new(env!("CARGO_BIN_EXE_server"))
            .arg("serve")
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap())
            .env("DATABASE_URL", database)
            .env("LECTERN_DATA", data)
            .env("LECTERN_ADDR", &address)
            .env("RATE_LIMITS", "off")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Server { process, address }
    }

    async fn ready(&self) {
        eventually("the server is ready", || get(format!("http://{}/readyz", self.address))).await;
    }

    fn signal(&mut self, signal: &str) {
        kill(self.process.id(), signal);
        self.process.wait().unwrap();
    }

    /// The process that it started.
    fn child(&self) -> u32 {
        let id = self.process.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        let all = std::fs::read_dir(format!("/proc/{id}/task"))
            .unwrap()
            .map(|task| std::fs::read_to_string(task.unwrap().path().join("children")).unwrap_or_default());
        let found = all.fold(children, |all, more| format!("{all} {more}"));
        found.split_whitespace().next().unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn kill(process: u32, signal: &str) {
    assert!(Command::new("kill").args([signal, &process.to_string()]).status().unwrap().success());
}

async fn get(url: String) -> bool {
    let answer = reqwest::Client::new().get(url).bearer_auth("sk_test_sandbox").send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let until = Instant::now() + SOON;
    while !holds().await {
        assert!(Instant::now() < until, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The address of a test's own database.
async fn url_of(db: &PgPool) -> String {
    let name: String = sqlx::query_scalar("SELECT current_database()").fetch_one(db).await.unwrap();
    let mut url = url::Url::parse(&std::env::var("DATABASE_URL").unwrap()).unwrap();
    url.set_path(&name);
    url.to_string()
}

#[sqlx::test(migrations = "../migrations")]
async fn it_is_shared_started_again_and_ended(db: PgPool) {
    let (database, data) = (url_of(&db).await, tempfile::tempdir().unwrap());
    let mut first = Server::start(&database, data.path());
    first.ready().await;
    let port: i32 = sqlx::query_scalar("SELECT port FROM dev_sandbox").fetch_one(&db).await.unwrap();
    let sandbox = format!("http://127.0.0.1:{port}");
    let process = first.child();
    let mut second = Server::start(&database, data.path());
    second.ready().await;

    let made: Value = reqwest::Client::new()
        .post(format!("{sandbox}/v1/customers"))
        .bearer_auth("sk_test_sandbox")
        .form(&json!({ "name": "Ada" }))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let customer = format!("{sandbox}/v1/customers/{}", made["id"].as_str().unwrap());
    let state = data.path().join("sandbox");
    eventually("the state is written", || {
        let written = std::fs::read_dir(&state)
            .into_iter()
            .flatten()
            .flatten()
            .any(|file| std::fs::read_to_string(file.path()).is_ok_and(|text| text.contains("Ada")));
        async move { written }
    })
    .await;

    first.signal("-KILL");
    assert!(get(customer.clone()).await, "it outlives the server that started it");
    kill(process, "-KILL");
    eventually("the other server starts it again where it was", || get(customer.clone())).await;

    second.signal("-TERM");
    eventually("it ends with the last server", || {
        let gone = std::net::TcpStream::connect(("127.0.0.1", u16::try_from(port).unwrap())).is_err();
        async move { gone }
    })
    .await;
}
