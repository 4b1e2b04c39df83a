//! `/api/events`: one stream of live events for each signed-in person; and what all streams have in common.
//!
//! The table is the truth: a hint of the bus makes the stream look again. The server looks for all its streams every
//! two seconds; a stream looks by itself only in case that both fail.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use domain::ids::UserId;
use futures::{Stream, stream};
use serde::Deserialize;
use services::{
    Services,
    chat::{self, Delivery},
    live::{self, Hint, Hints, LiveEvent},
};
use tokio::{sync::watch, time::Instant};
use utoipa::IntoParams;

use crate::{
    api::{
        error::{ApiError, ApiResult},
        extract::{ApiQuery, SignedIn},
    },
    auth,
    metrics::OpenStream,
    router::AppState,
};

/// How soon a page comes back that lost its stream.
const BACK_AFTER: Duration = Duration::from_secs(2);

/// How often a stream looks by itself, at the table and whether its person is still signed in.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// How often a quiet stream says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Where a stream goes on.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// The `id` of the last event that was seen, for a page that cannot send `Last-Event-ID`.
    after: Option<String>,
}

/// The live events of the signed-in person: `id` is the cursor, `event` the kind, `data` JSON. It goes on after
/// `Last-Event-ID` or `after`; without either it begins with what is new. It begins by saying its cursor. The other
/// person's `message` that is sent on it counts as delivered.
#[utoipa::path(get, path = "/api/events", tag = "me", operation_id = "events",
    params(("Last-Event-ID" = Option<String>, Header, description = "The cursor of the last event that was seen"), EventsQuery),
    responses((status = 200, description = "Server-sent events", body = String, content_type = "text/event-stream")),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn events(
    State(state): State<AppState>,
    SignedIn(actor): SignedIn,
    headers: HeaderMap,
    ApiQuery(query): ApiQuery<EventsQuery>,
) -> ApiResult<Response> {
    // Subscribed before the first look: what comes in between is hinted.
    let hints = state.services.live.subscribe(actor.user);
    let cursor = match asked_cursor(&headers, query.after.as_deref())? {
        Some(cursor) => cursor,
        None => live::newest(&state.services.db, actor.user).await?,
    };
    if let Err(error) = chat::arrive(&state.services, actor.user).await {
        tracing::warn!(%error, "cannot note who is there");
    }
    let feed = OwnEvents { services: state.services.clone(), user: actor.user, cursor, told: Vec::new() };
    Ok(open(state, &headers, hints, feed))
}

/// What a stream tells.
pub trait Feed: Send + 'static {
    /// What is new since the last look, oldest first; the next look goes on after it.
    fn look(&mut self) -> impl Future<Output = services::Result<Vec<Event>>> + Send;

    /// Behind what the next look goes on.
    fn cursor(&self) -> String;

    /// Everything that the looks found has left.
    fn left(&mut self) {}

    /// Whether to look again at once after a look that found so many: by then they have left.
    fn goes_on(found: usize) -> bool {
        found > 0
    }
}

/// All events of a person.
struct OwnEvents {
    services: Services,
    user: UserId,
    cursor: i64,
    /// Messages of others that were found and have not left.
    told: Vec<Delivery>,
}

impl Feed for OwnEvents {
    async fn look(&mut self) -> services::Result<Vec<Event>> {
        let user = self.user;
        let events = live::after(&self.services.db, user, self.cursor).await?;
        self.cursor = events.last().map_or(self.cursor, |event| event.id);
        self.told.extend(events.iter().filter_map(|event| Delivery::of(user, event)));
        Ok(events.iter().map(wire).collect())
    }

    fn cursor(&self) -> String {
        self.cursor.to_string()
    }

    /// Its room is given back: thousands of streams wait.
    fn left(&mut self) {
        if !self.told.is_empty() {
            self.services.deliveries.gather(std::mem::take(&mut self.told));
        }
    }

    /// Only behind a full page may be more.
    fn goes_on(found: usize) -> bool {
        found >= usize::from(live::PAGE)
    }
}

/// A stream that goes on while its person is signed in and the server runs.
pub fn open(state: AppState, headers: &HeaderMap, hints: Hints, feed: impl Feed) -> Response {
    answer(source(state, headers, hints, feed), HEARTBEAT)
}

fn source<F: Feed>(state: AppState, headers: &HeaderMap, hints: Hints, feed: F) -> Source<F> {
    let now = Instant::now();
    Source {
        services: state.services,
        headers: credentials(headers),
        feed,
        waiting: VecDeque::new(),
        hints,
        stopping: state.stopping,
        look_at: now,
        check_at: now + LOOK_EVERY,
        greeted: false,
        _open: state.metrics.stream(),
    }
}

/// A stream as an answer, with an empty comment whenever nothing was told for so long.
fn answer(source: Source<impl Feed>, heartbeat: Duration) -> Response {
    let mut response =
        Sse::new(source.stream()).keep_alive(KeepAlive::new().interval(heartbeat)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// The cursor that was asked for, as text, and where it stood. The header wins: a browser that connects anew sends
/// it beside the address's old parameter.
pub fn asked<'a>(headers: &'a HeaderMap, after: Option<&'a str>) -> Option<(&'a str, &'static str)> {
    let seen = headers.get("last-event-id").map(|value| value.to_str().unwrap_or("?"));
    let asked = seen.filter(|text| !text.is_empty()).map(|text| (text, "Last-Event-ID"));
    asked.or(after.map(|text| (text, "after")))
}

fn asked_cursor(headers: &HeaderMap, after: Option<&str>) -> ApiResult<Option<i64>> {
    let Some((text, field)) = asked(headers, after) else { return Ok(None) };
    let cursor = text.parse::<i64>().ok().filter(|cursor| *cursor >= 0);
    cursor.map(Some).ok_or_else(|| ApiError::invalid("cursor", field))
}

/// What the stream needs to see later whether its person is still signed in: as copies, because a value of the request
/// holds the whole buffer that the request was read into.
fn credentials(headers: &HeaderMap) -> HeaderMap {
    let kept = headers.iter().filter(|(name, _)| [header::AUTHORIZATION, header::COOKIE].contains(name));
    kept.filter_map(|(name, value)| Some((name.clone(), HeaderValue::from_bytes(value.as_bytes()).ok()?)))
        .collect()
}

struct Source<F> {
    services: Services,
    headers: HeaderMap,
    feed: F,
    waiting: VecDeque<Event>,
    hints: Hints,
    stopping: watch::Receiver<bool>,
    look_at: Instant,
    check_at: Instant,
    greeted: bool,
    _open: OpenStream,
}

impl<F: Feed> Source<F> {
    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        stream::unfold(self, |mut source| async move {
            let event = source.next().await?;
            Some((Ok(event), source))
        })
    }

    /// The next event; `None` ends the stream.
    async fn next(&mut self) -> Option<Event> {
        if !self.greeted {
            self.greeted = true;
            // Sent at once, so that the page knows that it is connected; where the stream begins, so that one that is
            // lost before its first event goes on there; and how soon to come back.
            let begins = Event::default().comment("open").id(self.feed.cursor());
            return Some(begins.retry(BACK_AFTER));
        }
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            // Whoever asks for the next event has sent those before.
            self.feed.left();
            // Both rest in boxes of their own while they last: thousands of streams wait, and few ask.
            if *self.stopping.borrow() || !self.is_signed_in().await {
                return None;
            }
            if Instant::now() >= self.look_at {
                Box::pin(self.look()).await;
                continue;
            }
            self.wait().await;
        }
    }

    async fn is_signed_in(&mut self) -> bool {
        if Instant::now() < self.check_at {
            return true;
        }
        self.check_at = Instant::now() + LOOK_EVERY;
        Box::pin(auth::still_signed_in(&self.services, &self.headers)).await
    }

    async fn look(&mut self) {
        match self.feed.look().await {
            Ok(events) => self.waiting.extend(events),
            Err(error) => tracing::warn!(%error, "a stream's look failed"),
        }
        let again = F::goes_on(self.waiting.len());
        self.look_at = Instant::now() + if again { Duration::ZERO } else { LOOK_EVERY };
    }

    /// Until there is something to look at.
    async fn wait(&mut self) {
        let until = self.look_at.min(self.check_at);
        let mut stopping = self.stopping.clone();
        tokio::select! {
            () = tokio::time::sleep_until(until) => {}
            hint = self.hints.next() => {
                self.look_at = Instant::now();
                if hint == Hint::SignInEnded {
                    self.check_at = self.look_at;
                }
            }
            _ = stopping.wait_for(|stop| *stop) => {}
        }
    }
}

fn wire(event: &LiveEvent) -> Event {
    // JSON has no line breaks of its own, and kinds are names of ours.
    Event::default().id(event.id.to_string()).event(&event.kind).data(event.payload.to_string())
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;
    use leptos::config::LeptosOptions;
    use sqlx::postgres::PgPoolOptions;

    use super::*;
    use crate::metrics::Metrics;

    /// Nothing happens.
    struct Quiet;

    impl Feed for Quiet {
        async fn look(&mut self) -> services::Result<Vec<Event>> {
            Ok(Vec::new())
        }

        fn cursor(&self) -> String {
            "7".to_owned()
        }
    }

    /// A person's stream and a thread's are opened alike.
    #[tokio::test]
    async fn a_quiet_stream_says_now_and_then_that_it_is_alive() {
        // It is never asked: whether somebody is still signed in is looked up later.
        let db = PgPoolOptions::new().connect_lazy("postgres://nobody@127.0.0.1:1/nothing").expect("a pool");
        let services = services::testing::services(db);
        let hints = services.live.subscribe(services::chance::id());
        let options = LeptosOptions::builder().output_name("lectern").build();
        let (_stop, stopping) = watch::channel(false);
        let state = AppState { services, options, stopping, metrics: Metrics::default() };
        let quiet = source(state, &HeaderMap::new(), hints, Quiet);
        let mut parts = answer(quiet, Duration::from_millis(20)).into_body().into_data_stream();
        let mut next = async || parts.next().await.expect("a part").expect("bytes");
        let begins = next().await;
        assert!(begins.ends_with(b"\n\n") && begins.contains(&b'7'), "{begins:?}");
        for _ in 0..3 {
            assert_eq!(next().await, ":\n\n", "a comment");
        }
    }

    /// What `make` makes of an `A` takes, in bytes.
    fn size_of_made<A, M>(_: impl Fn(A) -> M) -> usize {
        size_of::<M>()
    }

    /// Thousands of streams wait at once: what one of them does now and then must not take room while it waits.
    #[test]
    fn a_stream_that_waits_takes_less_than_a_kilobyte() {
        let size = size_of_made(Source::<OwnEvents>::stream);
        assert!(size <= 1024, "{size}");
    }

    #[test]
    fn a_stream_goes_on_after_the_cursor_that_was_seen_last() {
        let seen = |text: &'static str| {
            HeaderMap::from_iter([(
                header::HeaderName::from_static("last-event-id"),
                HeaderValue::from_static(text),
            )])
        };
        for (headers, after, expected) in [
            (HeaderMap::new(), None, Ok(None)),
            (HeaderMap::new(), Some("7"), Ok(Some(7))),
            (seen("9"), Some("7"), Ok(Some(9))),
            (seen(""), Some("7"), Ok(Some(7))),
            (seen("x"), Some("7"), Err(())),
            (HeaderMap::new(), Some("-1"), Err(())),
            (HeaderMap::new(), Some("99999999999999999999"), Err(())),
        ] {
            assert_eq!(asked_cursor(&headers, after).map_err(|_| ()), expected, "{after:?}");
        }
    }
}
