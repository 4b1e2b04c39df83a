//! Live events: thousands of open streams on one server, and messages that must reach them.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::body::Bytes;
use chrono::{DateTime, Utc};
use http_body_util::Full;
use hyper::Request;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{Mutex, mpsc},
    task::{JoinSet, spawn_blocking},
    time::{sleep, timeout},
};
use uuid::Uuid;

use crate::{
    Outcome,
    cpu::{Meter, Use, Watched},
    database::{Databases, Name},
    fixture,
    http::{Ask, Connection},
    process::{self, PRODUCTION},
    report::Row,
};

/// The database of those who talk.
const TALK: Name = "bench_talk";

/// Pairs of people, each with a thread.
const PAIRS: usize = 2_500;

/// How many streams are open, two for each pair that talks.
const OPEN: [usize; 3] = [500, 1_000, 5_000];

/// Messages a second, and for how long they are sent; those of the first second are not counted.
const RATE: u64 = 200;
const SENT: u64 = RATE * 10;
const WARM_UP: u64 = RATE;

/// Opened and closed before memory is read for the first time: what a server takes for the first streams, it takes once.
const FIRST: usize = 32;

/// Connections from which messages are posted.
const SENDERS: usize = 16;

/// A message must be on the other screen within this, for 99 of 100.
const WITHIN_MS: f64 = 20.0;

/// Few enough streams to be compared with those of others, who published theirs.
const FEWER: usize = 1_000;
const FEWER_WITHIN_MS: f64 = 3.5;
const FEWER_KB: f64 = 18.0;

/// What a stream may take of the server's memory.
const STREAM_KB: f64 = 20.0;

/// When memory is read after the last stream was opened: while what opening took is still held, and at rest, once each
/// stream has sent its first sign of life (15 s).
const OPENED: Duration = Duration::from_secs(2);
const AT_REST: Duration = Duration::from_secs(16);

/// How long the last messages may take.
const ARRIVED_WITHIN: Duration = Duration::from_secs(10);

/// What was measured with so many streams.
struct Measured {
    streams: usize,
    /// From the moment at which it should be sent to the other person's stream, milliseconds, in order.
    millis: Vec<f64>,
    /// Of the server's memory, for each stream.
    kilobytes: [f64; 2],
    used: Use,
}

impl Measured {
    /// The time within which so many per mille arrived (nearest rank), in milliseconds.
    fn within(&self, per_mille: usize) -> f64 {
        let rank = (self.millis.len() * per_mille).div_ceil(1000).max(1);
        self.millis.get(rank - 1).copied().unwrap_or_default()
    }
}

/// The lines of the table.
pub async fn rows(
    databases: &Databases,
    server: &Path,
    scratch: &Path,
    now: DateTime<Utc>,
) -> Outcome<Vec<Row>> {
    databases.create(TALK).await?;
    let pool = databases.pool(TALK).await?;
    fixture::talk(&pool, now, PAIRS).await?;
    let threads: Vec<Uuid> =
        sqlx::query_scalar("SELECT md5('thread ' || pair)::uuid FROM generate_series(0, $1 - 1) AS pair")
            .bind(i32::try_from(PAIRS)?)
            .fetch_all(&pool)
            .await?;
    pool.close().await;
    databases.settle(TALK).await?;
    let mut measured = Vec::new();
    for streams in OPEN {
        measured.push(measure(databases, server, scratch, &threads, streams).await?);
    }
    Ok(told(&measured))
}

fn told(measured: &[Measured]) -> Vec<Row> {
    let Some(most) = measured.last() else { return Vec::new() };
    let each = |what: &dyn Fn(&Measured) -> String| {
        measured.iter().map(|it| format!("{}: {}", it.streams, what(it))).collect::<Vec<_>>().join(", ")
    };
    let times = each(&|it| {
        format!(
            "p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms",
            it.within(500),
            it.within(990),
            it.within(1000)
        )
    });
    let used = each(&|it| it.used.to_string());
    let fewer = measured.iter().filter(|it| it.streams == FEWER).map(|it| {
        Row::judged(
            "the same with 1,000 streams",
            format!("p50 {:.1} ms, p99 {:.1} ms, {:.1} KB", it.within(500), it.within(990), it.kilobytes[1]),
            "p99 < 3.5 ms, < 18 KB",
            it.within(990) < FEWER_WITHIN_MS && it.kilobytes[1] < FEWER_KB,
            "beside socket.io with 1,000 clients on a machine of two cores (p50 0.8 ms, p99 3.5 ms, 24 KB a connection) \
             and the first prototype of these streams (1.4 ms, 3.6 ms, 18 KB)"
                .into(),
        )
    });
    let rows = [
        Row::judged(
            "a message on the other screen, 5,000 streams, 200 a second",
            format!("p50 {:.1} ms, p99 {:.1} ms", most.within(500), most.within(990)),
            "p99 < 20 ms",
            most.within(990) < WITHIN_MS,
            format!(
                "from the moment at which it should be posted, over commit and hint, to the other person's stream; \
                 {} messages each, none lost; streams: {times}; {used}",
                SENT - WARM_UP
            ),
        ),
        Row::judged(
            "memory of an open stream",
            format!("{:.1} KB", most.kilobytes[1]),
            "< 20 KB",
            most.kilobytes[1] < STREAM_KB,
            format!(
                "what the server's resident memory grew by, for each stream, at rest: {}; two seconds after the last \
                 was opened: {}; for each further one, at rest: {}",
                each(&|it| format!("{:.1} KB", it.kilobytes[1])),
                each(&|it| format!("{:.1} KB", it.kilobytes[0])),
                growth(measured)
            ),
        ),
    ];
    rows.into_iter().chain(fewer).collect()
}

/// What each further stream takes, from one number of streams to the next.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn growth(measured: &[Measured]) -> String {
    let steps = measured.windows(2).filter_map(|pair| match pair {
        [few, more] => {
            let [before, after] = [few, more].map(|it| it.kilobytes[1] * it.streams as f64);
            let each = (after - before) / (more.streams - few.streams) as f64;
            Some(format!("{} to {}: {each:.1} KB", few.streams, more.streams))
        }
        _ => None,
    });
    steps.collect::<Vec<_>>().join(", ")
}

/// One server with so many streams.
async fn measure(
    databases: &Databases,
    server: &Path,
    scratch: &Path,
    threads: &[Uuid],
    streams: usize,
) -> Outcome<Measured> {
    let url = databases.url(TALK);
    let environment = [&PRODUCTION[..], &[("DATABASE_URL", url.as_str())]].concat();
    let log = scratch.join(format!("streams-{streams}.log"));
    let process = process::start(server, &["serve"], &environment, &log).await?;
    let watched = Watched { server: process.pid, postgres: databases.pid() };
    let talk = Arc::new(Talk::new(process.addr, &threads[..streams / 2]));
    // What a server takes once, it takes now.
    talk.post_all(WARM_UP).await?;
    drop(talk.open(FIRST).await?);
    let before = resident(process.pid)?;
    let open = talk.open(streams).await?;
    let mut kilobytes = [0.0; 2];
    for (kilobytes, rest) in kilobytes.iter_mut().zip([OPENED, AT_REST]) {
        sleep(rest).await;
        *kilobytes = per_stream(resident(process.pid)?.saturating_sub(before), streams);
    }
    let meter = Meter::start(watched);
    talk.post_all(SENT).await?;
    talk.wait_for_all(SENT).await?;
    let used = meter.read();
    drop(open);
    let mut millis = std::mem::take(&mut *talk.millis.lock().await);
    millis.sort_unstable_by(f64::total_cmp);
    process.stop().await?;
    Ok(Measured { streams, millis, kilobytes, used })
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn per_stream(kilobytes: u64, streams: usize) -> f64 {
    kilobytes as f64 / streams as f64
}

/// The resident memory of a process, KB (`VmRSS`, proc(5)).
pub fn resident(pid: i32) -> Outcome<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}

/// A thread, and when its last message should have been sent. A pair never has two under way.
struct Pair {
    thread: Uuid,
    sent: Mutex<Option<(u64, Instant)>>,
}

/// Those who talk.
struct Talk {
    addr: SocketAddr,
    pairs: Vec<Pair>,
    /// How many messages have reached the other person, and how many their own writer.
    arrived: [AtomicU64; 2],
    millis: Mutex<Vec<f64>>,
}

impl Talk {
    fn new(addr: SocketAddr, threads: &[Uuid]) -> Self {
        let pairs = threads.iter().map(|thread| Pair { thread: *thread, sent: Mutex::default() }).collect();
        Talk { addr, pairs, arrived: Default::default(), millis: Mutex::default() }
    }

    /// Opens the streams of the first people: person 2n is the tutor of pair n, person 2n + 1 its student.
    async fn open(self: &Arc<Self>, streams: usize) -> Outcome<JoinSet<Outcome>> {
        let opened = Arc::new(AtomicUsize::new(0));
        let mut readers = JoinSet::new();
        for person in 0..streams {
            let mut stream = TcpStream::connect(self.addr).await?;
            let request = format!(
                "GET /api/events HTTP/1.1\r\nhost: {}\r\ncookie: lectern_session={}\r\n\r\n",
                self.addr,
                fixture::token(i32::try_from(person)?)
            );
            stream.write_all(request.as_bytes()).await?;
            readers.spawn(Arc::clone(self).listen(person, stream, Arc::clone(&opened)));
        }
        let all = async {
            while opened.load(Ordering::Relaxed) < streams {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(ARRIVED_WITHIN, all).await.map_err(|_| "not every stream was opened")?;
        Ok(readers)
    }

    /// Reads a stream until its end.
    async fn listen(
        self: Arc<Self>,
        person: usize,
        mut stream: TcpStream,
        opened: Arc<AtomicUsize>,
    ) -> Outcome {
        let mut buffer = [0_u8; 1024];
        let (mut text, mut open) = (Vec::new(), false);
        loop {
            let read = stream.read(&mut buffer).await?;
            let now = Instant::now();
            if read == 0 {
                return Ok(());
            }
            text.extend_from_slice(&buffer[..read]);
            if !open && find(&text, b": open").is_some() {
                open = true;
                opened.fetch_add(1, Ordering::Relaxed);
            }
            while let Some(at) = find(&text, b"event: message") {
                text.drain(..=at);
                self.heard(person, now).await;
            }
            // What is left may be the beginning of the next one.
            let kept = text.len().saturating_sub(64);
            text.drain(..kept);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    async fn heard(&self, person: usize, now: Instant) {
        self.arrived[person % 2].fetch_add(1, Ordering::Relaxed);
        let Some(pair) = self.pairs.get(person / 2).filter(|_| person.is_multiple_of(2)) else { return };
        if let Some((n, sent)) = pair.sent.lock().await.take()
            && n >= WARM_UP
        {
            let took = now.saturating_duration_since(sent);
            self.millis.lock().await.push(took.as_micros() as f64 / 1000.0);
        }
    }

    /// Posts messages at the rate, whether the server keeps up or not: the students write, in turn.
    async fn post_all(self: &Arc<Self>, messages: u64) -> Outcome {
        let (due, waiting) = mpsc::unbounded_channel::<u64>();
        let waiting = Arc::new(Mutex::new(waiting));
        let mut senders = JoinSet::new();
        for _ in 0..SENDERS {
            let connection = Connection::open(self.addr).await?;
            senders.spawn(Arc::clone(self).send(connection, Arc::clone(&waiting)));
        }
        let clock = spawn_blocking({
            let talk = Arc::clone(self);
            move || talk.tick(messages, &due)
        });
        while let Some(sent) = senders.join_next().await {
            sent??;
        }
        clock.await?
    }

    /// Says when each message is due: on a thread of its own, because the runtime's timer is late by up to a millisecond.
    fn tick(&self, messages: u64, due: &mpsc::UnboundedSender<u64>) -> Outcome {
        let mut at = Instant::now();
        for n in 0..messages {
            at += Duration::from_secs(1) / u32::try_from(RATE)?;
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            *self.pair(n).sent.blocking_lock() = Some((n, at));
            due.send(n)?;
        }
        Ok(())
    }

    async fn send(
        self: Arc<Self>,
        mut connection: Connection,
        waiting: Arc<Mutex<mpsc::UnboundedReceiver<u64>>>,
    ) -> Outcome {
        loop {
            let next = waiting.lock().await.recv().await;
            let Some(n) = next else { return Ok(()) };
            let (status, body) = connection.ask(self.message(n)?).await?;
            if status != 201 {
                return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
            }
        }
    }

    fn message(&self, n: u64) -> Outcome<Ask> {
        let student = 2 * self.index(n) + 1;
        let body = json!({ "body": format!("Message {n}: shall we begin with the second exercise?") });
        Ok(Request::post(format!("/api/chat/threads/{}/messages", self.pair(n).thread))
            .header("host", self.addr.to_string())
            .header("content-type", "application/json")
            .header("cookie", format!("lectern_session={}", fixture::token(i32::try_from(student)?)))
            .body(Full::new(Bytes::from(body.to_string())))?)
    }

    #[expect(clippy::cast_possible_truncation, reason = "a remainder of a usize")]
    fn index(&self, n: u64) -> usize {
        (n % self.pairs.len() as u64) as usize
    }

    fn pair(&self, n: u64) -> &Pair {
        &self.pairs[self.index(n)]
    }

    /// Until every message has reached both people, each once.
    async fn wait_for_all(&self, messages: u64) -> Outcome {
        let heard = || self.arrived.each_ref().map(|count| count.load(Ordering::Relaxed));
        let all = async {
            while heard().iter().any(|count| *count < messages) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        if timeout(ARRIVED_WITHIN, all).await.is_err() || heard() != [messages; 2] {
            return Err(
                format!("{messages} messages were sent to two people each, {:?} arrived", heard()).into()
            );
        }
        Ok(())
    }
}

/// Where a text begins in another.
fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|part| part == what)
}
