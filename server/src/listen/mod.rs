//! Takes connections, and serves HTTP/1.1 on each: what a browser or a proxy in front speaks without TLS.
//!
//! A connection is hyper's own, without the room for HTTP/2 that `axum::serve` keeps beside it, and only until it
//! becomes a stream of events: thousands of them are open.

mod hand_over;

use std::{convert::Infallible, future::Future, net::SocketAddr, pin::Pin, task::Poll, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo, response::Response, serve::Listener};
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tower::Service as _;

use hand_over::{HandOver, Watched};

/// How long a connection may take to say what it wants, first or next: longer than a proxy keeps an idle one, so that
/// it is the proxy that closes it.
const HEAD_WITHIN: Duration = Duration::from_secs(75);

/// Serves until told to stop; then answers what was asked before, and returns.
pub async fn serve(listener: TcpListener, app: Router, stop: impl Future<Output = ()>) {
    serve_by(patient(HEAD_WITHIN), listener, app, stop).await;
}

/// The protocol, with so long for each request's head.
fn patient(head_within: Duration) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(head_within);
    http
}

async fn serve_by(
    http: http1::Builder,
    mut listener: TcpListener,
    app: Router,
    stop: impl Future<Output = ()>,
) {
    // Each connection keeps a receiver until it ends.
    let (open, receiver) = watch::channel(false);
    let mut stop = std::pin::pin!(stop);
    loop {
        // It waits by itself where too many files are open.
        let (stream, peer) = tokio::select! {
            () = stop.as_mut() => break,
            accepted = Listener::accept(&mut listener) => accepted,
        };
        tokio::spawn(answer(http.clone(), stream, peer, app.clone(), receiver.clone()));
    }
    drop((listener, receiver));
    open.send_replace(true);
    open.closed().await;
}

/// Answers on one connection until it ends or becomes a stream, which goes on in a task of its own: this one has the
/// size of hyper's connection.
async fn answer(
    http: http1::Builder,
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    mut open: watch::Receiver<bool>,
) {
    // Without it a streamed page waits for the acknowledgement of its first part.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY");
    }
    let to = HandOver::default();
    let service = service_fn(|request| respond(app.clone(), request, peer, to.clone()));
    let mut connection = http.serve_connection(Watched::new(TokioIo::new(stream), to.clone()), service);
    let mut told = false;
    let body = loop {
        let until_stream = std::future::poll_fn(|cx| {
            let ended = Pin::new(&mut connection).poll(cx);
            match to.take() {
                Some(body) => Poll::Ready(Ok(Some(body))),
                None => ended.map_ok(|()| None),
            }
        });
        tokio::select! {
            ended = until_stream => match ended {
                Ok(Some(body)) => break body,
                Ok(None) => return,
                Err(error) => return tracing::trace!(%error, "a connection ended early"),
            },
            _ = open.wait_for(|stop| *stop), if !told => told = true,
        }
        Pin::new(&mut connection).graceful_shutdown();
    };
    let stream = connection.into_parts().io.into_inner().into_inner();
    tokio::spawn(async move {
        hand_over::tell(stream, body).await;
        drop(open);
    });
}

/// The site's answer to one request.
async fn respond(
    mut app: Router,
    mut request: Request<Incoming>,
    peer: SocketAddr,
    to: HandOver,
) -> Result<Response, Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
    let asked = (request.method().clone(), request.version());
    let answer = app.call(request.map(Body::new)).await?;
    Ok(to.keep(&asked, answer))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::{body::Bytes, routing::get};
    use http::header;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        sync::{Notify, mpsc, oneshot},
    };
    use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: lectern.test\r\n\r\n";

    async fn listener() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        (listener, address)
    }

    async fn read_all(stream: &mut TcpStream) -> String {
        let mut read = String::new();
        stream.read_to_string(&mut read).await.expect("an end");
        read
    }

    #[tokio::test]
    async fn whoever_never_says_what_is_wanted_is_let_go() {
        let (listener, address) = listener().await;
        let app = Router::new().route("/", get(async || "fine"));
        let http = patient(Duration::from_millis(50));
        tokio::spawn(serve_by(http, listener, app, std::future::pending()));
        let mut slow = TcpStream::connect(address).await.expect("open");
        slow.write_all(&REQUEST[..20]).await.expect("half of it");
        assert_eq!(read_all(&mut slow).await, "", "it ends, and was never answered");
    }

    #[tokio::test]
    async fn what_was_asked_before_the_stop_is_answered_after_it() {
        let (asked, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (told, waits) = (Arc::clone(&asked), Arc::clone(&go_on));
        let app = Router::new().route(
            "/",
            get(async move |ConnectInfo(peer): ConnectInfo<SocketAddr>| {
                told.notify_one();
                waits.notified().await;
                peer.to_string()
            }),
        );
        let (listener, address) = listener().await;
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(serve(listener, app, async { drop(stopped.await) }));
        let mut idle = TcpStream::connect(address).await.expect("open");
        let mut busy = TcpStream::connect(address).await.expect("open");
        busy.write_all(REQUEST).await.expect("asked");
        asked.notified().await;

        stop.send(()).expect("it listens");
        assert_eq!(read_all(&mut idle).await, "", "an idle connection ends at once");
        assert!(!serving.is_finished());
        go_on.notify_one();
        let answer = read_all(&mut busy).await;
        let me = busy.local_addr().expect("an address").to_string();
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with(&me), "{answer}");
        serving.await.expect("it ends by itself");
        assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
    }

    /// A site with a stream at `/events` that says what is sent.
    async fn telling(
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> (mpsc::Sender<&'static str>, SocketAddr) {
        let (say, said) = mpsc::channel(8);
        let said = Arc::new(Mutex::new(Some(said)));
        let events = move || {
            let said = said.lock().expect("nobody panicked").take().expect("one stream");
            let parts = ReceiverStream::new(said).map(|part: &str| Ok::<_, Infallible>(Bytes::from(part)));
            async { ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(parts)) }
        };
        let (listener, address) = listener().await;
        tokio::spawn(serve(listener, Router::new().route("/events", get(events)), stop));
        (say, address)
    }

    fn ask(line: &str) -> Vec<u8> {
        format!("{line}\r\nhost: lectern.test\r\n\r\n").into_bytes()
    }

    /// Reads on until what was read ends so.
    async fn read_until(stream: &mut TcpStream, read: &mut String, end: &str) {
        while !read.ends_with(end) {
            let mut bytes = [0; 4096];
            let count = stream.read(&mut bytes).await.expect("more");
            assert!(count > 0, "it ended: {read}");
            read.push_str(std::str::from_utf8(&bytes[..count]).expect("text"));
        }
    }

    #[tokio::test]
    async fn a_stream_is_told_in_chunks_until_it_ends() {
        let (say, address) = telling(std::future::pending()).await;
        let mut page = TcpStream::connect(address).await.expect("open");
        let mut read = String::new();
        page.write_all(&ask("GET /nowhere HTTP/1.1")).await.expect("asked");
        read_until(&mut page, &mut read, "\r\n\r\n").await;
        assert!(read.starts_with("HTTP/1.1 404"), "{read}");

        read.clear();
        page.write_all(&ask("GET /events HTTP/1.1")).await.expect("asked");
        read_until(&mut page, &mut read, "\r\n\r\n").await;
        assert!(read.starts_with("HTTP/1.1 200 OK") && read.contains("transfer-encoding: chunked"), "{read}");
        say.send("event: one\n\n").await.expect("heard");
        read.clear();
        read_until(&mut page, &mut read, "c\r\nevent: one\n\n\r\n").await;
        page.write_all(b"nobody listens").await.expect("open");
        for part in ["", "two"] {
            say.send(part).await.expect("heard");
        }
        drop(say);
        assert_eq!(read_all(&mut page).await, "3\r\ntwo\r\n0\r\n\r\n");
    }

    #[tokio::test]
    async fn a_stream_that_nobody_reads_any_more_is_dropped() {
        let (say, address) = telling(std::future::pending()).await;
        let mut page = TcpStream::connect(address).await.expect("open");
        page.write_all(&ask("GET /events HTTP/1.1")).await.expect("asked");
        read_until(&mut page, &mut String::new(), "\r\n\r\n").await;
        drop(page);
        say.closed().await;
    }

    #[tokio::test]
    async fn whoever_cannot_read_chunks_gets_none() {
        for (line, body) in [("GET /events HTTP/1.0", "one"), ("HEAD /events HTTP/1.1", "")] {
            let (say, address) = telling(std::future::pending()).await;
            let mut old = TcpStream::connect(address).await.expect("open");
            old.write_all(&ask(&format!("{line}\r\nconnection: close"))).await.expect("asked");
            // Without a body nobody listens.
            say.send("one").await.ok();
            drop(say);
            let read = read_all(&mut old).await;
            let (head, told) = read.split_once("\r\n\r\n").expect("a head");
            assert!(head.contains("200 OK"), "{head}");
            assert_eq!(told, body, "{line}");
        }
    }

    #[tokio::test]
    async fn a_stream_ends_by_itself_when_the_server_stops() {
        let (stop, stopped) = oneshot::channel::<()>();
        let (say, address) = telling(async { drop(stopped.await) }).await;
        let mut page = TcpStream::connect(address).await.expect("open");
        page.write_all(&ask("GET /events HTTP/1.1")).await.expect("asked");
        read_until(&mut page, &mut String::new(), "\r\n\r\n").await;
        stop.send(()).expect("it listens");
        say.send("the last").await.expect("heard");
        drop(say);
        assert_eq!(read_all(&mut page).await, "8\r\nthe last\r\n0\r\n\r\n");
    }
}
