//! Stands between a server and Postgres, sees what each transaction writes, and can stop the server right before
//! or right after a commit.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use services::testing::wire::{Reader, Writer, connect, listen_before};
use sqlx::postgres::PgConnectOptions;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::{
    points::{Moment, Watch},
    wire::{self, Frame},
};

/// The proxy. Its connections end with it, and whenever they are cut.
pub struct Postgres {
    /// `DATABASE_URL` of the server.
    pub url: String,
    cut: watch::Sender<()>,
}

impl Postgres {
    /// Listens before the database of a test.
    pub async fn start(options: &PgConnectOptions, points: Arc<Watch>) -> Self {
        let (listener, url) = listen_before(options).await;
        let (cut, is_cut) = watch::channel(());
        tokio::spawn(accept(listener, options.clone(), points, is_cut));
        Postgres { url, cut }
    }

    /// Ends all connections, as the system does with those of a process that is gone.
    pub fn cut(&self) {
        self.cut.send_replace(());
    }
}

async fn accept(
    listener: TcpListener,
    options: PgConnectOptions,
    points: Arc<Watch>,
    is_cut: watch::Receiver<()>,
) {
    loop {
        let (server, _) = listener.accept().await.expect("a connection");
        server.set_nodelay(true).expect("TCP_NODELAY");
        let (mut is_cut, options, points) = (is_cut.clone(), options.clone(), points.clone());
        is_cut.mark_unchanged();
        tokio::spawn(async move {
            let database = connect(&options).await;
            tokio::select! {
                _ = is_cut.changed() => {}
                () = relay(server, database, points) => {}
            }
        });
    }
}

/// A statement on its way, and what it commits: nothing, all that its transaction wrote, or itself.
#[derive(Clone, Default)]
struct Statement {
    writes: Vec<String>,
    is_claim: bool,
}

/// What Postgres answers as one: the statements between two points of synchronisation.
#[derive(Default)]
struct Batch {
    statements: VecDeque<Statement>,
    /// The server is stopped when this was done.
    is_last: bool,
    has_rows: bool,
}

/// What is known of a connection.
#[derive(Default)]
struct Known {
    batches: VecDeque<Batch>,
    in_transaction: bool,
    /// What the transaction has written.
    written: BTreeSet<String>,
}

struct Connection {
    known: Mutex<Known>,
    points: Arc<Watch>,
}

async fn relay(server: TcpStream, (from_database, to_database): (Reader, Writer), points: Arc<Watch>) {
    let (from_server, to_server) = server.into_split();
    let connection = Connection { known: Mutex::default(), points };
    tokio::select! {
        () = asked(&connection, from_server, to_database) => {}
        () = answered(&connection, from_database, to_server) => {}
    }
}

/// Passes on what the server asks, batch by batch.
async fn asked(connection: &Connection, mut from: impl AsyncRead + Unpin, mut to: Writer) {
    let (mut arrived, mut held, mut is_first) = (Vec::new(), Vec::new(), true);
    let (mut prepared, mut bound) = (HashMap::new(), HashMap::new());
    let mut batch = Vec::new();
    loop {
        while let Some(frame) = wire::take(&mut arrived, is_first) {
            match frame.letter {
                b'P' => {
                    let texts = wire::texts(&frame);
                    prepared.insert(texts[0].clone(), texts[1].clone());
                }
                b'B' => {
                    let texts = wire::texts(&frame);
                    bound.insert(texts[0].clone(), prepared[&texts[1]].clone());
                }
                b'E' => batch.push(bound[&wire::texts(&frame)[0]].clone()),
                b'Q' => batch.push(wire::texts(&frame)[0].clone()),
                _ => {}
            }
            held.extend_from_slice(&frame.bytes);
            let ends_batch = matches!(frame.letter, b'Q' | b'S');
            if ends_batch && connection.sends(&std::mem::take(&mut batch)) == Some(Moment::Before) {
                connection.points.hang::<()>().await;
            }
            if ends_batch || !matches!(frame.letter, b'P' | b'B' | b'D' | b'E' | b'C') {
                if to.write_all(&held).await.is_err() {
                    return;
                }
                held.clear();
            }
            is_first = false;
        }
        if !matches!(from.read_buf(&mut arrived).await, Ok(read) if read > 0) {
            return;
        }
    }
}

/// Passes on what Postgres answers, batch by batch.
async fn answered(connection: &Connection, mut from: Reader, mut to: impl AsyncWrite + Unpin) {
    let (mut arrived, mut held) = (Vec::new(), Vec::new());
    loop {
        while let Some(frame) = wire::take(&mut arrived, false) {
            held.extend_from_slice(&frame.bytes);
            if connection.answers(&frame) == Some(Moment::After) {
                connection.points.hang::<()>().await;
            }
            // Ready for the next, a question about who asks, news: all else belongs to a batch.
            if matches!(frame.letter, b'Z' | b'R' | b'A' | b'N') {
                if to.write_all(&held).await.is_err() {
                    return;
                }
                held.clear();
            }
        }
        if !matches!(from.read_buf(&mut arrived).await, Ok(read) if read > 0) {
            // Why Postgres ends the connection, where it says so.
            let _ = to.write_all(&held).await;
            return;
        }
    }
}

impl Connection {
    /// A batch is about to be passed on.
    fn sends(&self, statements: &[String]) -> Option<Moment> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut batch = Batch::default();
        let mut stop = None;
        for sql in statements {
            let mut statement = Statement { writes: wire::written(sql), is_claim: false };
            match sql.trim().to_uppercase().as_str() {
                text if text.starts_with("BEGIN") => {
                    known.in_transaction = true;
                    known.written.clear();
                }
                "COMMIT" => {
                    known.in_transaction = false;
                    let written = std::mem::take(&mut known.written);
                    // A transaction that wrote nothing commits nothing.
                    if !written.is_empty() {
                        let tables: Vec<String> = written.into_iter().collect();
                        stop = stop.or(self.points.pass(&format!("commit: {}", tables.join(", "))));
                    }
                }
                "ROLLBACK" => known.in_transaction = false,
                _ if !known.in_transaction => match wire::point_of_statement(sql) {
                    Some(point) if point == wire::CLAIM => statement.is_claim = true,
                    Some(point) => stop = stop.or(self.points.pass(&point)),
                    None => {}
                },
                _ => {}
            }
            batch.statements.push_back(statement);
        }
        batch.is_last = stop == Some(Moment::After);
        known.batches.push_back(batch);
        stop
    }

    /// A message of Postgres is about to be passed on.
    fn answers(&self, frame: &Frame) -> Option<Moment> {
        let mut guard = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = &mut *guard;
        match frame.letter {
            // Done; or as many rows were given as were asked for.
            b'C' | b's' => {
                let rows = if frame.letter == b's' { 1 } else { wire::rows(&wire::texts(frame)[0]) };
                let done = known.batches.front_mut().and_then(|batch| batch.statements.pop_front());
                if let Some(done) = done.filter(|_| rows > 0) {
                    if let Some(batch) = known.batches.front_mut() {
                        batch.has_rows |= done.is_claim;
                    }
                    if known.in_transaction {
                        known.written.extend(done.writes);
                    }
                }
                None
            }
            b'Z' => {
                let batch = known.batches.pop_front()?;
                let claimed = if batch.has_rows { self.points.pass(wire::CLAIM) } else { None };
                if batch.is_last { Some(Moment::After) } else { claimed }
            }
            _ => None,
        }
    }
}
