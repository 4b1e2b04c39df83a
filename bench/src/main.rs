//! `make bench`: what the product promises, measured on the machine at hand.
//!
//! `bench` runs every measurement against the release server and a Postgres of its own that keeps its
//! commits on disk, prints one table, and writes it into docs/BENCHMARKS.md. `bench bookings`, `bench charging`,
//! `bench payouts`, `bench reconciliation` and `bench streams` measure and print a part. `bench plain` serves the baseline of the tutor page;
//! `bench reconcile` is the process that reconciles. The driver shares the machine's cores with what it measures.

mod bookings;
mod charging;
mod cpu;
mod database;
mod fixture;
mod http;
mod machine;
mod pages;
mod paying;
mod pgbench;
mod plain;
mod process;
mod reconciling;
mod report;
mod sizes;
mod slots;
mod streams;
mod suite;

use std::{error::Error, process::ExitCode};

use suite::Part;

/// The server's, so that the baseline has what the product has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a step comes to; a failure is one line for the person who started it.
type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let outcome = match std::env::args().nth(1).as_deref() {
        None => runtime.block_on(suite::run()),
        Some("bookings") => runtime.block_on(suite::run_part(Part::Bookings)),
        Some("charging") => runtime.block_on(suite::run_part(Part::Charging)),
        Some("streams") => runtime.block_on(suite::run_part(Part::Streams)),
        Some("payouts") => runtime.block_on(suite::run_part(Part::Payouts)),
        Some("reconciliation") => runtime.block_on(suite::run_part(Part::Reconciliation)),
        Some("reconcile") => runtime.block_on(reconciling::compare()),
        Some("plain") => runtime.block_on(plain::serve()),
        Some(other) => {
            Err(format!("unknown word {other}: `bench` measures all, `bench bookings|charging|payouts|reconciliation|streams` a part, `bench plain` is the baseline").into())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error.as_ref()),
    }
}

#[expect(clippy::print_stderr, reason = "the last word of the process")]
fn fail(error: &dyn Error) -> ExitCode {
    eprintln!("bench: {error}");
    ExitCode::FAILURE
}

/// Says which step is under way, on stderr: stdout belongs to the table.
#[expect(clippy::print_stderr, reason = "progress of a command")]
fn step(text: &str) {
    eprintln!("==> {text}");
}
