//! The store of files: the same whether it is a folder or a bucket of an object store of others.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

use std::{
    pin::Pin,
    process::{Child, Command, Stdio},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures::TryStreamExt as _;
use services::{
    config::{BucketConfig, FilesConfig},
    storage::Storage,
    testing::ports::free_port,
};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};

/// An object store of others with a bucket, which lets in whoever signs with a key that it knows.
struct ObjectStore {
    process: Child,
    endpoint: String,
    _folder: TempDir,
}

impl ObjectStore {
    async fn open() -> Self {
        let script = std::env::var("LECTERN_TEST_S3")
            .expect("LECTERN_TEST_S3 names no object store: eval \"$(scripts/stand-ins)\"");
        let port = free_port().to_string();
        let folder = tempfile::tempdir().expect("a folder");
        let process = Command::new("node")
            .arg(script)
            .args(["--address", "127.0.0.1", "--port", &port, "--silent", "--directory"])
            .arg(folder.path())
            .args(["--configure-bucket", "lectern"])
            .stdout(Stdio::null())
            .spawn()
            .expect("the object store");
        let store = ObjectStore { process, endpoint: format!("http://127.0.0.1:{port}"), _folder: folder };
        let began = Instant::now();
        while reqwest::get(&store.endpoint).await.is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "the object store does not answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        store
    }

    /// A store of ours in the bucket. The stand-in knows ids of keys; it does not check what they sign.
    fn bucket(&self, prefix: &str, key_id: &str) -> Storage {
        Storage::new(FilesConfig::Bucket(BucketConfig {
            name: "lectern".into(),
            prefix: prefix.into(),
            region: "us-east-1".into(),
            endpoint: Some(self.endpoint.clone()),
            key_id: key_id.into(),
            key: "S3RVER".into(),
        }))
    }
}

impl Drop for ObjectStore {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn keeps_files(store: &Storage) {
    assert!(store.names().await.expect("a list").is_empty());
    assert_eq!(store.get("chat/one").await.expect("an answer"), None);
    let large: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    store.put("chat/one", b"first".to_vec()).await.expect("kept");
    store.put("chat/one", large.clone()).await.expect("kept anew");
    store.put("chat/two words", Vec::new()).await.expect("an empty one is kept too");
    assert!(store.get("chat/one").await.expect("an answer") == Some(large), "twelve million bytes");
    assert_eq!(store.get("chat/two words").await.expect("an answer"), Some(Vec::new()));
    let mut names = store.names().await.expect("a list");
    names.sort();
    assert_eq!(names, ["chat/one", "chat/two words"]);
    for _ in 0..2 {
        store.delete("chat/one").await.expect("gone, the second time too");
    }
    assert_eq!(store.names().await.expect("a list"), ["chat/two words"]);
}

/// A file that comes and goes piece by piece; one that breaks off on its way is not kept.
async fn keeps_pieces(store: &Storage) {
    let large: Vec<u8> = (0..6_000_000_u32).flat_map(u32::to_le_bytes).collect();
    for content in [Vec::new(), b"little".to_vec(), large] {
        store.put_from("exports/one", &mut &*content).await.expect("kept");
        let (size, pieces) = store.stream("exports/one").await.expect("an answer").expect("a file");
        let read = pieces.try_collect::<Vec<_>>().await.expect("a content").concat();
        assert!(size == content.len() as u64 && read == content, "{size} bytes");
    }
    for before in [4, 24_000_000] {
        let mut broken = tokio::io::repeat(7).take(before).chain(Broken);
        store.put_from("exports/two", &mut broken).await.expect_err("it breaks off");
        assert!(store.stream("exports/two").await.expect("an answer").is_none());
    }
    store.delete("exports/one").await.expect("gone");
}

/// What cannot be read.
struct Broken;

impl AsyncRead for Broken {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Poll::Ready(Err(std::io::Error::other("broken off")))
    }
}

#[tokio::test]
async fn a_folder_keeps_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Storage::new(FilesConfig::Folder(folder.path().join("made/when/needed")));
    keeps_pieces(&store).await;
    keeps_files(&store).await;
    store.clear().await.expect("cleared");
    assert!(store.names().await.expect("a list").is_empty());
}

#[tokio::test]
async fn a_bucket_keeps_files_and_touches_nothing_beside_them() {
    let stores = ObjectStore::open().await;
    let (ours, theirs) = (stores.bucket("school/one", "S3RVER"), stores.bucket("school/other", "S3RVER"));
    theirs.put("chat/one", b"theirs".to_vec()).await.expect("kept");
    keeps_pieces(&ours).await;
    keeps_files(&ours).await;
    ours.clear().await.expect("cleared");
    assert!(ours.names().await.expect("a list").is_empty());
    assert_eq!(theirs.get("chat/one").await.expect("an answer"), Some(b"theirs".to_vec()));
}

#[tokio::test]
async fn a_store_that_refuses_us_or_is_away_is_an_error_and_no_empty_store() {
    let stores = ObjectStore::open().await;
    let stranger = stores.bucket("", "STRANGER");
    stranger.put("chat/one", b"x".to_vec()).await.expect_err("an unknown key");
    stranger.get("chat/one").await.expect_err("an unknown key");
    stranger.names().await.expect_err("an unknown key");

    let ours = stores.bucket("", "S3RVER");
    ours.put("chat/one", b"x".to_vec()).await.expect("kept");
    drop(stores);
    ours.get("chat/one").await.expect_err("nobody answers");
    ours.names().await.expect_err("nobody answers");
}
