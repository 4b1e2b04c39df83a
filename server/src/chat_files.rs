//! Files of messages: the form that sends one, with and without JavaScript, and the addresses under which they are read.

use app::pages::query;
use axum::{
    RequestExt as _,
    body::Bytes,
    extract::{Multipart, Request, State},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use domain::{
    Code, Refusal,
    chat::{ClientId, MessageBody},
    ids::{AttachmentId, ThreadId},
};
use serde::Deserialize;
use services::{
    AppError, Result, Services,
    chat::{self, Attachment, Size},
};

use crate::{
    api::{
        error::{ApiError, ApiResult},
        extract::{ApiPath, ApiQuery},
    },
    photo_form::{kept, refused, wants_page},
    router::{AppState, visit},
};

/// The address of the form.
pub const ACTION: &str = "/do/send_file";

/// What the form holds.
#[derive(Default)]
struct Sent {
    thread: String,
    form: String,
    body: String,
    file: Option<Upload>,
}

/// A file as a browser or program sends it.
pub struct Upload {
    /// As it is called there.
    pub name: String,
    /// All of it.
    pub content: Bytes,
}

/// Sends a message with a file and shows its thread. Without words, the message says what the file is called.
pub async fn send(State(state): State<AppState>, request: Request) -> Response {
    let visit = visit(&state, &request);
    let page_follows = wants_page(&request);
    let sent = read(request).await;
    let thread = sent.as_ref().map(|sent| query::encode(&sent.thread)).unwrap_or_default();
    let page = format!("/messages/{thread}");
    let sending = async {
        let Sent { thread, form, body, file } = sent?;
        let file = file.ok_or_else(missing)?;
        let (actor, thread): (_, ThreadId) = (visit.actor()?, thread.parse()?);
        let upload = chat::upload(&visit.services, actor, thread, &file.name, file.content.into()).await?;
        let words = if body.trim().is_empty() { &upload.name } else { &body };
        let (text, name) = (MessageBody::parse(words)?, ClientId::of_form(&form, words));
        chat::send_with(&visit.services, actor, thread, &text, Some(&name), &[upload.id]).await
    };
    match sending.await {
        Ok(_) => kept(page_follows, &format!("{page}?sent=1")),
        Err(error) => refused(visit.wire(&error), page_follows, &page, ACTION),
    }
}

fn missing() -> AppError {
    Refusal::on(Code::InvalidRequest, "attachment_kind", "file").into()
}

/// The fields of the form.
async fn read(request: Request) -> Result<Sent> {
    let mut form: Multipart = request.extract().await.map_err(|_| missing())?;
    let mut sent = Sent::default();
    while let Some(field) = form.next_field().await.map_err(|_| missing())? {
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.file_name().unwrap_or_default().to_owned();
        let content = field.bytes().await.map_err(|_| missing())?;
        let text = || String::from_utf8_lossy(&content).into_owned();
        match name.as_str() {
            "thread" => sent.thread = text(),
            "form" => sent.form = text(),
            "body" => sent.body = text(),
            "file" if !content.is_empty() => sent.file = Some(Upload { name: file_name, content }),
            _ => {}
        }
    }
    Ok(sent)
}

/// The field `file` of an upload by a program.
///
/// # Errors
/// `INVALID_REQUEST` (`attachment_kind`) on `file` where there is none.
pub async fn file_of(request: Request) -> Result<Upload> {
    read(request).await?.file.ok_or_else(missing)
}

/// What a link says.
#[derive(Deserialize)]
pub struct LinkQuery {
    #[serde(rename = "for")]
    reader: String,
    until: i64,
    seal: String,
    small: Option<String>,
}

/// `/files/{id}`: a file by a link of ours. What is not one is 404, one that is too old 410. A file is never a page: it
/// runs nothing, and is of no type but its own.
pub async fn open(
    State(services): State<Services>,
    path: ApiPath,
    ApiQuery(query): ApiQuery<LinkQuery>,
) -> ApiResult<Response> {
    let id: AttachmentId = path.id(Code::NotFound, "not_found")?;
    let reader = query.reader.parse().map_err(|_| ApiError::not_found())?;
    let size = if query.small.is_some() { Size::Thumbnail } else { Size::Whole };
    let (file, content) = chat::open_file(&services, id, size, reader, query.until, &query.seal).await?;
    let disposition = HeaderValue::from_str(&disposition(&file)).map_err(AppError::fault)?;
    let kind = HeaderValue::from_str(&file.content_type).map_err(AppError::fault)?;
    let mut response = content.into_response();
    let told = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600")),
    ];
    for (name, value) in told {
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

/// Images are shown, all else is taken. The name is encoded (RFC 8187), so that it can say nothing else.
fn disposition(file: &Attachment) -> String {
    let way = if file.is_image() { "inline" } else { "attachment" };
    let name: String = file
        .name
        .bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!("{way}; filename*=UTF-8''{name}")
}
