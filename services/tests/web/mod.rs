//! A web server for tests, in this process, on a port of its own: as much of HTTP/1.1 (RFC 9112) as a client needs.
#![allow(dead_code, reason = "each test file uses its part")]

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// What the server says to whoever asks.
#[derive(Clone)]
pub struct Answer {
    head: String,
    body: String,
    /// How often the body is said.
    times: usize,
}

impl Answer {
    /// A file.
    pub fn ok(body: &str) -> Self {
        let head = format!("200 OK\r\nContent-Type: text/calendar\r\nContent-Length: {}", body.len());
        Answer { head, body: body.to_owned(), times: 1 }
    }

    /// A failure.
    pub fn status(status: u16) -> Self {
        Answer { head: format!("{status} Failed\r\nContent-Length: 0"), body: String::new(), times: 0 }
    }

    /// Another place.
    pub fn redirect(location: &str) -> Self {
        let head = format!("302 Found\r\nLocation: {location}\r\nContent-Length: 0");
        Answer { head, body: String::new(), times: 0 }
    }

    /// What CalDAV servers say of their places (RFC 4918, 13).
    pub fn multistatus(properties: &str) -> Self {
        let body = format!(
            "<d:multistatus xmlns:d='DAV:' xmlns:c='urn:ietf:params:xml:ns:caldav'><d:response><d:href>/</d:href>\
             <d:propstat><d:prop>{properties}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>\
             </d:multistatus>"
        );
        let head = format!("207 Multi-Status\r\nContent-Type: text/xml\r\nContent-Length: {}", body.len());
        Answer { head, body, times: 1 }
    }

    /// 64 MB whose length is not said.
    pub fn endless() -> Self {
        Answer { head: "200 OK".to_owned(), body: "X".repeat(1024 * 1024), times: 64 }
    }

    /// A connection that is closed before all was said.
    pub fn closing() -> Self {
        let mut answer = Answer::ok("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n");
        answer.body.truncate(10);
        answer
    }
}

/// A web server.
pub struct Web {
    addr: SocketAddr,
    answer: Arc<Mutex<Answer>>,
    asked: Arc<AtomicUsize>,
}

impl Web {
    /// Listens until the test ends.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let web = Web { addr, answer: Arc::new(Mutex::new(Answer::status(404))), asked: Arc::default() };
        let (answer, asked) = (Arc::clone(&web.answer), Arc::clone(&web.asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                asked.fetch_add(1, Ordering::SeqCst);
                let answer = answer.lock().expect("no panic").clone();
                // Who has heard enough goes away.
                tokio::spawn(async move { talk(stream, &answer).await.ok() });
            }
        });
        web
    }

    /// The address of what it serves.
    pub fn url(&self) -> String {
        format!("http://{}/calendar.ics", self.addr)
    }

    /// What it says from now on.
    pub fn serve(&self, answer: Answer) {
        *self.answer.lock().expect("no panic") = answer;
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn talk(stream: TcpStream, answer: &Answer) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 2 {
        line.clear();
    }
    let head = format!("HTTP/1.1 {}\r\nConnection: close\r\n\r\n", answer.head);
    stream.write_all(head.as_bytes()).await?;
    for _ in 0..answer.times {
        stream.write_all(answer.body.as_bytes()).await?;
    }
    stream.shutdown().await
}
