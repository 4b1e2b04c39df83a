//! Where files are kept: a folder, behind the interface of object stores.

use std::path::PathBuf;

use futures::TryStreamExt as _;
use object_store::{ObjectStore as _, ObjectStoreExt as _, PutPayload, local::LocalFileSystem, path::Path};

use crate::{AppError, Result};

/// The store of files. A file is there as a whole or not at all.
#[derive(Clone, Debug)]
pub struct Storage {
    folder: PathBuf,
}

impl Storage {
    /// Keeps files in a folder, which is made when the first one comes.
    #[must_use]
    pub fn in_folder(folder: PathBuf) -> Self {
        Storage { folder }
    }

    fn store(&self) -> Result<LocalFileSystem> {
        std::fs::create_dir_all(&self.folder).map_err(AppError::fault)?;
        Ok(LocalFileSystem::new_with_prefix(&self.folder).map_err(AppError::fault)?.with_fsync(true))
    }

    /// Keeps a file under a name.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub async fn put(&self, name: &str, content: Vec<u8>) -> Result<()> {
        let payload = PutPayload::from(content);
        self.store()?.put(&Path::from(name), payload).await.map_err(AppError::fault)?;
        Ok(())
    }

    /// The file of a name, `None` where there is none.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub async fn get(&self, name: &str) -> Result<Option<Vec<u8>>> {
        match self.store()?.get(&Path::from(name)).await {
            Ok(found) => Ok(Some(found.bytes().await.map_err(AppError::fault)?.to_vec())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(AppError::fault(error)),
        }
    }

    /// Deletes a file; none is none.
    ///
    /// # Errors
    /// Where it cannot be deleted.
    pub async fn delete(&self, name: &str) -> Result<()> {
        match self.store()?.delete(&Path::from(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(AppError::fault(error)),
        }
    }

    /// The names of all files.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub async fn names(&self) -> Result<Vec<String>> {
        if !self.folder.exists() {
            return Ok(Vec::new());
        }
        let listed = self.store()?.list(None).map_ok(|file| file.location.to_string());
        listed.try_collect().await.map_err(AppError::fault)
    }

    /// Deletes every file.
    ///
    /// # Errors
    /// Where one cannot be deleted.
    pub async fn clear(&self) -> Result<()> {
        for name in self.names().await? {
            self.delete(&name).await?;
        }
        Ok(())
    }
}
