//! A mail server for tests, in this process, on a port of its own: as much of SMTP (RFC 5321) as a client needs.
#![allow(dead_code, reason = "each test file uses its part")]

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use services::testing::ports::free_address;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// A mail server, or the address where one will be.
pub struct Post {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    taken: Mutex<Vec<String>>,
    refuse: AtomicBool,
    recipients: Mutex<Option<String>>,
}

impl Post {
    /// An address at which nobody listens yet.
    pub fn closed() -> Self {
        Post { addr: free_address(), shared: Arc::default() }
    }

    /// Listens from now on.
    pub async fn open(self) -> Self {
        let listener = TcpListener::bind(self.addr).await.expect("the port is still free");
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that goes away in the middle ends its own conversation only.
                tokio::spawn(talk(stream, Arc::clone(&shared)));
            }
        });
        self
    }

    /// Its `SMTP_URL`.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.addr)
    }

    /// The next mail is refused for now.
    pub fn refuse_next(&self) {
        self.shared.refuse.store(true, Ordering::SeqCst);
    }

    /// What is said to every recipient from now on, such as `550 No such user`; `None` lets them all in.
    pub fn answer_recipients(&self, answer: Option<&str>) {
        *self.shared.recipients.lock().expect("no panic") = answer.map(|answer| format!("{answer}\r\n"));
    }

    /// The mails that were taken, as they came.
    pub fn taken(&self) -> Vec<String> {
        self.shared.taken.lock().expect("no panic").clone()
    }
}

async fn talk(stream: TcpStream, shared: Arc<Shared>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 post.test ESMTP\r\n").await?;
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let word = line.get(..4).unwrap_or_default().to_uppercase();
        let recipients = shared.recipients.lock().expect("no panic").clone();
        let answer = match &*word {
            "EHLO" => "250-post.test\r\n250 8BITMIME\r\n",
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let mail = read_mail(&mut stream).await?;
                if shared.refuse.swap(false, Ordering::SeqCst) {
                    "451 try again later\r\n"
                } else {
                    shared.taken.lock().expect("no panic").push(mail);
                    "250 taken\r\n"
                }
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            "RCPT" => recipients.as_deref().unwrap_or("250 ok\r\n"),
            "MAIL" | "NOOP" | "RSET" => "250 ok\r\n",
            _ => "500 unknown\r\n",
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}

/// Up to the line with one dot.
async fn read_mail(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut mail = String::new();
    loop {
        let start = mail.len();
        if stream.read_line(&mut mail).await? == 0 || &mail[start..] == ".\r\n" {
            mail.truncate(start);
            return Ok(mail);
        }
    }
}
