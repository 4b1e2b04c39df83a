//! The commands of the binary.

use clap::{Args, Parser, Subcommand};

/// Lectern: a self-hosted platform for tutoring and teaching.
#[derive(Debug, Parser)]
#[command(name = "server", version, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the binary can do. All of it is configured by the environment (see docs/DEPLOYMENT.md).
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve pages, API and live streams, and work off what is due.
    Serve(Serve),
    /// Only work off what is due, without serving.
    Work,
    /// Bring the database's schema up to this binary's, and stop.
    Migrate,
    /// Fill an empty database with the demonstration (development only), and stop.
    Seed,
    /// Do everything that is due now, once, and stop.
    Tick,
    /// Make an administrator's account; the password is read from standard input.
    CreateAdmin(CreateAdmin),
    /// Print the OpenAPI document of the HTTP API.
    Openapi,
}

/// Options of `serve`.
#[derive(Args, Debug)]
pub struct Serve {
    /// Fill an empty database with the demonstration first (development only).
    #[arg(long)]
    pub seed: bool,
    /// Do not work off what is due: another process does (`work`).
    #[arg(long)]
    pub no_work: bool,
}

/// Options of `create-admin`.
#[derive(Args, Debug)]
pub struct CreateAdmin {
    /// The address with which the administrator signs in.
    #[arg(long)]
    pub email: String,
    /// The name.
    #[arg(long, default_value = "Administrator")]
    pub name: String,
}
