//! The process: made by `initdb`, launched, found again by its pid file, ended by a signal.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::binaries::Binaries;
use super::owner::Owner;
use super::{ClusterError, POLL, at, socket};

/// What `postgres` writes before its log collector runs.
pub(super) const START_LOG: &str = "postgres-start.log";
/// A fast shutdown writes one checkpoint; a slow disk may need a minute for it.
const ENDED_WITHIN: Duration = Duration::from_secs(120);

/// Appended once to a new cluster's `postgresql.conf`, where an operator may change it. What a commit
/// promises (`fsync`, `synchronous_commit`, `full_page_writes`) stays as Postgres has it: on.
const SETTINGS: &str = "
# Written by Lectern when it made this cluster; yours to change. Restart the server afterwards.
max_connections = 100
shared_buffers = 128MB
effective_cache_size = 1GB
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = 1d
log_rotation_size = 0
log_min_duration_statement = 1000
";

/// The parent process of a running Postgres.
#[derive(Debug)]
pub(super) struct Postmaster {
    /// Its process id.
    pub(super) pid: i32,
    /// The folder that its socket lies in.
    pub(super) socket: PathBuf,
    /// Present when this process launched it: its end must then be collected.
    child: Option<Child>,
}

impl Postmaster {
    /// The one that runs on `data`, found by its pid file.
    ///
    /// The file outlives a crash, and its number may by then be another program's: a process counts only
    /// if it works in `data`, which every postmaster does.
    pub(super) fn running(data: &Path) -> Option<Self> {
        let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let (pid, socket) = parse_pid_file(&text)?;
        is_alive(pid, data).then_some(Self { pid, socket, child: None })
    }

    /// Starts `postgres` on `data`. It is not ready yet when this returns.
    pub(super) fn launch(
        binaries: &Binaries,
        owner: &Owner,
        root: &Path,
        data: &Path,
        socket: PathBuf,
    ) -> Result<Self, ClusterError> {
        let leftover = data.join("postmaster.pid");
        if leftover.exists() {
            // Nothing runs here and nobody else may start anything: the caller holds the lock.
            fs::remove_file(&leftover).map_err(at(&leftover))?;
        }
        let log = root.join(START_LOG);
        let output = File::create(&log).map_err(at(&log))?;
        let errors = output.try_clone().map_err(at(&log))?;
        let program = binaries.program("postgres");
        let child = owner
            .command(&program, data)
            .arg("-D")
            .arg(data)
            .args(["-c", "listen_addresses=", "-c", "unix_socket_permissions=0700"])
            .arg("-c")
            .arg(quoted_setting("unix_socket_directories", &socket))
            .args(["-c", &format!("port={}", socket::PORT)])
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(at(&program))?;
        tracing::info!(pid = child.id(), version = binaries.version, "own Postgres started");
        Ok(Self { pid: child.id().cast_signed(), socket, child: Some(child) })
    }

    /// True once the process is gone.
    pub(super) fn has_ended(&mut self, data: &Path) -> bool {
        match &mut self.child {
            Some(child) => !matches!(child.try_wait(), Ok(None)),
            None => !is_alive(self.pid, data),
        }
    }

    /// Fast shutdown (SIGINT), then waits for the end.
    pub(super) fn shut_down(mut self, data: &Path) -> Result<(), ClusterError> {
        if self.has_ended(data) {
            return Ok(());
        }
        match kill(Pid::from_raw(self.pid), Signal::SIGINT) {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => return Err(at(data)(error.into())),
        }
        let began = Instant::now();
        while !self.has_ended(data) {
            if began.elapsed() > ENDED_WITHIN {
                let late = std::io::Error::other(format!("Postgres {} does not end", self.pid));
                return Err(at(data)(late));
            }
            std::thread::sleep(POLL);
        }
        tracing::info!(pid = self.pid, "own Postgres stopped");
        Ok(())
    }
}

/// A list setting of one path: in double quotes, because a comma would separate two paths.
fn quoted_setting(name: &str, path: &Path) -> std::ffi::OsString {
    let mut setting = std::ffi::OsString::from(name);
    setting.push("=\"");
    setting.push(path);
    setting.push("\"");
    setting
}

/// Process id and socket folder: lines 1 and 5 (`pidfile.h` of Postgres).
fn parse_pid_file(text: &str) -> Option<(i32, PathBuf)> {
    let lines = text.lines().collect::<Vec<_>>();
    let pid = lines.first()?.trim().parse().ok().filter(|pid| *pid > 1)?;
    let socket = lines.get(4).map(|line| line.trim()).filter(|line| !line.is_empty())?;
    Some((pid, PathBuf::from(socket)))
}

/// True when the process exists and, where the system tells, works in `data`.
fn is_alive(pid: i32, data: &Path) -> bool {
    match kill(Pid::from_raw(pid), None) {
        Ok(()) | Err(Errno::EPERM) => match fs::read_link(format!("/proc/{pid}/cwd")) {
            Ok(folder) => folder == data,
            // A process that has ended and is not collected yet has no folder.
            Err(_) => !Path::new("/proc/self/cwd").exists(),
        },
        Err(_) => false,
    }
}

/// Makes a new cluster. It is built beside its place and moved there when whole, so that an interrupted
/// `initdb` is never taken for a cluster.
pub(super) fn initialise(
    binaries: &Binaries,
    owner: &Owner,
    root: &Path,
    data: &Path,
) -> Result<(), ClusterError> {
    let new = root.join("postgres.new");
    if new.exists() {
        fs::remove_dir_all(&new).map_err(at(&new))?;
    }
    owner.make_private_folder(&new)?;
    let log = root.join(START_LOG);
    let output = File::create(&log).map_err(at(&log))?;
    let errors = output.try_clone().map_err(at(&log))?;
    let program = binaries.program("initdb");
    tracing::info!(version = binaries.version, "making an own Postgres cluster");
    let ended = owner
        .command(&program, &new)
        .arg("-D")
        .arg(&new)
        .args(["-U", super::USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"])
        .stdout(output)
        .stderr(errors)
        .status()
        .map_err(at(&program))?;
    if !ended.success() {
        return Err(failure("initdb", &log));
    }
    let settings = new.join("postgresql.conf");
    let text = fs::read_to_string(&settings).map_err(at(&settings))?;
    fs::write(&settings, text + SETTINGS).map_err(at(&settings))?;
    fs::rename(&new, data).map_err(at(data))
}

/// The error of a program that ended, with the last telling line of its log.
pub(super) fn failure(program: &'static str, log: &Path) -> ClusterError {
    let text = fs::read_to_string(log).unwrap_or_default();
    let telling = |line: &&str| ["FATAL", "PANIC", "error:"].iter().any(|word| line.contains(word));
    let line = text.lines().rfind(telling).or_else(|| text.lines().last()).unwrap_or("it said nothing");
    ClusterError::Failed { program, reason: line.trim().to_owned(), log: log.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_file_gives_process_and_socket() {
        let text = "4242\n/data/postgres\n1700000000\n5432\n/data/socket\n\n 5432 131074\nready   \n";
        assert_eq!(parse_pid_file(text), Some((4242, PathBuf::from("/data/socket"))));
    }

    #[test]
    fn a_pid_file_that_is_cut_off_or_malformed_gives_nothing() {
        for text in [
            "",
            "4242\n",
            "x\n/d\n1\n5432\n/s\n",
            "4242\n/d\n1\n5432\n\n",
            "-1\n/d\n1\n5432\n/s\n",
            "0\n/d\n1\n5432\n/s\n",
        ] {
            assert_eq!(parse_pid_file(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_foreign_process_with_the_number_is_not_the_postmaster() {
        let own = std::process::id().cast_signed();
        assert!(!is_alive(own, Path::new("/nowhere")));
        assert!(is_alive(own, &std::env::current_dir().unwrap()));
        assert!(!is_alive(i32::MAX, Path::new("/")));
    }
}
