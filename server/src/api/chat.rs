//! `/api/chat/threads`: one-to-one messages between a tutor and a student.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use domain::{
    Code,
    chat::{ClientId, MessageBody},
    ids::ThreadId,
};
use serde::{Deserialize, Serialize};
use services::{
    Services,
    chat::{self, Message, Thread, Whom},
};
use utoipa::{IntoParams, ToSchema};

use super::{
    chat_files::with_files,
    error::{ApiError, ApiResult},
    extract::{ApiJson, ApiPath, ApiQuery, Body, OptionalJson, SignedIn},
    file_view::AttachmentView,
    wire::{Failure, Success, created, ok},
};

/// Rows on a page where the call does not say.
const DEFAULT_LIMIT: i64 = 20;

/// A page of a list, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Slice<T> {
    /// Always `success`.
    #[schema(example = "success")]
    status: &'static str,
    /// The rows of this page.
    data: Vec<T>,
    /// The `cursor` of the next page; `null` at the end.
    next_cursor: Option<String>,
}

fn slice<T, C: std::fmt::Display, U: From<T>>(page: chat::Slice<T, C>) -> Json<Slice<U>> {
    let data = page.rows.into_iter().map(U::from).collect();
    Json(Slice { status: "success", data, next_cursor: page.next.map(|next| next.to_string()) })
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageView {
    /// Opaque.
    id: String,
    /// Its thread.
    thread_id: String,
    /// The person who wrote it.
    sender_id: String,
    /// What it says; empty where it is of files alone.
    #[schema(example = "Shall we look at integrals?")]
    body: String,
    /// The sender's own name for it.
    client_id: Option<String>,
    /// When it was sent, UTC; never before the message before it.
    sent_at: DateTime<Utc>,
    /// Contact data was taken out of it: the two have no confirmed booking yet.
    masked: bool,
    /// An admin removed it: `body` is empty.
    removed: bool,
    /// Its files; not told in `last_message`.
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments: Option<Vec<AttachmentView>>,
}

impl From<Message> for MessageView {
    fn from(message: Message) -> Self {
        MessageView {
            id: message.id.to_string(),
            thread_id: message.thread.to_string(),
            sender_id: message.sender.to_string(),
            body: message.body,
            client_id: message.client_id,
            sent_at: message.sent_at,
            masked: message.masked,
            removed: message.removed,
            attachments: None,
        }
    }
}

impl MessageView {
    /// A message with its files.
    pub(super) fn with_files(message: Message, files: Vec<AttachmentView>) -> Self {
        MessageView { attachments: Some(files), ..MessageView::from(message) }
    }
}

/// A thread as its reader sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ThreadView {
    /// Opaque.
    id: String,
    /// The tutor.
    tutor_id: String,
    /// The student.
    student_id: String,
    /// The other of the two.
    other: OtherView,
    /// The last message; `null` while nothing is written.
    last_message: Option<MessageView>,
    /// What the first file of the last message is called; `null` where it has none.
    #[schema(example = "board.png")]
    last_file: Option<String>,
    /// Messages of the other person that are not read.
    #[schema(example = 2)]
    unread: i64,
    /// The last message of the reader's that reached a page or program of the other person, by its id.
    delivered_to: Option<String>,
    /// The last message of the reader's that the other person has read, by its id.
    read_to: Option<String>,
    /// The reader has blocked the other person.
    blocks: bool,
    /// The other person has blocked the reader.
    blocked: bool,
    /// An admin has suspended the reader: no messages in any thread.
    suspended: bool,
    /// When it was opened, UTC.
    created_at: DateTime<Utc>,
}

/// The other person of a thread.
#[derive(Debug, Serialize, ToSchema)]
pub struct OtherView {
    /// The person.
    id: String,
    /// The name.
    #[schema(example = "Ada Lovelace")]
    name: String,
}

impl From<Thread> for ThreadView {
    fn from(thread: Thread) -> Self {
        let receipt = |id: i64| (id > 0).then(|| id.to_string());
        ThreadView {
            id: thread.id.to_string(),
            tutor_id: thread.tutor.to_string(),
            student_id: thread.student.to_string(),
            other: OtherView { id: thread.other.to_string(), name: thread.other_name },
            last_message: thread.last.map(MessageView::from),
            last_file: thread.last_file,
            unread: thread.unread,
            delivered_to: receipt(thread.delivered_to),
            read_to: receipt(thread.read_to),
            blocks: thread.silence.blocks,
            blocked: thread.silence.blocked,
            suspended: thread.silence.suspended,
            created_at: thread.created_at,
        }
    }
}

/// With whom to speak: one of the two.
#[derive(Deserialize, ToSchema)]
pub struct OpenBody {
    /// A tutor; for students.
    tutor_id: Option<String>,
    /// One's own booking, for both of its parties.
    booking_id: Option<String>,
}

impl Body for OpenBody {}

impl OpenBody {
    fn parse(&self) -> ApiResult<Whom> {
        let unknown = |code, key, field: &'static str| move |_| ApiError::coded(code, key, field);
        match (&self.tutor_id, &self.booking_id) {
            (Some(id), None) => {
                let unknown = unknown(Code::ProfileNotFound, "profile_not_found", "tutor_id");
                Ok(Whom::Tutor(id.parse().map_err(unknown)?))
            }
            (None, Some(id)) => {
                let unknown = unknown(Code::BookingNotFound, "booking_not_found", "booking_id");
                Ok(Whom::Booking(id.parse().map_err(unknown)?))
            }
            _ => Err(ApiError::invalid("thread_whom", "tutor_id")),
        }
    }
}

/// Open the thread with a tutor, or with the other party of a booking. Two people have one thread: opened again it
/// is the same.
#[utoipa::path(post, path = "/api/chat/threads", tag = "chat", operation_id = "open_thread",
    request_body = OpenBody,
    responses(
        (status = 201, description = "A new thread", body = Success<ThreadView>),
        (status = 200, description = "The thread that the two have", body = Success<ThreadView>),
    ),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn open(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    ApiJson(body): ApiJson<OpenBody>,
) -> ApiResult<Response> {
    let (thread, is_new) = chat::open(&services, &actor, body.parse()?).await?;
    let view = ThreadView::from(thread);
    Ok(if is_new { created(view) } else { ok(view).into_response() })
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SliceQuery {
    /// 1 to 100, default 20.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl SliceQuery {
    fn limit(&self) -> i64 {
        self.limit.unwrap_or(DEFAULT_LIMIT)
    }

    fn cursor<C: std::str::FromStr<Err = domain::Refusal>>(&self) -> ApiResult<Option<C>> {
        Ok(self.cursor.as_deref().map(str::parse).transpose()?)
    }
}

/// One's own threads, the one with the latest message first.
#[utoipa::path(get, path = "/api/chat/threads", tag = "chat", operation_id = "threads", params(SliceQuery),
    responses((status = 200, description = "A page of threads", body = Slice<ThreadView>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn threads(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    ApiQuery(query): ApiQuery<SliceQuery>,
) -> ApiResult<Json<Slice<ThreadView>>> {
    let page = chat::threads(&services, &actor, query.cursor()?, query.limit()).await?;
    Ok(slice(page))
}

/// Which messages.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MessagesQuery {
    /// Only messages that have each of these words somewhere, whatever their accents and capitals; at most 200
    /// characters. What is found this way does not count as delivered.
    q: Option<String>,
    /// 1 to 100, default 20.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The messages of a thread, newest first. What is given out counts as delivered.
#[utoipa::path(get, path = "/api/chat/threads/{id}/messages", tag = "chat", operation_id = "messages",
    params(("id" = String, Path, description = "The thread"), MessagesQuery),
    responses((status = 200, description = "A page of messages", body = Slice<MessageView>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn messages(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    ApiQuery(query): ApiQuery<MessagesQuery>,
) -> ApiResult<Json<Slice<MessageView>>> {
    let words = chat::words(query.q.as_deref().unwrap_or_default())?;
    let slicing = SliceQuery { limit: query.limit, cursor: query.cursor };
    let (thread, cursor, limit) = (thread_id(&path)?, slicing.cursor()?, slicing.limit());
    let page = if words.is_empty() {
        chat::messages(&services, &actor, thread, cursor, limit).await?
    } else {
        chat::search(&services, &actor, thread, &words, cursor, limit).await?
    };
    let data = with_files(&services, &actor, thread, page.rows).await?;
    Ok(Json(Slice { status: "success", data, next_cursor: page.next.map(|next| next.to_string()) }))
}

/// What to send.
#[derive(Deserialize, ToSchema)]
pub struct SendBody {
    /// 1 to 4000 characters after trimming; may be empty where there are `attachments`.
    #[schema(example = "Shall we look at integrals?")]
    body: String,
    /// One's own name for it, 1 to 100 characters: sent again under this name, it is the same message.
    client_id: Option<String>,
    /// Up to ten files by their ids, each uploaded to this thread by the sender within a day and not sent yet.
    attachments: Option<Vec<String>>,
}

impl Body for SendBody {}

/// Send a message. Contact data in it is masked while the two have no booking that was ever confirmed; `masked`
/// says so.
#[utoipa::path(post, path = "/api/chat/threads/{id}/messages", tag = "chat", operation_id = "send_message",
    params(("id" = String, Path, description = "The thread")),
    request_body = SendBody,
    responses(
        (status = 201, description = "The message", body = Success<MessageView>),
        (status = 429, description = "`RATE_LIMITED`: more than 1,500 messages of a person in an hour", body = Failure),
    ),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn send(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    ApiJson(body): ApiJson<SendBody>,
) -> ApiResult<Response> {
    let thread = thread_id(&path)?;
    let files = body.attachments.unwrap_or_default();
    let files = files.iter().map(|id| id.parse()).collect::<Result<Vec<_>, _>>();
    let files = files.map_err(|_| ApiError::invalid("attachments", "attachments"))?;
    let text = if files.is_empty() {
        MessageBody::parse(&body.body)?
    } else {
        MessageBody::parse_with_files(&body.body)?
    };
    let client_id = body.client_id.as_deref().map(ClientId::parse).transpose()?;
    let message = chat::send_with(&services, &actor, thread, &text, client_id.as_ref(), &files).await?;
    let view = with_files(&services, &actor, thread, vec![message]).await?.pop();
    Ok(created(view))
}

/// How far.
#[derive(Default, Deserialize, ToSchema)]
pub struct ReadBody {
    /// The last message of the thread that was seen; without it all that there are.
    message_id: Option<String>,
}

impl Body for ReadBody {}

/// Say that the other person's messages were seen, all or up to one. It never goes back.
#[utoipa::path(post, path = "/api/chat/threads/{id}/read", tag = "chat", operation_id = "read_messages",
    params(("id" = String, Path, description = "The thread")),
    request_body(content = Option<ReadBody>),
    responses((status = 200, description = "The thread", body = Success<ThreadView>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn read(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    OptionalJson(body): OptionalJson<ReadBody>,
) -> ApiResult<Json<Success<ThreadView>>> {
    let thread = thread_id(&path)?;
    let unknown = |_| ApiError::coded(Code::NotFound, "not_found", "message_id");
    let up_to = body.message_id.map(|id| id.parse().map_err(unknown)).transpose()?;
    Ok(ok(chat::read(&services, &actor, thread, up_to).await?.into()))
}

/// Say that one is writing: the other person's stream tells it, for some seconds.
#[utoipa::path(post, path = "/api/chat/threads/{id}/typing", tag = "chat", operation_id = "typing",
    params(("id" = String, Path, description = "The thread")),
    responses((status = 204, description = "Told")),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn typing(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
) -> ApiResult<StatusCode> {
    chat::say_typing(&services, &actor, thread_id(&path)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn thread_id(path: &ApiPath) -> ApiResult<ThreadId> {
    path.id(Code::NotFound, "not_found")
}
