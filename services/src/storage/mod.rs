//! Where files are kept: a folder or a bucket, behind the interface of object stores.

mod bucket;

use std::{path::Path as Folder, sync::Arc};

use futures::TryStreamExt as _;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload, local::LocalFileSystem, path::Path};
use tokio::sync::OnceCell;

use crate::{AppError, Result, config::FilesConfig};

/// The store of files. A file is there as a whole or not at all.
#[derive(Clone, Debug)]
pub struct Storage {
    place: FilesConfig,
    store: Arc<OnceCell<Arc<dyn ObjectStore>>>,
}

impl Storage {
    /// Keeps files at a place, which is opened when it is first needed; a folder is made then.
    #[must_use]
    pub fn new(place: FilesConfig) -> Self {
        Storage { place, store: Arc::default() }
    }

    async fn store(&self) -> Result<&Arc<dyn ObjectStore>> {
        let open = async || {
            Ok(match &self.place {
                FilesConfig::Folder(folder) => Arc::new(in_folder(folder)?) as Arc<dyn ObjectStore>,
                FilesConfig::Bucket(bucket) => Arc::new(bucket::open(bucket)?),
            })
        };
        self.store.get_or_try_init(open).await
    }

    /// Keeps a file under a name.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub async fn put(&self, name: &str, content: Vec<u8>) -> Result<()> {
        let payload = PutPayload::from(content);
        self.store().await?.put(&Path::from(name), payload).await.map_err(AppError::fault)?;
        Ok(())
    }

    /// The file of a name, `None` where there is none.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub async fn get(&self, name: &str) -> Result<Option<Vec<u8>>> {
        match self.store().await?.get(&Path::from(name)).await {
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
        match self.store().await?.delete(&Path::from(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(AppError::fault(error)),
        }
    }

    /// The names of all files.
    ///
    /// # Errors
    /// Where they cannot be listed.
    pub async fn names(&self) -> Result<Vec<String>> {
        let listed = self.store().await?.list(None).map_ok(|file| file.location.to_string());
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

fn in_folder(folder: &Folder) -> Result<LocalFileSystem> {
    std::fs::create_dir_all(folder).map_err(AppError::fault)?;
    Ok(LocalFileSystem::new_with_prefix(folder).map_err(AppError::fault)?.with_fsync(true))
}
