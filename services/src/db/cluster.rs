//! The own Postgres: a cluster under the data folder, for machines on which `DATABASE_URL` is unset.
//!
//! The server starts it, reuses one that still runs (after a `kill -9` of the server, or beside a second
//! server on the same folder), and the last server out stops it. It listens on no network address: its
//! socket lies in a folder that only the owner enters, which is why connections need no password.
//!
//! Folders and files below the data folder:
//!
//! | name | what |
//! |---|---|
//! | `postgres/` | the cluster, with its logs in `postgres/log/` |
//! | `postgres.new/` | a cluster that `initdb` has not finished; deleted at the next start |
//! | `postgres-start.log` | what Postgres said before its own log began |
//! | `socket/` | the socket, unless the path is too long for one |
//! | `cluster.lock` | held while a server starts or stops the cluster |
//! | `cluster.users` | held, shared, by each server that uses the cluster |

mod binaries;
mod owner;
mod postmaster;
mod socket;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, PgConnection};

use self::binaries::Binaries;
use self::owner::Owner;
use self::postmaster::Postmaster;

/// The superuser that `initdb` makes, and the database of the product in the cluster.
const USER: &str = "postgres";
const DATABASE: &str = "lectern";
/// Crash recovery replays at most `max_wal_size`; ten minutes is far beyond what that takes.
const READY_WITHIN: Duration = Duration::from_secs(600);
const POLL: Duration = Duration::from_millis(20);

/// Why there is no own Postgres. Each message is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No folder with `initdb` and `postgres` was found.
    #[error(
        "no Postgres found: install it (apt-get install postgresql), name its folder in PG_BIN_DIR, \
         or set DATABASE_URL"
    )]
    NoBinaries,
    /// `PG_BIN_DIR` names a folder without `postgres`, or its `postgres` does not run.
    #[error("the Postgres in {folder} does not run: {reason}")]
    BadBinaries {
        /// The folder that was tried.
        folder: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// The data folder was written by another major version than any that is installed.
    #[error(
        "{data} was made by Postgres {wanted}, installed is {found}: install Postgres {wanted}, or dump the \
         data with it and restore them into a new folder"
    )]
    WrongVersion {
        /// The cluster's folder.
        data: PathBuf,
        /// Its major version.
        wanted: u32,
        /// The major versions that are installed.
        found: String,
    },
    /// Postgres refuses root, and the user that it runs as instead cannot enter a folder.
    #[error(
        "Postgres runs as user {user}, who cannot enter {folder}, which {path} is in: run `chmod o+x {folder}`, \
         or choose another place with LECTERN_DATA (/var/lib/lectern, for example)"
    )]
    NotReachable {
        /// The user that Postgres would run as.
        user: String,
        /// The folder that keeps the user out.
        folder: PathBuf,
        /// What the user has to reach.
        path: PathBuf,
    },
    /// The cluster belongs to another user.
    #[error(
        "{data} belongs to user {user}: start the server as {user} or as root, or choose another LECTERN_DATA"
    )]
    ForeignOwner {
        /// The cluster's folder.
        data: PathBuf,
        /// Its owner.
        user: String,
    },
    /// `initdb` or `postgres` ended with an error.
    #[error("{program} failed: {reason} (see {log})")]
    Failed {
        /// `initdb` or `postgres`.
        program: &'static str,
        /// The last line that it wrote.
        reason: String,
        /// Where the rest is.
        log: PathBuf,
    },
    /// Postgres runs and does not answer.
    #[error("Postgres does not answer on {socket} after {seconds} s (see {data}/log)")]
    Silent {
        /// The folder of the socket.
        socket: PathBuf,
        /// The cluster's folder.
        data: PathBuf,
        /// How long was waited.
        seconds: u64,
    },
    /// A file or folder could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A statement on the new cluster failed.
    #[error("own Postgres: {0}")]
    Database(#[from] sqlx::Error),
}

/// Gives a [`std::io::Error`] the path that it is about.
fn at(path: &Path) -> impl FnOnce(std::io::Error) -> ClusterError + '_ {
    move |source| ClusterError::File { path: path.to_owned(), source }
}

/// What became of the cluster when a server let go of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// This server was the last: Postgres has ended.
    Ended,
    /// Another server still uses it: Postgres runs on.
    LeftRunning,
}

/// A running Postgres under the data folder, used by this process.
///
/// Dropping it leaves Postgres running, as a `kill -9` would: the next [`Cluster::start`] finds it.
#[derive(Debug)]
pub struct Cluster {
    places: Places,
    postmaster: Postmaster,
    /// Held, shared, for as long as this process uses the cluster.
    users: File,
}

/// Where everything of one cluster lies.
#[derive(Debug, Clone)]
struct Places {
    root: PathBuf,
    data: PathBuf,
}

impl Places {
    fn under(root: &Path) -> Result<Self, ClusterError> {
        fs::create_dir_all(root).map_err(at(root))?;
        let root = root.canonicalize().map_err(at(root))?;
        Ok(Self { data: root.join("postgres"), root })
    }

    fn file(&self, name: &str) -> Result<File, ClusterError> {
        let path = self.root.join(name);
        File::options().create(true).truncate(false).write(true).read(true).open(&path).map_err(at(&path))
    }
}

impl Cluster {
    /// Starts the cluster under `root` (made if need be), or joins the one that runs there, and sees to it
    /// that the database exists. Returns when Postgres answers.
    ///
    /// # Errors
    /// [`ClusterError`], whose message is one line for the person who starts the server.
    pub async fn start(root: &Path) -> Result<Self, ClusterError> {
        let places = Places::under(root)?;
        let gate = Gate::enter(&places).await?;
        let users = places.file("cluster.users")?;
        users.lock_shared().map_err(at(&places.root.join("cluster.users")))?;
        let postmaster = blocking({
            let places = places.clone();
            move || join_or_launch(&places)
        })
        .await?;
        let mut cluster = Self { places, postmaster, users };
        cluster.wait_until_ready().await?;
        cluster.create_database().await?;
        drop(gate);
        Ok(cluster)
    }

    /// How to reach the product's database, as its superuser, over the socket.
    pub fn connect_options(&self) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.postmaster.socket)
            .port(socket::PORT)
            .username(USER)
            .database(DATABASE)
            .ssl_mode(PgSslMode::Disable)
            .application_name("lectern")
    }

    /// The same as a `DATABASE_URL`, for `psql` and other programs on this machine.
    pub fn url(&self) -> String {
        let mut url = String::from("postgres:///lectern?user=postgres&host=");
        for byte in self.postmaster.socket.as_os_str().as_encoded_bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
                    url.push(*byte as char)
                }
                other => url.push_str(&format!("%{other:02X}")),
            }
        }
        url
    }

    /// Process id of the postmaster, for logs and `doctor`.
    pub fn pid(&self) -> i32 {
        self.postmaster.pid
    }

    /// Lets go of the cluster. The last process that uses it stops Postgres by a fast shutdown: open
    /// transactions are rolled back, what was committed is on disk. Close the pool before.
    ///
    /// # Errors
    /// When a lock cannot be taken or Postgres does not end.
    pub async fn stop(self) -> Result<Stopped, ClusterError> {
        let gate = Gate::enter(&self.places).await?;
        let Self { places, postmaster, users } = self;
        users.unlock().map_err(at(&places.root))?;
        if users.try_lock().is_err() {
            return Ok(Stopped::LeftRunning);
        }
        blocking(move || {
            let socket = postmaster.socket.clone();
            postmaster.shut_down(&places.data)?;
            socket::tidy(&places.root, &socket);
            Ok(())
        })
        .await?;
        drop(gate);
        Ok(Stopped::Ended)
    }

    /// Connects until Postgres accepts: it refuses while it starts, recovers or shuts down.
    async fn wait_until_ready(&mut self) -> Result<(), ClusterError> {
        let options = self.connect_options().database("postgres").disable_statement_logging();
        let began = Instant::now();
        loop {
            let refusal = match PgConnection::connect_with(&options).await {
                Ok(connection) => return Ok(connection.close().await?),
                Err(refusal) => refusal,
            };
            if self.postmaster.has_ended(&self.places.data) {
                return Err(postmaster::failure("postgres", &self.places.root.join(postmaster::START_LOG)));
            }
            if !is_passing(&refusal) {
                return Err(refusal.into());
            }
            if began.elapsed() > READY_WITHIN {
                return Err(ClusterError::Silent {
                    socket: self.postmaster.socket.clone(),
                    data: self.places.data.clone(),
                    seconds: READY_WITHIN.as_secs(),
                });
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn create_database(&self) -> Result<(), ClusterError> {
        let options = self.connect_options().database("postgres");
        let mut connection = PgConnection::connect_with(&options).await?;
        let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(DATABASE)
            .fetch_one(&mut connection)
            .await?;
        if !exists {
            sqlx::query("CREATE DATABASE lectern").execute(&mut connection).await?;
        }
        Ok(connection.close().await?)
    }
}

/// True while the refusal is one that waiting cures: no socket yet, starting up, shutting down (57P03),
/// or all connections taken (53300).
fn is_passing(refusal: &sqlx::Error) -> bool {
    match refusal {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(answer) => matches!(answer.code().as_deref(), Some("57P03" | "53300")),
        _ => false,
    }
}

/// The right to start or stop the cluster, held by one process at a time, given back when dropped.
struct Gate {
    _lock: File,
}

impl Gate {
    async fn enter(places: &Places) -> Result<Self, ClusterError> {
        let path = places.root.join("cluster.lock");
        let file = places.file("cluster.lock")?;
        blocking(move || file.lock().map(|()| Self { _lock: file }).map_err(at(&path))).await
    }
}

/// Runs `work`, which waits for files and processes, away from the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ClusterError> + Send + 'static,
) -> Result<T, ClusterError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(sqlx::Error::WorkerCrashed.into()),
        },
    }
}

/// The postmaster that runs on this folder, else a new one.
fn join_or_launch(places: &Places) -> Result<Postmaster, ClusterError> {
    let owner = Owner::of_cluster(&places.data)?;
    if let Some(postmaster) = Postmaster::running(&places.data) {
        tracing::info!(pid = postmaster.pid, "own Postgres already runs: using it");
        return Ok(postmaster);
    }
    let wanted = binaries::version_of_data(&places.data)?;
    let binaries = Binaries::find(wanted, &places.data)?;
    owner.check_reach(&binaries.program("postgres"), &places.root)?;
    let socket = socket::prepare(&places.root, &owner)?;
    if wanted.is_none() {
        postmaster::initialise(&binaries, &owner, &places.root, &places.data)?;
    }
    Postmaster::launch(&binaries, &owner, &places.root, &places.data, socket)
}
