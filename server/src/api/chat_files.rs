//! Files of messages in `/api/chat/threads`.

use axum::{
    extract::{Request, State},
    response::Response,
};
use domain::ids::ThreadId;
use serde::Serialize;
use services::{
    Actor, Services,
    chat::{self, Attachment, Message, Size},
};
use utoipa::ToSchema;

use super::{
    chat::{MessageView, thread_id},
    error::ApiResult,
    extract::{ApiPath, SignedIn},
    wire::{Success, created},
};
use crate::chat_files::file_of;

/// A file.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AttachmentView {
    /// Opaque; what `attachments` of a message that is sent names.
    id: String,
    /// As its sender called it.
    #[schema(example = "exercises.pdf")]
    name: String,
    /// image/jpeg or application/pdf.
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
    /// Where a small picture of it is, for an image.
    thumbnail_url: Option<String>,
}

impl AttachmentView {
    fn new(services: &Services, actor: &Actor, file: Attachment) -> services::Result<Self> {
        let base = &services.config.web.public_url;
        let link = |size| {
            Ok::<_, services::AppError>(format!("{base}{}", chat::link(services, actor.user, file.id, size)?))
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

/// Messages of a thread with their files.
///
/// # Errors
/// As `services::chat::attachments`.
pub async fn with_files(
    services: &Services,
    actor: &Actor,
    thread: ThreadId,
    messages: Vec<Message>,
) -> services::Result<Vec<MessageView>> {
    let mut found = chat::attachments(services, actor, thread, &messages).await?;
    let views = messages.into_iter().map(|message| {
        let files = found.remove(&message.id).unwrap_or_default();
        let files = files.into_iter().map(|file| AttachmentView::new(services, actor, file));
        Ok(MessageView::with_files(message, files.collect::<services::Result<_>>()?))
    });
    views.collect()
}

/// A file of a form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form for the document")]
pub struct FileForm {
    /// A JPEG, PNG or WebP image or a PDF, at most 10 MB.
    #[schema(value_type = String, format = Binary)]
    file: String,
}

/// Upload a file for a message of this thread, which takes it within a day. Images are written anew as JPEG, without
/// metadata.
#[utoipa::path(post, path = "/api/chat/threads/{id}/attachments", tag = "chat", operation_id = "upload_attachment",
    params(("id" = String, Path, description = "The thread")),
    request_body(content = FileForm, content_type = "multipart/form-data"),
    responses((status = 201, description = "The file", body = Success<AttachmentView>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn upload(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    request: Request,
) -> ApiResult<Response> {
    let thread = thread_id(&path)?;
    let file = file_of(request).await?;
    let kept = chat::upload(&services, &actor, thread, &file.name, file.content.into()).await?;
    Ok(created(AttachmentView::new(&services, &actor, kept)?))
}
