//! A stream of events leaves hyper once its head is sent.
//!
//! hyper keeps two buffers of 8 KB beside a connection for as long as it lives, and thousands of streams are open that
//! say something now and then. What is left to do for one of them is little: to write its parts as chunks (RFC 9112,
//! section 7.1) and to notice that nobody reads them any more.

use std::{
    convert::Infallible,
    io::{self, IoSlice},
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    response::Response,
};
use http::{Method, Version, header};
use http_body_util::BodyExt as _;
use hyper::{
    body::Frame,
    rt::{Read, ReadBufCursor, Write},
};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::timeout};

/// The last chunk of an answer.
const END: &[u8] = b"0\r\n\r\n";

/// Where a connection's stream stands on its way out of hyper: shared by what hyper asks for the body, what it writes
/// to, and the connection's task.
#[derive(Clone, Default)]
pub struct HandOver(Arc<Mutex<Stage>>);

#[derive(Default)]
enum Stage {
    /// Whatever is asked and answered is hyper's.
    #[default]
    None,
    /// An answer is a stream.
    Given(Body),
    /// Its head is in hyper's buffer: the body is asked for only then.
    Buffered(Body),
    /// Its head is written, and with it everything before.
    Sent(Body),
}

impl HandOver {
    /// Takes the body of an answer that is a stream, and leaves one to hyper that says nothing. Other answers, and
    /// those of which hyper frames the body in another way than as chunks, stay as they are.
    pub fn keep(&self, asked: &(Method, Version), answer: Response) -> Response {
        let kind = answer.headers().get(header::CONTENT_TYPE).map(|kind| kind.as_bytes());
        if *asked != (Method::GET, Version::HTTP_11) || kind != Some(b"text/event-stream") {
            return answer;
        }
        answer.map(|body| {
            *self.stage() = Stage::Given(body);
            Body::new(Silent(self.clone()))
        })
    }

    /// The body of the stream whose head is sent, once.
    pub fn take(&self) -> Option<Body> {
        let mut stage = self.stage();
        match mem::take(&mut *stage) {
            Stage::Sent(body) => Some(body),
            other => {
                *stage = other;
                None
            }
        }
    }

    /// hyper asks for the body.
    fn asked(&self) {
        let mut stage = self.stage();
        *stage = match mem::take(&mut *stage) {
            Stage::Given(body) => Stage::Buffered(body),
            other => other,
        };
    }

    /// hyper has nothing more to write.
    fn written(&self) {
        let mut stage = self.stage();
        *stage = match mem::take(&mut *stage) {
            Stage::Buffered(body) => Stage::Sent(body),
            other => other,
        };
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body that never says anything, and notes that it was asked.
struct Silent(HandOver);

impl HttpBody for Silent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        // Nobody wakes it: the task goes on by itself once the head is written.
        self.0.asked();
        Poll::Pending
    }
}

/// What hyper reads and writes; notes when everything is written, which is when hyper flushes it.
pub struct Watched<T> {
    io: T,
    to: HandOver,
}

impl<T> Watched<T> {
    /// Around the connection of which streams are handed over.
    pub fn new(io: T, to: HandOver) -> Self {
        Self { io, to }
    }

    /// The connection.
    pub fn into_inner(self) -> T {
        self.io
    }
}

impl<T: Read + Unpin> Read for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<T: Write + Unpin> Write for Watched<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.to.written();
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }
}

/// How long a part may take to leave. Who takes nothing for so long is gone without a word, or means to hold us.
const LEAVES_WITHIN: Duration = Duration::from_secs(30);

/// Writes what a stream says, until it ends or nobody reads it any more. The next part is asked for when the last one
/// has left: a stream may count what it said before as delivered.
pub async fn tell(stream: TcpStream, body: Body) {
    tell_within(LEAVES_WITHIN, stream, body).await;
}

async fn tell_within(leaves_within: Duration, mut stream: TcpStream, mut body: Body) {
    let told = async {
        loop {
            let said = tokio::select! {
                said = body.frame() => said,
                () = is_gone(&stream) => return Ok(()),
            };
            let Some(frame) = said.transpose().map_err(io::Error::other)? else { break };
            // An empty chunk would be the last.
            if let Some(part) = frame.data_ref().filter(|part| !part.is_empty()) {
                timeout(leaves_within, stream.write_all(&chunk(part))).await??;
            }
        }
        timeout(leaves_within, stream.write_all(END)).await??;
        stream.shutdown().await
    };
    if let Err(error) = told.await {
        tracing::trace!(%error, "a stream ended early");
    }
}

fn chunk(part: &[u8]) -> Vec<u8> {
    let size = format!("{:x}\r\n", part.len());
    [size.as_bytes(), part, b"\r\n"].concat()
}

/// Waits until the other side has closed. What it says into a stream is for nobody.
async fn is_gone(stream: &TcpStream) {
    while stream.readable().await.is_ok() {
        match stream.try_read(&mut [0; 512]) {
            Ok(0) => return,
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use futures::stream::{self, pending};
    use http::Request;
    use hyper::{body::Incoming, server::conn::http1, service::service_fn};
    use hyper_util::rt::TokioIo;
    use tokio::{
        io::{AsyncReadExt as _, duplex},
        net::TcpListener,
    };

    use super::*;

    #[tokio::test]
    async fn a_stream_leaves_when_its_head_is_written() {
        let (near, mut far) = duplex(64);
        let to = HandOver::default();
        let service = service_fn(|request: Request<Incoming>| {
            let asked = (request.method().clone(), request.version());
            let stream = [(header::CONTENT_TYPE, "text/event-stream")].into_response();
            let answer = to.keep(&asked, stream.map(|_| Body::from_stream(pending::<io::Result<Bytes>>())));
            async { Ok::<_, Infallible>(answer) }
        });
        let io = Watched::new(TokioIo::new(near), to.clone());
        let mut connection = http1::Builder::new().serve_connection(io, service);
        far.write_all(b"GET / HTTP/1.1\r\nhost: lectern.test\r\n\r\n").await.expect("asked");
        let reading = async {
            let mut head = vec![0; 16];
            far.read_exact(&mut head).await.expect("its first part");
            assert!(to.take().is_none(), "the rest of the head does not fit between the two");
            while !head.ends_with(b"\r\n\r\n") {
                head.push(far.read_u8().await.expect("more"));
            }
        };
        tokio::select! {
            ended = &mut connection => panic!("{ended:?}"),
            () = reading => {}
        }
        assert!(to.take().is_some());
        assert!(to.take().is_none(), "once");
    }

    #[tokio::test]
    async fn who_takes_nothing_is_left() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let page = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("open");
        let (near, _) = listener.accept().await.expect("a connection");
        // More than any buffer between the two holds.
        let parts = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 1 << 20])));
        tell_within(Duration::from_millis(20), near, Body::from_stream(parts)).await;
        drop(page);
    }
}
