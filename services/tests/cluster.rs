//! The own Postgres on real folders and processes. As root, Postgres runs as another user; as a plain
//! user it runs as that user: every test holds for both.

#![allow(clippy::unwrap_used, reason = "the helpers of these tests are tests too")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use services::db::cluster::{Cluster, ClusterError, Stopped};
use sqlx::{ConnectOptions, Connection, PgConnection};
use tempfile::TempDir;

/// A folder to keep a cluster in. A Postgres that a failed test leaves there ends with it.
struct Folder(TempDir);

impl Folder {
    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let Ok(text) = fs::read_to_string(self.path().join("postgres/postmaster.pid")) else { return };
        let Some(pid) = text.lines().next() else { return };
        let working_in = fs::read_link(format!("/proc/{pid}/cwd"));
        if working_in.is_ok_and(|folder| folder.starts_with(self.path())) {
            let _ = std::process::Command::new("kill").args(["-QUIT", pid]).status();
        }
    }
}

/// A folder that the user of Postgres may pass through.
fn folder() -> Folder {
    let folder = tempfile::Builder::new().prefix("lectern-cluster-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    Folder(folder)
}

async fn connect(cluster: &Cluster) -> PgConnection {
    cluster.connect_options().connect().await.unwrap()
}

async fn setting(connection: &mut PgConnection, name: &str) -> String {
    sqlx::query_scalar("SELECT current_setting($1)").bind(name).fetch_one(connection).await.unwrap()
}

fn exists(pid: i32) -> bool {
    Path::new(&format!("/proc/{pid}/stat")).exists()
}

#[tokio::test]
async fn starts_keeps_what_was_committed_and_ends_with_the_server() {
    let folder = folder();
    let cluster = Cluster::start(folder.path()).await.unwrap();
    let mut connection = connect(&cluster).await;
    sqlx::query("CREATE TABLE kept AS SELECT 42 AS answer").execute(&mut connection).await.unwrap();
    for (name, value) in
        [("fsync", "on"), ("synchronous_commit", "on"), ("listen_addresses", ""), ("TimeZone", "UTC")]
    {
        assert_eq!(setting(&mut connection, name).await, value, "{name}");
    }
    connection.close().await.unwrap();
    let pid = cluster.pid();
    assert_eq!(cluster.stop().await.unwrap(), Stopped::Ended);
    assert!(!exists(pid));

    let again = Cluster::start(folder.path()).await.unwrap();
    let mut connection = connect(&again).await;
    let answer: i32 = sqlx::query_scalar("SELECT answer FROM kept").fetch_one(&mut connection).await.unwrap();
    assert_eq!(answer, 42);
    connection.close().await.unwrap();
    again.stop().await.unwrap();
}

#[tokio::test]
async fn nobody_else_may_enter_the_data_or_the_socket() {
    let folder = folder();
    let cluster = Cluster::start(folder.path()).await.unwrap();
    for name in ["postgres", "socket"] {
        let found = fs::metadata(folder.path().join(name)).unwrap();
        assert_eq!(found.mode() & 0o777, 0o700, "{name}");
        assert_ne!(found.uid(), 0, "{name} must not be root's");
    }
    let process = fs::metadata(format!("/proc/{}", cluster.pid())).unwrap();
    assert_ne!(process.uid(), 0);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_was_killed_leaves_it_to_the_next() {
    let folder = folder();
    let killed = Cluster::start(folder.path()).await.unwrap();
    let pid = killed.pid();
    // What the kernel does to a killed process, as far as the cluster can tell: its locks are gone, and
    // nothing was stopped. (`server/tests` does it with a real `kill -9`.)
    drop(killed);
    assert!(exists(pid));
    let next = Cluster::start(folder.path()).await.unwrap();
    assert_eq!(next.pid(), pid);
    connect(&next).await.close().await.unwrap();
    assert_eq!(next.stop().await.unwrap(), Stopped::Ended);
    tokio::time::timeout(Duration::from_secs(5), async {
        while fs::read_link(format!("/proc/{pid}/cwd")).is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("Postgres has ended");
}

#[tokio::test]
async fn two_servers_share_it_and_the_last_one_out_stops_it() {
    let folder = folder();
    let (first, second) = tokio::join!(Cluster::start(folder.path()), Cluster::start(folder.path()));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.pid(), second.pid());
    assert_eq!(first.stop().await.unwrap(), Stopped::LeftRunning);
    connect(&second).await.close().await.unwrap();
    assert_eq!(second.stop().await.unwrap(), Stopped::Ended);
}

#[tokio::test]
async fn a_pid_file_left_by_a_crash_is_not_believed() {
    let folder = folder();
    Cluster::start(folder.path()).await.unwrap().stop().await.unwrap();
    let own = std::process::id();
    let text = format!("{own}\n{0}/postgres\n1\n5432\n{0}/socket\n\n 1 1\nready\n", folder.path().display());
    fs::write(folder.path().join("postgres/postmaster.pid"), text).unwrap();
    let cluster = Cluster::start(folder.path()).await.unwrap();
    assert_ne!(cluster.pid(), own.cast_signed());
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn an_unfinished_initdb_is_thrown_away() {
    let folder = folder();
    let half = folder.path().join("postgres.new");
    fs::create_dir(&half).unwrap();
    fs::write(half.join("PG_VERSION"), "15\n").unwrap();
    let cluster = Cluster::start(folder.path()).await.unwrap();
    connect(&cluster).await.close().await.unwrap();
    assert!(!half.exists());
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn data_of_another_major_version_are_refused_in_one_line() {
    let folder = folder();
    let data = folder.path().join("postgres");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("PG_VERSION"), "9\n").unwrap();
    let refusal = Cluster::start(folder.path()).await.unwrap_err();
    assert!(matches!(refusal, ClusterError::WrongVersion { wanted: 9, .. }), "{refusal:?}");
    let line = refusal.to_string();
    assert!(line.contains("Postgres 9") && !line.contains('\n'), "{line}");
    assert_eq!(fs::read_to_string(data.join("PG_VERSION")).unwrap(), "9\n");
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_works() {
    let folder = folder();
    let deep: PathBuf = folder.path().join("d".repeat(60)).join("e e&%".repeat(12));
    let cluster = Cluster::start(&deep).await.unwrap();
    let mut connection = connect(&cluster).await;
    let data = setting(&mut connection, "data_directory").await;
    assert_eq!(data, deep.canonicalize().unwrap().join("postgres").to_str().unwrap());
    connection.close().await.unwrap();
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn the_url_reaches_the_database() {
    let folder = folder();
    let cluster = Cluster::start(&folder.path().join("a b&c%")).await.unwrap();
    let mut connection = PgConnection::connect(&cluster.url()).await.unwrap();
    let name: String =
        sqlx::query_scalar("SELECT current_database()").fetch_one(&mut connection).await.unwrap();
    assert_eq!(name, "lectern");
    connection.close().await.unwrap();
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_folder_that_postgres_cannot_enter_is_named() {
    let folder = folder();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    if fs::metadata(&closed).unwrap().uid() != 0 {
        // A plain user owns the folder and enters it: there is nothing to refuse, it must simply work.
        Cluster::start(&closed).await.unwrap().stop().await.unwrap();
        return;
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let refusal = Cluster::start(&closed.join("data")).await.unwrap_err();
    let ClusterError::NotReachable { folder, .. } = &refusal else { panic!("{refusal:?}") };
    assert_eq!(folder, &closed.canonicalize().unwrap());
    assert!(refusal.to_string().contains("chmod o+x"), "{refusal}");
}

#[tokio::test]
async fn a_broken_configuration_is_told_at_once() {
    let folder = folder();
    Cluster::start(folder.path()).await.unwrap().stop().await.unwrap();
    let settings = folder.path().join("postgres/postgresql.conf");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text + "shared_buffers = 'very many'\n").unwrap();
    let refusal = Cluster::start(folder.path()).await.unwrap_err();
    let line = refusal.to_string();
    assert!(line.contains("postgres failed") && line.contains("postgresql.conf"), "{line}");
}
