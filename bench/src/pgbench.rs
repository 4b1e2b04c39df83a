//! `pgbench` with the product's own booking transaction: what Postgres alone can do on this machine.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use sqlx::postgres::PgConnectOptions;
use tokio::process::Command;

use crate::Outcome;

/// The transaction, statement by statement.
pub const BOOK: &str = include_str!("../pgbench/book.sql");

/// Taking jobs, ten at a time.
pub const CLAIM: &str = include_str!("../pgbench/claim.sql");

/// What pgbench counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counted {
    /// Transactions that were committed.
    transactions: u64,
    /// How long that took, connecting left out, seconds.
    seconds: f64,
}

impl Counted {
    /// Takes a later turn in.
    pub fn join(&mut self, later: Counted) {
        self.transactions += later.transactions;
        self.seconds += later.seconds;
    }

    /// Transactions in a second.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn rate(&self) -> f64 {
        self.transactions as f64 / self.seconds.max(f64::EPSILON)
    }

    /// Mean time of one, milliseconds.
    pub fn latency(&self) -> f64 {
        f64::from(CLIENTS) * 1000.0 / self.rate().max(f64::EPSILON)
    }
}

/// As many as the server's connections.
const CLIENTS: u16 = 16;

/// Runs a script from [`CLIENTS`] clients, from an order on; `scratch` takes the script.
pub async fn run(
    sql: &str,
    options: &PgConnectOptions,
    first: usize,
    lasting: Duration,
    scratch: &Path,
) -> Outcome<Counted> {
    let script = scratch.join("script.sql");
    std::fs::write(&script, sql)?;
    let socket = options.get_socket().ok_or("Postgres without a socket")?;
    let output = Command::new(program().ok_or("pgbench is missing; run: apt-get install postgresql")?)
        .args(["-n", "-M", "prepared", "-c", &CLIENTS.to_string(), "-j", "2"])
        .args(["-D", &format!("i={}", first.div_ceil(CLIENTS.into())), "-T"])
        .arg(lasting.as_secs().to_string())
        .arg("-h")
        .arg(socket)
        .args(["-p", &options.get_port().to_string(), "-U", options.get_username(), "-f"])
        .arg(&script)
        .arg(options.get_database().unwrap_or_default())
        // As the server's own connections.
        .env("PGOPTIONS", "-c plan_cache_mode=force_generic_plan")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    let said = String::from_utf8_lossy(&output.stdout);
    match parse(&said) {
        Some(counted) if output.status.success() => Ok(counted),
        _ => Err(format!("pgbench failed: {}", String::from_utf8_lossy(&output.stderr).trim()).into()),
    }
}

/// The newest of the system, else the one on the path.
fn program() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin/pgbench")))
        })
        .collect();
    versions.sort();
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&on_path).map(|folder| folder.join("pgbench")).collect::<Vec<_>>();
    versions.into_iter().rev().map(|(_, path)| path).chain(on_path).find(|path| path.is_file())
}

/// The figures in what pgbench prints; `None` where a transaction failed or a figure is missing.
fn parse(text: &str) -> Option<Counted> {
    let after = |name: &str| text.lines().find_map(|line| line.trim().strip_prefix(name));
    let first = |rest: &str| rest.split_whitespace().next().map(str::to_owned);
    if let Some(failed) = after("number of failed transactions: ")
        && first(failed)? != "0"
    {
        return None;
    }
    let transactions = first(after("number of transactions actually processed: ")?)?.parse().ok()?;
    let rate: f64 = first(after("tps = ")?)?.parse().ok()?;
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let seconds = transactions as f64 / rate.max(f64::EPSILON);
    Some(Counted { transactions, seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "number of transactions actually processed: 1234\nnumber of failed transactions: 0 (0.000%)\n\
        latency average = 12.5 ms\ninitial connection time = 9 ms\ntps = 987.5 (without initial connection time)\n";

    #[test]
    fn the_figures_are_read() {
        let mut counted = parse(SAID).expect("figures");
        assert!((counted.rate() - 987.5).abs() < 1e-6 && (counted.latency() - 16_000.0 / 987.5).abs() < 1e-6);
        counted.join(Counted { transactions: 1, seconds: 1235.0 - 1234.0 / 987.5 });
        assert!((counted.rate() - 1.0).abs() < 1e-6);
        assert!(parse(&SAID.replace("transactions: 0", "transactions: 3")).is_none());
        assert!(parse("pgbench: error").is_none());
    }

    #[test]
    fn the_script_writes_what_a_booking_writes() {
        let tables =
            ["claims", "bookings", "lessons", "idempotency_keys", "booking_history", "outbox", "live_events"];
        for table in tables {
            assert!(BOOK.contains(&format!("INSERT INTO {table} ")), "{table}");
        }
        assert_eq!(BOOK.matches("pg_advisory_xact_lock").count(), 3);
    }
}
