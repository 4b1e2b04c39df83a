//! The file of an export: a ZIP, written piece by piece into a temporary file that has no name.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
};

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use tokio::task::spawn_blocking;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{AppError, Result};

/// An archive that is being written.
pub(super) struct Archive {
    zip: ZipWriter<BufWriter<File>>,
    options: SimpleFileOptions,
}

impl Archive {
    /// Begins one whose files bear this instant, UTC.
    pub fn begin(at: DateTime<Utc>) -> Result<Self> {
        let zip = ZipWriter::new(BufWriter::new(tempfile::tempfile().map_err(AppError::fault)?));
        let part = |part: u32| u8::try_from(part).map_err(AppError::fault);
        let year = u16::try_from(at.year()).map_err(AppError::fault)?;
        let (month, day) = (part(at.month())?, part(at.day())?);
        let (hour, minute, second) = (part(at.hour())?, part(at.minute())?, part(at.second())?);
        let modified = zip::DateTime::from_date_and_time(year, month, day, hour, minute, second);
        let options = SimpleFileOptions::default().last_modified_time(modified.map_err(AppError::fault)?);
        Ok(Archive { zip, options })
    }

    /// Adds a text, which is made smaller.
    pub async fn add_text(self, path: &str, content: Vec<u8>) -> Result<Self> {
        self.add(path, content, CompressionMethod::Deflated).await
    }

    /// Adds an image or a PDF, which is small already.
    pub async fn add_upload(self, path: &str, content: Vec<u8>) -> Result<Self> {
        self.add(path, content, CompressionMethod::Stored).await
    }

    async fn add(mut self, path: &str, content: Vec<u8>, method: CompressionMethod) -> Result<Self> {
        let (path, options) = (path.to_owned(), self.options.compression_method(method));
        let adding = spawn_blocking(move || {
            self.zip.start_file(path, options).map_err(AppError::fault)?;
            self.zip.write_all(&content).map_err(AppError::fault)?;
            Ok(self)
        });
        adding.await.map_err(AppError::fault)?
    }

    /// The whole file; where it is read from is to be set.
    pub async fn finish(self) -> Result<File> {
        let finishing = spawn_blocking(move || {
            let written = self.zip.finish().map_err(AppError::fault)?;
            written.into_inner().map_err(|error| AppError::fault(error.into_error()))
        });
        finishing.await.map_err(AppError::fault)?
    }
}
