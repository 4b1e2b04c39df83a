//! What the sandbox is started with.

use std::{net::SocketAddr, path::PathBuf};

/// Options of the command line, or of a test.
#[derive(Clone, Debug, clap::Parser)]
#[command(
    name = "sandbox",
    about = "A stand-in for Stripe: it speaks the wire protocol and moves no money.",
    version
)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, env = "SANDBOX_ADDR", default_value = "127.0.0.1:0")]
    pub addr: SocketAddr,
    /// How browsers reach the sandbox, where that is not the address it listens on.
    #[arg(long, env = "SANDBOX_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// Where all events are sent.
    #[arg(long, env = "SANDBOX_WEBHOOK_URL")]
    pub webhook_url: Option<String>,
    /// What those deliveries are signed with.
    #[arg(long, env = "SANDBOX_WEBHOOK_SECRET", default_value = "whsec_sandbox")]
    pub webhook_secret: String,
    /// Milliseconds until a delivery that was not taken is tried again; doubled each time.
    #[arg(long, env = "SANDBOX_WEBHOOK_RETRY_MS", default_value_t = 1000)]
    pub webhook_retry_ms: u64,
    /// The key of servers.
    #[arg(long, env = "SANDBOX_SECRET_KEY", default_value = "sk_test_sandbox")]
    pub secret_key: String,
    /// The key of pages.
    #[arg(long, env = "SANDBOX_PUBLISHABLE_KEY", default_value = "pk_test_sandbox")]
    pub publishable_key: String,
    /// Requests a second above which 429 is answered; none by default.
    #[arg(long, env = "SANDBOX_RATE_LIMIT")]
    pub rate_limit: Option<u32>,
    /// End when standard input closes, that is, with the process that started the sandbox.
    #[arg(long)]
    pub exit_with_parent: bool,
    /// Where the state is kept beyond the end; nowhere by default.
    #[arg(long, env = "SANDBOX_STATE")]
    pub state: Option<PathBuf>,
    /// End when nobody holds a lease any more (`/_control/leases`).
    #[arg(long)]
    pub leased: bool,
    /// Whose sandbox this is: a lease in another name is refused.
    #[arg(long, default_value = "")]
    pub name: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from(([127, 0, 0, 1], 0)),
            public_url: None,
            webhook_url: None,
            webhook_secret: "whsec_sandbox".into(),
            webhook_retry_ms: 1000,
            secret_key: "sk_test_sandbox".into(),
            publishable_key: "pk_test_sandbox".into(),
            rate_limit: None,
            exit_with_parent: false,
            state: None,
            leased: false,
            name: String::new(),
        }
    }
}
