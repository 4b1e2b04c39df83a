//! Whose process Postgres is. It refuses to run as root: started by root it runs as `postgres`, else `nobody`.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use nix::unistd::{Gid, Uid, User};

use super::{ClusterError, at};

/// The user that the programs of Postgres run as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    name: String,
    uid: u32,
    gid: u32,
    /// True when this process is root and has to become that user first.
    drop_root: bool,
}

impl Owner {
    /// The owner of the cluster in `data` if there is one, else the one whom a new cluster gets.
    pub(super) fn of_cluster(data: &Path) -> Result<Self, ClusterError> {
        let existing = match fs::metadata(data) {
            Ok(found) => Some(found.uid()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(at(data)(error)),
        };
        let own = Uid::effective();
        if own.is_root() {
            return Self::instead_of_root(existing.filter(|uid| *uid != 0), data);
        }
        match existing {
            Some(uid) if uid != own.as_raw() => {
                Err(ClusterError::ForeignOwner { data: data.to_owned(), user: name_of(uid) })
            }
            _ => Ok(Self {
                name: name_of(own.as_raw()),
                uid: own.as_raw(),
                gid: Gid::effective().as_raw(),
                drop_root: false,
            }),
        }
    }

    fn instead_of_root(existing: Option<u32>, data: &Path) -> Result<Self, ClusterError> {
        let user = match existing {
            Some(uid) => User::from_uid(Uid::from_raw(uid)),
            None => User::from_name("postgres").and_then(|found| match found {
                Some(user) => Ok(Some(user)),
                None => User::from_name("nobody"),
            }),
        };
        let user = user.map_err(|error| at(data)(error.into()))?;
        let (name, uid, gid) = match (user, existing) {
            (Some(user), _) => (user.name, user.uid.as_raw(), user.gid.as_raw()),
            (None, Some(uid)) => (uid.to_string(), uid, uid),
            // Every Linux keeps these numbers for `nobody`, even an image without a user list.
            (None, None) => ("nobody".to_owned(), 65534, 65534),
        };
        Ok(Self { name, uid, gid, drop_root: true })
    }

    /// True when a folder of this user id is one that Postgres will accept as its own.
    pub(super) fn is(&self, uid: u32) -> bool {
        self.uid == uid
    }

    /// A command that runs as this user, in `folder`, without the settings for Postgres clients that the
    /// environment may hold, in a process group of its own: Ctrl-C in a terminal reaches the server only.
    pub(super) fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::null()).process_group(0);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"PG")) {
            command.env_remove(name);
        }
        if self.drop_root {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Makes a folder that only this user may enter. One that exists must be the user's own folder: in a
    /// temporary directory somebody else could have put a link there.
    pub(super) fn make_private_folder(&self, folder: &Path) -> Result<(), ClusterError> {
        match fs::create_dir(folder) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let found = fs::symlink_metadata(folder).map_err(at(folder))?;
                if !found.is_dir() || !(self.is(found.uid()) || self.drop_root && found.uid() == 0) {
                    let reason = format!("is in the way: it is not a folder of user {}", self.name);
                    return Err(at(folder)(io::Error::other(reason)));
                }
            }
            Err(error) => return Err(at(folder)(error)),
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(at(folder))?;
        self.give(folder)
    }

    /// Gives a file or folder to this user.
    pub(super) fn give(&self, path: &Path) -> Result<(), ClusterError> {
        if self.drop_root { chown(path, Some(self.uid), Some(self.gid)).map_err(at(path)) } else { Ok(()) }
    }

    /// Sees to it that the user can run `program` and enter `root`.
    pub(super) fn check_reach(&self, program: &Path, root: &Path) -> Result<(), ClusterError> {
        self.try_run(program, Path::new("/"), program)?;
        self.try_run(program, root, root)
    }

    /// Runs `program --version` in `folder`; refused, the fault is in the way to `path`.
    fn try_run(&self, program: &Path, folder: &Path, path: &Path) -> Result<(), ClusterError> {
        match self
            .command(program, folder)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
        {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Err(ClusterError::NotReachable {
                    user: self.name.clone(),
                    folder: self.barrier(path),
                    path: path.to_owned(),
                })
            }
            Err(error) => Err(at(path)(error)),
        }
    }

    /// The outermost folder on the way to `path` that keeps this user out by its mode, else `path` itself.
    fn barrier(&self, path: &Path) -> PathBuf {
        let way = path.ancestors().collect::<Vec<_>>();
        let closed = way.into_iter().rev().find(|folder| {
            fs::metadata(folder).is_ok_and(|found| {
                let needed = if self.is(found.uid()) {
                    0o100
                } else if found.gid() == self.gid {
                    0o010
                } else {
                    0o001
                };
                found.mode() & needed == 0
            })
        });
        closed.unwrap_or(path).to_owned()
    }
}

fn name_of(uid: u32) -> String {
    User::from_uid(Uid::from_raw(uid)).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name)
}
