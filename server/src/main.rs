//! The binary: reads the command, starts the runtime, and tells a failure in one clear line.

use std::process::ExitCode;

use clap::Parser as _;
use server::{command, run, telemetry};

/// A page is many small pieces of text. With this allocator it takes a third less processor time than with the
/// system's (`make bench`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Starts the runtime and runs the command; a failure is one clear line.
fn main() -> ExitCode {
    let cli = command::Cli::parse();
    telemetry::start();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    match runtime.block_on(run::run(cli.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error.as_ref()),
    }
}

#[expect(clippy::print_stderr, reason = "the last word of the process")]
fn fail(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("lectern: {error}");
    ExitCode::FAILURE
}
