//! The binary: says where it listens, and ends as it was told.

use std::{process::Stdio, time::Duration};

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
