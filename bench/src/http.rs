//! Load over loopback: connections that are kept, one request at a time on each.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::body::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, task::JoinSet};

use crate::Outcome;

/// A request as the driver sends it.
pub type Ask = Request<Full<Bytes>>;

/// Makes the n-th request, counted from 0 over all connections; `None` ends the load.
pub type Script = Arc<dyn Fn(u64) -> Option<Ask> + Send + Sync>;

/// How hard is asked.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Who answers.
    pub addr: SocketAddr,
    /// Connections, each with one request under way at a time.
    pub connections: usize,
    /// For how long.
    pub lasting: Duration,
}

/// What came back.
#[derive(Debug, Default)]
pub struct Sample {
    /// Time from sending to the last byte of each answer, in microseconds; in order once the load is over.
    micros: Vec<u32>,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Bytes of bodies.
    pub bytes: u64,
    /// From the first request to the last answer.
    pub elapsed: Duration,
}

impl Sample {
    /// Answers.
    pub fn count(&self) -> u64 {
        self.statuses.values().sum()
    }

    /// Answers in a second.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub fn rate(&self) -> f64 {
        self.count() as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    /// The time within which so many per mille of the answers came (nearest rank), in milliseconds.
    pub fn within(&self, per_mille: usize) -> f64 {
        let rank = (self.micros.len() * per_mille).div_ceil(1000).max(1);
        self.micros.get(rank - 1).map_or(0.0, |micros| f64::from(*micros) / 1000.0)
    }

    /// Fails unless every answer had this status.
    pub fn all(&self, status: u16) -> Outcome {
        if self.count() > 0 && self.statuses.keys().eq([&status]) {
            return Ok(());
        }
        Err(format!("expected only {status}, got {:?}", self.statuses).into())
    }

    /// Puts a second sample behind this one, as if both had been one.
    pub fn join(&mut self, other: Sample) {
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.micros.extend(other.micros);
        self.micros.sort_unstable();
        self.bytes += other.bytes;
        self.elapsed += other.elapsed;
    }

    fn note(&mut self, status: u16, bytes: usize, took: Duration) {
        self.micros.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        *self.statuses.entry(status).or_default() += 1;
        self.bytes += bytes as u64;
    }
}

/// A request without a body.
pub fn get(addr: SocketAddr, path: &str) -> Outcome<Ask> {
    Ok(Request::get(path).header("host", addr.to_string()).body(Full::default())?)
}

/// A request with a body of JSON, or none.
pub fn json(addr: SocketAddr, method: &str, path: &str, body: Option<Value>) -> Outcome<Ask> {
    let request = Request::builder().method(method).uri(path).header("host", addr.to_string());
    let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
    Ok(request.header("content-type", "application/json").body(Full::new(body))?)
}

/// A form, with a bearer.
pub fn form(addr: SocketAddr, path: &str, bearer: &str, form: String) -> Outcome<Ask> {
    let request = Request::post(path).header("host", addr.to_string());
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    Ok(request.header("authorization", format!("Bearer {bearer}")).body(Full::new(form.into()))?)
}

/// A kept connection.
pub struct Connection(http1::SendRequest<Full<Bytes>>);

impl Connection {
    /// Connects.
    pub async fn open(addr: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Its error reaches whoever sends next.
        tokio::spawn(connection);
        Ok(Connection(sender))
    }

    /// Sends a request and reads the whole answer.
    pub async fn ask(&mut self, request: Ask) -> Outcome<(u16, Bytes)> {
        self.0.ready().await?;
        let response = self.0.send_request(request).await?;
        let status = response.status().as_u16();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }
}

/// One request on a connection of its own.
pub async fn once(addr: SocketAddr, request: Ask) -> Outcome<(u16, Bytes)> {
    Connection::open(addr).await?.ask(request).await
}

/// Asks until the time is over or the script ends.
pub async fn run(load: Load, script: &Script) -> Outcome<Sample> {
    let counter = Arc::new(AtomicU64::new(0));
    let mut connections = Vec::with_capacity(load.connections);
    for _ in 0..load.connections {
        connections.push(Connection::open(load.addr).await?);
    }
    let began = Instant::now();
    let mut workers = JoinSet::new();
    for connection in connections {
        workers.spawn(work(connection, script.clone(), counter.clone(), began + load.lasting));
    }
    let mut sample = Sample::default();
    while let Some(part) = workers.join_next().await {
        sample.join(part??);
    }
    sample.elapsed = began.elapsed();
    Ok(sample)
}

async fn work(
    mut connection: Connection,
    script: Script,
    counter: Arc<AtomicU64>,
    until: Instant,
) -> Outcome<Sample> {
    let mut sample = Sample::default();
    while Instant::now() < until {
        let Some(request) = script(counter.fetch_add(1, Ordering::Relaxed)) else { break };
        let sent = Instant::now();
        let (status, body) = connection.ask(request).await?;
        sample.note(status, body.len(), sent.elapsed());
    }
    Ok(sample)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(millis: impl Iterator<Item = u64>) -> Sample {
        let mut whole = Sample::default();
        for one in millis {
            let mut part = Sample::default();
            part.note(200, 10, Duration::from_millis(one));
            part.elapsed = Duration::from_millis(10);
            whole.join(part);
        }
        whole
    }

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let hundred = sample((1..=100).rev());
        for (per_mille, millis) in [(1, 1.0), (500, 50.0), (990, 99.0), (995, 100.0), (1000, 100.0)] {
            assert!((hundred.within(per_mille) - millis).abs() < 1e-9, "{per_mille}");
        }
        assert!((hundred.rate() - 100.0).abs() < 1e-6);
        assert_eq!((hundred.count(), hundred.bytes), (100, 1000));
        assert!(sample(0..0).within(500).abs() < f64::EPSILON);
    }

    #[test]
    fn one_other_status_is_a_failure() {
        let mut two = sample(1..3);
        assert!(two.all(200).is_ok() && two.all(201).is_err());
        two.note(500, 0, Duration::ZERO);
        assert!(two.all(200).is_err() && sample(0..0).all(200).is_err());
    }
}
