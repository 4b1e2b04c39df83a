//! Logs: one line for each event, to standard error.

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Starts logging at `LOG_LEVEL` (default `info`; a filter such as `info,sqlx=debug` works too).
pub fn start() {
    let filter = std::env::var("LOG_LEVEL")
        .ok()
        .and_then(|level| EnvFilter::try_new(level).ok())
        .unwrap_or_else(|| EnvFilter::new("info,sqlx=warn,graphile_worker=warn"));
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(true);
    // A second start (tests in one process) keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
}
