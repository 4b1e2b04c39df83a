//! The processes that are measured: started on a free loopback port, ended with the benchmarks.

use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    time::{sleep, timeout},
};

use crate::{Outcome, http};

/// A cold start migrates nothing here and takes well under a second.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// Time for a graceful end.
const ENDED_WITHIN: Duration = Duration::from_secs(15);

/// A process that answers HTTP.
pub struct Process {
    child: Child,
    /// Where it answers.
    pub addr: SocketAddr,
    /// Its process id.
    pub pid: i32,
}

/// What the environment of the release server is: production, as it ships.
///
/// Rate limits cannot be turned off there: the driver names itself as a trusted proxy and forwards many
/// addresses instead, so that every anonymous call is counted as any other.
pub const PRODUCTION: [(&str, &str); 10] = [
    ("LECTERN_ENV", "production"),
    ("PUBLIC_URL", "http://127.0.0.1"),
    ("SESSION_SECRET", "a secret of the benchmarks only"),
    ("CRON_SECRET", "a secret of the benchmarks only"),
    // Nothing that is measured writes a mail.
    ("SMTP_URL", "smtp://127.0.0.1"),
    ("TRUSTED_PROXIES", "127.0.0.1"),
    // Nor is a card charged where bookings and pages are measured.
    ("STRIPE_SECRET_KEY", "sk_of_the_benchmarks"),
    ("STRIPE_PUBLISHABLE_KEY", "pk_of_the_benchmarks"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_of_the_benchmarks"),
    ("LOG_LEVEL", "warn"),
];

/// Starts a program in `environment` on a free port, and waits until it answers `/healthz`.
pub async fn start(
    program: &Path,
    words: &[&str],
    environment: &[(&str, &str)],
    log: &Path,
) -> Outcome<Process> {
    let addr = free().await?;
    let output = File::create(log)?;
    let child = Command::new(program)
        .args(words)
        .envs(environment.iter().copied())
        .env("LECTERN_ADDR", addr.to_string())
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    let pid = child.id().ok_or("a process without an id")?.cast_signed();
    let mut process = Process { child, addr, pid };
    process.wait_until_ready(log).await?;
    Ok(process)
}

/// Runs a program to its end.
pub async fn complete(program: &Path, words: &[&str], environment: &[(&str, &str)], log: &Path) -> Outcome {
    let output = File::create(log)?;
    let status = Command::new(program)
        .args(words)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .kill_on_drop(true)
        .status()
        .await?;
    if status.success() { Ok(()) } else { Err(said(program, log)) }
}

impl Process {
    async fn wait_until_ready(&mut self, log: &Path) -> Outcome {
        let began = Instant::now();
        while began.elapsed() < READY_WITHIN {
            if let Ok((200, _)) = http::once(self.addr, http::get(self.addr, "/healthz")?).await {
                return Ok(());
            }
            if self.child.try_wait()?.is_some() {
                return Err(said(Path::new("the process"), log));
            }
            sleep(Duration::from_millis(50)).await;
        }
        Err(format!("nothing answers on {} (see {})", self.addr, log.display()).into())
    }

    /// Asks it to end, and ends it where it does not.
    pub async fn stop(mut self) -> Outcome {
        if self.child.try_wait()?.is_none() {
            kill(Pid::from_raw(self.pid), Signal::SIGTERM)?;
        }
        if timeout(ENDED_WITHIN, self.child.wait()).await.is_err() {
            self.child.kill().await?;
        }
        Ok(())
    }
}

/// A port that was free a moment ago.
async fn free() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()?)
}

/// What a program that failed said last.
fn said(program: &Path, log: &Path) -> Box<dyn std::error::Error + Send + Sync> {
    format!("{} failed: {}", program.display(), last_words(log)).into()
}

/// The last line of a log.
pub fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("none").to_owned()
}
