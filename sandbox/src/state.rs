//! What outlives the process, where a file for it is named: objects, cards, balance, what is due, and answers under
//! idempotency keys. Faults and deliveries under way do not.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{app::App, idempotency::Kept, store::Saved};

/// How soon a change is written.
const SOON: Duration = Duration::from_millis(250);

/// The contents of the file.
#[derive(Debug, Deserialize, Serialize)]
pub struct State {
    /// The objects.
    pub store: Saved,
    /// The answers under idempotency keys.
    pub keys: Vec<(String, Kept)>,
}

/// Reads a state; none where there is no file yet.
///
/// # Errors
/// Where the file cannot be read, or holds something else.
pub fn read(path: &Path) -> io::Result<Option<State>> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
    }
}

/// Writes the state, whole or not at all.
///
/// # Errors
/// Where the file cannot be written.
pub fn write(app: &App, path: &Path) -> io::Result<()> {
    app.changed.store(false, Ordering::Release);
    let bytes = serde_json::to_vec(&app.state())?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let new = path.with_extension("new");
    std::fs::write(&new, bytes)?;
    std::fs::rename(&new, path)
}

/// Writes the state soon after each change.
pub async fn keep(app: Arc<App>, path: PathBuf) {
    loop {
        tokio::time::sleep(SOON).await;
        if !app.changed.load(Ordering::Acquire) {
            continue;
        }
        let (app, path) = (Arc::clone(&app), path.clone());
        // A state that cannot be written is tried again at the next change, and at the end, which reports it.
        let _ = tokio::task::spawn_blocking(move || write(&app, &path)).await;
    }
}
