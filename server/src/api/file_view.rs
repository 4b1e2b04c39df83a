//! Files as the API tells them.

use serde::Serialize;
use services::{
    Actor, Services,
    files::{self, Attachment, Home, Size},
};
use utoipa::ToSchema;

/// A file.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AttachmentView {
    /// Opaque; what `attachments` of a message or statement names.
    id: String,
    /// As its sender called it.
    #[schema(example = "exercises.pdf")]
    name: String,
    /// image/jpeg, image/png or application/pdf.
    #[schema(example = "application/pdf")]
    content_type: String,
    /// Bytes.
    #[schema(example = 48_213)]
    size: i64,
    /// Pixels, of an image.
    width: Option<i32>,
    /// Pixels, of an image.
    height: Option<i32>,
    /// Where it is read, by this reader, for an hour at least.
    url: String,
    /// Where a small picture of it is, JPEG, for an image.
    thumbnail_url: Option<String>,
}

impl AttachmentView {
    /// A file for this reader.
    ///
    /// # Errors
    /// Where no link can be made.
    pub fn new(services: &Services, actor: &Actor, home: Home, file: Attachment) -> services::Result<Self> {
        let base = &services.config.web.public_url;
        let link = |size| {
            let link = files::link(services, home, actor.user, file.id, size)?;
            Ok::<_, services::AppError>(format!("{base}{link}"))
        };
        let thumbnail_url = if file.is_image() { Some(link(Size::Thumbnail)?) } else { None };
        Ok(AttachmentView {
            id: file.id.to_string(),
            url: link(Size::Whole)?,
            thumbnail_url,
            name: file.name,
            content_type: file.content_type,
            size: file.size,
            width: file.width,
            height: file.height,
        })
    }
}

/// A file of a form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form for the document")]
pub struct FileForm {
    /// A JPEG, PNG or WebP image or a PDF, at most 10 MB.
    #[schema(value_type = String, format = Binary)]
    file: String,
}
