//! `/api/chat/sse`: one stream for a thread.

use axum::{
    extract::State,
    http::HeaderMap,
    response::{Response, sse::Event},
};
use chrono::{DateTime, Utc};
use domain::ids::{ThreadId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use services::{
    Actor, Services,
    chat::{self, News, Position},
};
use utoipa::IntoParams;

use crate::{
    api::{
        chat::MessageView,
        chat_files::with_files,
        error::{ApiError, ApiResult},
        extract::{ApiQuery, SignedIn},
    },
    router::AppState,
    stream::{self, Feed},
};

/// Which thread, and where the stream goes on.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ThreadStreamQuery {
    /// One's own thread.
    #[serde(rename = "threadId")]
    thread_id: String,
    /// The `id` of the last event that was seen, for a page that cannot send `Last-Event-ID`; or a message's.
    after: Option<String>,
}

/// The events of a thread: `message` (as in the list), `receipt` (`thread_id`, `user_id`, `delivered_to`, `read_to`)
/// and `typing` (`thread_id`, `user_id`). `id` is the cursor; the stream goes on after `Last-Event-ID` or `after`,
/// without either it begins with what is new. It begins by saying its cursor. What is sent counts as delivered.
#[utoipa::path(get, path = "/api/chat/sse", tag = "chat", operation_id = "thread_events",
    params(("Last-Event-ID" = Option<String>, Header, description = "The cursor of the last event that was seen"), ThreadStreamQuery),
    responses((status = 200, description = "Server-sent events", body = String, content_type = "text/event-stream")),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn events(
    State(state): State<AppState>,
    SignedIn(actor): SignedIn,
    headers: HeaderMap,
    ApiQuery(query): ApiQuery<ThreadStreamQuery>,
) -> ApiResult<Response> {
    let thread: ThreadId = query.thread_id.parse()?;
    // Subscribed before the first look: what comes in between is hinted.
    let hints = state.services.live.subscribe(actor.user);
    let newest = chat::follow(&state.services, &actor, thread).await?;
    let position = match stream::asked(&headers, query.after.as_deref()) {
        Some((text, field)) => text.parse().map_err(|_| ApiError::invalid("cursor", field))?,
        None => newest,
    };
    let services = state.services.clone();
    let feed = ThreadNews { services, actor, thread, position, told: None, typing: None };
    Ok(stream::open(state, &headers, hints, feed))
}

/// What is new in a thread for one of its people.
struct ThreadNews {
    services: Services,
    actor: Actor,
    thread: ThreadId,
    position: Position,
    /// The last message of the other person's that was handed out: at the next look it has left.
    told: Option<i64>,
    /// When the other person was last told to be writing.
    typing: Option<DateTime<Utc>>,
}

impl Feed for ThreadNews {
    async fn look(&mut self) -> services::Result<Vec<Event>> {
        let told = self.told.take();
        let news = chat::look(&self.services, &self.actor, self.thread, self.position, told).await;
        if news.is_err() {
            self.told = told;
        }
        let news = news?;
        let views = with_files(&self.services, &self.actor, self.thread, news.messages.clone()).await?;
        Ok(self.tell(news, views))
    }

    fn cursor(&self) -> String {
        self.position.to_string()
    }
}

impl ThreadNews {
    fn tell(&mut self, news: News, views: Vec<MessageView>) -> Vec<Event> {
        let mut events = Vec::with_capacity(news.messages.len() + news.receipts.len() + 1);
        for (message, view) in news.messages.into_iter().zip(views) {
            self.position.message = message.id;
            if message.sender != self.actor.user {
                self.told = Some(message.id);
            }
            events.push(self.wire("message", &view));
        }
        for receipt in news.receipts {
            self.position.receipt = receipt.revision;
            let view = ReceiptView {
                thread_id: self.thread,
                user_id: receipt.user,
                delivered_to: id(receipt.delivered_to),
                read_to: id(receipt.read_to),
            };
            events.push(self.wire("receipt", &view));
        }
        let typing = news.typing.filter(|typing| self.typing != Some(typing.at));
        if let Some(typing) = typing {
            self.typing = Some(typing.at);
            events.push(self.wire("typing", &json!({ "thread_id": self.thread, "user_id": typing.user })));
        }
        events
    }

    /// With the cursor behind which the stream goes on.
    fn wire(&self, kind: &str, data: &impl Serialize) -> Event {
        let data = serde_json::to_string(data).unwrap_or_default();
        Event::default().id(self.position.to_string()).event(kind).data(data)
    }
}

/// How far a person has come.
#[derive(Serialize)]
struct ReceiptView {
    thread_id: ThreadId,
    user_id: UserId,
    delivered_to: Option<String>,
    read_to: Option<String>,
}

/// Ids are opaque texts outside.
fn id(number: i64) -> Option<String> {
    (number > 0).then(|| number.to_string())
}
