//! The binary: says where it listens, and ends as it was told.

use std::{path::PathBuf, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

async fn start(args: &[&str]) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sandbox"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
    let url = line.trim().strip_prefix("sandbox listening on ").unwrap().to_owned();
    (child, url)
}

/// Whether it answers with this key.
async fn answers(url: &str, key: &str) -> bool {
    let client = reqwest::Client::new();
    client.get(format!("{url}/v1/balance")).bearer_auth(key).send().await.is_ok_and(|got| got.status() == 200)
}

async fn ended(child: &mut Child) -> bool {
    tokio::time::timeout(Duration::from_secs(5), child.wait()).await.is_ok()
}

#[tokio::test]
async fn it_ends_with_its_parent_where_that_is_asked_for() {
    let (mut child, url) = start(&["--exit-with-parent", "--secret-key", "sk_test_own"]).await;
    assert!(answers(&url, "sk_test_own").await && !answers(&url, "sk_test_sandbox").await);
    drop(child.stdin.take());
    assert!(ended(&mut child).await);
    let (mut alone, url) = start(&[]).await;
    drop(alone.stdin.take());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(answers(&url, "sk_test_sandbox").await, "without the option it stays");
}

#[tokio::test]
async fn it_ends_on_sigterm() {
    let (mut child, url) = start(&["--exit-with-parent"]).await;
    // Waiting for a child closes its standard input; here only the signal may end it.
    let _held = child.stdin.take();
    assert!(answers(&url, "sk_test_sandbox").await);
    let id = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    assert!(ended(&mut child).await);
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("lectern-sandbox-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

async fn lease(url: &str, holder: &str, name: &str) -> u16 {
    let body = serde_json::json!({ "name": name, "webhook_url": null, "now": null });
    let address = format!("{url}/_control/leases/{holder}");
    reqwest::Client::new().put(address).json(&body).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn it_ends_with_the_last_lease_and_remembers() {
    let folder = folder("state");
    let file = folder.join("deep/state.json");
    let args = ["--leased", "--name", "ours", "--state", file.to_str().unwrap()];
    let (mut child, url) = start(&args).await;
    assert_eq!(lease(&url, "stranger", "theirs").await, 409);
    assert_eq!((lease(&url, "a", "ours").await, lease(&url, "b", "ours").await), (204, 204));
    let client = reqwest::Client::new();
    let post = |url: String, form: &'static [(&'static str, &'static str)]| {
        let request =
            client.post(url).bearer_auth("sk_test_sandbox").header("idempotency-key", "once").form(form);
        async move { request.send().await.unwrap().json::<serde_json::Value>().await.unwrap() }
    };
    let form = &[("email", "a@example.org"), ("payment_method", "pm_card_visa")];
    let made = post(format!("{url}/v1/customers"), form).await;
    client.delete(format!("{url}/_control/leases/a")).send().await.unwrap();
    assert!(answers(&url, "sk_test_sandbox").await, "one is left");
    let _ = client.delete(format!("{url}/_control/leases/b")).send().await;
    assert!(ended(&mut child).await);

    let (_child, url) = start(&args).await;
    let again = post(format!("{url}/v1/customers"), form).await;
    assert_eq!(again["id"], made["id"], "the answer under a key is remembered: {again}");
    let cards = format!("{url}/v1/customers/{}/payment_methods", made["id"].as_str().unwrap());
    let cards: serde_json::Value =
        client.get(cards).bearer_auth("sk_test_sandbox").send().await.unwrap().json().await.unwrap();
    assert_eq!(cards["data"][0]["card"]["last4"], "4242", "{cards}");
    std::fs::remove_dir_all(folder).unwrap();
}
