//! Where files are kept: a folder or a bucket, behind the interface of object stores.

mod bucket;

use std::{path::Path as Folder, sync::Arc};

use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use object_store::{
    ObjectStore, ObjectStoreExt as _, PutPayload, buffered::BufWriter, local::LocalFileSystem, path::Path,
};
use tokio::{
    io::{AsyncRead, AsyncWriteExt as _},
    sync::OnceCell,
};

use crate::{AppError, Result, config::FilesConfig};

/// The content of a file, piece by piece.
pub type FileStream = BoxStream<'static, std::io::Result<Vec<u8>>>;

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

    /// Keeps a file under a name, read piece by piece: it may be larger than what memory has room for.
    ///
    /// # Errors
    /// Where it cannot be read or written; nothing of it is kept then.
    pub async fn put_from(&self, name: &str, content: &mut (impl AsyncRead + Unpin)) -> Result<()> {
        let mut writer = BufWriter::new(Arc::clone(self.store().await?), Path::from(name));
        if let Err(error) = tokio::io::copy(content, &mut writer).await {
            if let Err(error) = writer.abort().await {
                tracing::warn!(%error, "pieces of a file stay in the store");
            }
            return Err(AppError::fault(error));
        }
        writer.shutdown().await.map_err(AppError::fault)
    }

    /// The size of a file, bytes, and its content piece by piece; `None` where there is none.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub async fn stream(&self, name: &str) -> Result<Option<(u64, FileStream)>> {
        match self.store().await?.get(&Path::from(name)).await {
            Ok(found) => {
                let size = found.meta.size;
                let pieces = found.into_stream().map_ok(Vec::from).map_err(std::io::Error::other);
                Ok(Some((size, pieces.boxed())))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(AppError::fault(error)),
        }
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
