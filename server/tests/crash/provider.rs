//! Stands between a server and a provider, of payments or of meetings, and can stop the server right before or right after a call.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{Response, StatusCode, header},
};
use tokio::net::TcpListener;

use crate::points::{Moment, Watch};

/// More than any answer has.
const LARGEST: usize = 8 << 20;

/// The proxy.
pub struct Provider {
    /// The provider's address for the server: `STRIPE_API_BASE`, `ZOOM_API_BASE`.
    pub url: String,
}

#[derive(Clone)]
struct Relay {
    to: String,
    client: reqwest::Client,
    points: Arc<Watch>,
}

impl Provider {
    /// Listens before what stands for the provider.
    pub async fn start(stand_in: &str, points: Arc<Watch>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let relay = Relay { to: stand_in.to_owned(), client: reqwest::Client::new(), points };
        let app = Router::new().fallback(pass).with_state(relay);
        tokio::spawn(async move { axum::serve(listener, app).await.expect("serving") });
        Provider { url }
    }
}

async fn pass(State(relay): State<Relay>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, LARGEST).await.expect("a body");
    let name = format!("call: {} {}", head.method, nameless(head.uri.path()));
    let stop = relay.points.pass(&name);
    if stop == Some(Moment::Before) {
        return relay.points.hang().await;
    }
    let mut headers = head.headers;
    headers.remove(header::HOST);
    // It arrived whole and is sent on so.
    headers.remove(header::TRANSFER_ENCODING);
    let request = relay.client.request(head.method, format!("{}{}", relay.to, head.uri));
    let Ok(answer) = request.headers(headers).body(body).send().await else {
        return status(StatusCode::BAD_GATEWAY);
    };
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.expect("the rest of an answer");
    if stop == Some(Moment::After) {
        return relay.points.hang().await;
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response.headers_mut().remove(header::TRANSFER_ENCODING);
    response
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// A path without the ids of objects: `/v1/payment_intents/{id}/confirm`.
fn nameless(path: &str) -> String {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    // As we name a meeting at Google.
    let is_event = |part: &str| part.strip_prefix("meet").is_some_and(|rest| rest.len() == 32);
    let part = |part: &str| match part.split_once('_') {
        None if is_number(part) || is_event(part) => "{id}".to_owned(),
        Some(("pi" | "pm" | "cus" | "re" | "ch" | "tr" | "dp" | "acct", _)) => "{id}".to_owned(),
        _ => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}
