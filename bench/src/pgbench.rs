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
const SCRIPT: &str = include_str!("../pgbench/book.sql");

/// What pgbench counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted {
    /// Transactions that were committed.
    pub transactions: u64,
    /// In a second, connecting left out.
    pub rate: f64,
    /// Mean time of one, milliseconds.
    pub latency: f64,
}

/// Runs it from 16 clients; `scratch` takes the script.
pub async fn run(options: &PgConnectOptions, lasting: Duration, scratch: &Path) -> Outcome<Counted> {
    let script = scratch.join("book.sql");
    std::fs::write(&script, SCRIPT)?;
    let socket = options.get_socket().ok_or("Postgres without a socket")?;
    let output = Command::new(program().ok_or("pgbench is missing; run: apt-get install postgresql")?)
        .args(["-n", "-M", "prepared", "-c", "16", "-j", "2", "-D", "i=0", "-T"])
        .arg(lasting.as_secs().to_string())
        .arg("-h")
        .arg(socket)
        .args(["-p", &options.get_port().to_string(), "-U", options.get_username(), "-f"])
        .arg(&script)
        .arg(options.get_database().unwrap_or_default())
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
    Some(Counted {
        transactions: first(after("number of transactions actually processed: ")?)?.parse().ok()?,
        rate: first(after("tps = ")?)?.parse().ok()?,
        latency: first(after("latency average = ")?)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "number of transactions actually processed: 1234\nnumber of failed transactions: 0 (0.000%)\n\
        latency average = 12.5 ms\ninitial connection time = 9 ms\ntps = 987.5 (without initial connection time)\n";

    #[test]
    fn the_figures_are_read() {
        let counted = Counted { transactions: 1234, rate: 987.5, latency: 12.5 };
        assert_eq!(parse(SAID), Some(counted));
        assert_eq!(parse(&SAID.replace("transactions: 0", "transactions: 3")), None);
        assert_eq!(parse("pgbench: error"), None);
    }

    #[test]
    fn the_script_writes_what_a_booking_writes() {
        let tables =
            ["claims", "bookings", "lessons", "idempotency_keys", "booking_history", "outbox", "live_events"];
        for table in tables {
            assert!(SCRIPT.contains(&format!("INSERT INTO {table} ")), "{table}");
        }
        assert_eq!(SCRIPT.matches("pg_advisory_xact_lock").count(), 4);
    }
}
