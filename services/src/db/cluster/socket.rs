//! Where the socket lies. A unix socket's path holds 107 bytes, and a data folder may be deeper than that.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::ClusterError;
use super::owner::Owner;

/// Only part of the socket's name: no network port is opened.
pub(super) const PORT: u16 = 5432;
/// `sun_path` is 108 bytes with its final zero on Linux (unix(7)).
const LONGEST: usize = 107;
const NAME: &str = ".s.PGSQL.5432";

/// The folder for the socket, made so that only the owner may enter it.
pub(super) fn prepare(root: &Path, owner: &Owner) -> Result<PathBuf, ClusterError> {
    let folder = place(root, &runtime_folder());
    owner.make_private_folder(&folder)?;
    Ok(folder)
}

/// Removes a socket folder that lies outside the data, once Postgres has ended. One that is not empty stays.
pub(super) fn tidy(root: &Path, folder: &Path) {
    if !folder.starts_with(root) {
        let _ = std::fs::remove_dir(folder);
    }
}

/// Beside the data if the path is short enough, else in `runtime` under a name made from the data's path.
fn place(root: &Path, runtime: &Path) -> PathBuf {
    let beside = root.join("socket");
    if beside.join(NAME).as_os_str().len() <= LONGEST {
        return beside;
    }
    let digest = Sha256::digest(root.as_os_str().as_encoded_bytes());
    let key: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    runtime.join(format!("lectern-{key}"))
}

/// The user's runtime folder, which no clean-up of temporary files touches; root's is `/run`.
fn runtime_folder() -> PathBuf {
    let candidate = if nix::unistd::Uid::effective().is_root() {
        Some(PathBuf::from("/run"))
    } else {
        std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from)
    };
    candidate.filter(|folder| folder.is_dir()).unwrap_or_else(std::env::temp_dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_path_keeps_the_socket_beside_the_data() {
        let place = place(Path::new("/srv/lectern/data"), Path::new("/run"));
        assert_eq!(place, Path::new("/srv/lectern/data/socket"));
    }

    #[test]
    fn the_limit_counts_bytes_and_is_exact() {
        // 107 = root + "/socket" (7) + "/.s.PGSQL.5432" (14)
        let fits = PathBuf::from(format!("/{}", "é".repeat(42) + "a"));
        assert_eq!(fits.as_os_str().len(), 86);
        assert_eq!(place(&fits, Path::new("/run")), fits.join("socket"));
        let long = PathBuf::from(format!("/{}", "é".repeat(43)));
        assert_eq!(long.as_os_str().len(), 87);
        assert!(place(&long, Path::new("/run")).starts_with("/run"));
    }

    #[test]
    fn two_deep_folders_get_two_short_places() {
        let one = place(&PathBuf::from("/a".repeat(60)), Path::new("/run/user/1000"));
        let two = place(&PathBuf::from("/b".repeat(60)), Path::new("/run/user/1000"));
        assert_ne!(one, two);
        assert!(one.join(NAME).as_os_str().len() <= LONGEST, "{}", one.display());
    }
}
