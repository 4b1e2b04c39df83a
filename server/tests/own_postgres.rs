//! The server with a Postgres of its own, as a real process that is started, killed and stopped.

#![allow(clippy::unwrap_used, reason = "the helpers of these tests are tests too")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use services::testing::ports::free_address;
use tempfile::TempDir;

/// Postgres has to be made, and the machine may be busy.
const READY_WITHIN: Duration = Duration::from_secs(120);
const NOBODY: u32 = 65534;

/// A folder to run in. A Postgres that a failed test leaves there ends with it.
struct Folder(TempDir);

impl Folder {
    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(pid) = postmaster(self.path()) {
            let _ = Command::new("kill").args(["-QUIT", &pid.to_string()]).status();
        }
    }
}

/// A folder that every user can enter, with everything that the server reads there.
fn folder() -> Folder {
    let folder = tempfile::Builder::new().prefix("lectern-server-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::copy(root.join("Leptos.toml"), folder.path().join("Leptos.toml")).unwrap();
    Folder(folder)
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

struct Server {
    process: Child,
    address: String,
    log: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// Starts `program serve` in `folder`, as another user if one is given, and waits until it is ready.
    async fn start(program: &Path, folder: &Path, user: Option<u32>) -> Self {
        let address = free_address().to_string();
        let log = folder.join(format!("{}.log", address.replace(':', "-")));
        let output = fs::File::create(&log).unwrap();
        let mut command = Command::new(program);
        command
            .arg("serve")
            .current_dir(folder)
            .env_remove("DATABASE_URL")
            .env("LECTERN_DATA", folder.join("data"))
            .env("LECTERN_ADDR", &address)
            .env("LECTERN_ENV", "development")
            .stdin(Stdio::null())
            .stderr(output.try_clone().unwrap())
            .stdout(output);
        if let Some(id) = user {
            command.uid(id).gid(id);
        }
        let mut server = Self { process: command.spawn().unwrap(), address, log };
        server.wait_until_ready().await;
        server
    }

    async fn wait_until_ready(&mut self) {
        let url = format!("http://{}/readyz", self.address);
        let began = Instant::now();
        while !reqwest::get(&url).await.is_ok_and(|answer| answer.status().is_success()) {
            let said = || fs::read_to_string(&self.log).unwrap_or_default();
            assert!(self.process.try_wait().unwrap().is_none(), "the server ended:\n{}", said());
            assert!(began.elapsed() < READY_WITHIN, "the server is not ready:\n{}", said());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends it in good order, as an operator does.
    fn stop(mut self) {
        let ended = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(ended.success());
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{status}:\n{}", fs::read_to_string(&self.log).unwrap());
    }
}

/// The process id of the Postgres below `folder`, if it runs.
fn postmaster(folder: &Path) -> Option<u32> {
    let data = folder.join("data/postgres").canonicalize().ok()?;
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let pid = text.lines().next()?.parse().ok()?;
    (fs::read_link(format!("/proc/{pid}/cwd")).ok()? == data).then_some(pid)
}

#[tokio::test]
async fn postgres_survives_a_killed_server_and_ends_with_a_stopped_one() {
    let folder = folder();
    let program = Path::new(env!("CARGO_BIN_EXE_server"));
    let mut killed = Server::start(program, folder.path(), None).await;
    let postgres = postmaster(folder.path()).expect("Postgres runs");
    killed.process.kill().unwrap();
    killed.process.wait().unwrap();
    assert_eq!(postmaster(folder.path()), Some(postgres));

    let next = Server::start(program, folder.path(), None).await;
    assert_eq!(postmaster(folder.path()), Some(postgres), "the running Postgres is used again");
    next.stop();
    assert_eq!(postmaster(folder.path()), None);
}

#[tokio::test]
async fn two_servers_on_one_folder_share_postgres_until_the_last_stops() {
    let folder = folder();
    let program = Path::new(env!("CARGO_BIN_EXE_server"));
    let first = Server::start(program, folder.path(), None).await;
    let second = Server::start(program, folder.path(), None).await;
    first.stop();
    let answer = reqwest::get(format!("http://{}/readyz", second.address)).await.unwrap();
    assert!(answer.status().is_success());
    assert!(postmaster(folder.path()).is_some());
    second.stop();
    assert_eq!(postmaster(folder.path()), None);
}

#[tokio::test]
async fn root_and_a_plain_user_both_run_it() {
    let folder = folder();
    // As root the same is tried as the least of all users; otherwise this is the plain user already.
    let user = is_root().then_some(NOBODY);
    let program = folder.path().join("server");
    fs::copy(env!("CARGO_BIN_EXE_server"), &program).unwrap();
    if user.is_some() {
        chown(folder.path(), user, user).unwrap();
    }
    let server = Server::start(&program, folder.path(), user).await;
    let postgres = postmaster(folder.path()).expect("Postgres runs");
    let owner = fs::metadata(format!("/proc/{postgres}")).unwrap().uid();
    let server_user = fs::metadata(format!("/proc/{}", server.process.id())).unwrap().uid();
    assert_eq!(owner, server_user);
    assert_ne!(owner, 0);
    server.stop();

    if is_root() {
        // The folder is nobody's now: started by root, Postgres runs as its owner again.
        let server = Server::start(&program, folder.path(), None).await;
        let postgres = postmaster(folder.path()).expect("Postgres runs");
        assert_eq!(fs::metadata(format!("/proc/{postgres}")).unwrap().uid(), NOBODY);
        server.stop();
    }
}
