//! `sandbox`: starts the stand-in, says where it listens, and ends on SIGTERM, with its parent or when nobody uses it.

use std::io::{self, Write as _};

use clap::Parser as _;
use sandbox::{Options, Sandbox};
use tokio::{
    io::AsyncReadExt as _,
    signal::unix::{SignalKind, signal},
};

#[tokio::main]
async fn main() -> io::Result<()> {
    let options = Options::parse();
    let with_parent = options.exit_with_parent;
    let sandbox = Sandbox::start(options).await?;
    writeln!(io::stdout(), "sandbox listening on {}", sandbox.url())?;
    io::stdout().flush()?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
        () = parent_gone(), if with_parent => {}
        () = sandbox.abandoned() => {}
    }
    sandbox.save()?;
    // Standard input may still be read from, and a runtime that ends by itself would wait for it.
    std::process::exit(0)
}

/// Waits until standard input closes.
async fn parent_gone() {
    let mut ignored = [0_u8; 256];
    let mut input = tokio::io::stdin();
    while input.read(&mut ignored).await.is_ok_and(|count| count > 0) {}
}
