//! Takes connections, and serves HTTP/1.1 on each: what a browser or a proxy in front speaks without TLS.
//!
//! A connection is hyper's own, without the room for HTTP/2 that `axum::serve` keeps beside it: with thousands of
//! streams open that was a third of their memory.

use std::{future::Future, net::SocketAddr, time::Duration};

use axum::{
    Router,
    extract::{ConnectInfo, Extension},
    serve::Listener,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use tokio::net::{TcpListener, TcpStream};
use tower::Layer as _;

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
    let open = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        // It waits by itself where too many files are open.
        let (stream, peer) = tokio::select! {
            () = stop.as_mut() => break,
            accepted = Listener::accept(&mut listener) => accepted,
        };
        tokio::spawn(answer(http.clone(), stream, peer, app.clone(), open.watcher()));
    }
    drop(listener);
    open.shutdown().await;
}

/// Answers on one connection until it ends.
async fn answer(http: http1::Builder, stream: TcpStream, peer: SocketAddr, app: Router, open: Watcher) {
    // Without it a streamed page waits for the acknowledgement of its first part.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY");
    }
    let app = TowerToHyperService::new(Extension(ConnectInfo(peer)).layer(app));
    if let Err(error) = open.watch(http.serve_connection(TokioIo::new(stream), app)).await {
        tracing::trace!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        sync::{Notify, oneshot},
    };

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
}
