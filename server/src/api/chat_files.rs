//! Files of messages in `/api/chat/threads`.

use axum::{
    extract::{Request, State},
    response::Response,
};
use domain::ids::ThreadId;
use services::{
    Actor, Services,
    chat::{self, Message},
    files::Home,
};

use super::{
    chat::{MessageView, thread_id},
    error::ApiResult,
    extract::{ApiPath, SignedIn},
    file_view::{AttachmentView, FileForm},
    wire::{Failure, Success, created},
};
use crate::uploads::file_of;

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
        let files = files.into_iter().map(|file| AttachmentView::new(services, actor, Home::Chat, file));
        Ok(MessageView::with_files(message, files.collect::<services::Result<_>>()?))
    });
    views.collect()
}

/// Upload a file for a message of this thread, which takes it within a day. Images are written anew, without metadata: a
/// PNG as PNG, others as JPEG.
#[utoipa::path(post, path = "/api/chat/threads/{id}/attachments", tag = "chat", operation_id = "upload_attachment",
    params(("id" = String, Path, description = "The thread")),
    request_body(content = FileForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "The file", body = Success<AttachmentView>),
        (status = 413, description = "`PAYLOAD_TOO_LARGE`: more than 10 MB, or no room is left for this person", body = Failure),
        (status = 429, description = "`RATE_LIMITED`: more than 60 files of a person in an hour", body = Failure),
    ),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn upload(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    request: Request,
) -> ApiResult<Response> {
    let thread = thread_id(&path)?;
    let file = file_of(request).await?;
    let kept = chat::upload(&services, &actor, thread, &file.name, file.content).await?;
    Ok(created(AttachmentView::new(&services, &actor, Home::Chat, kept)?))
}
