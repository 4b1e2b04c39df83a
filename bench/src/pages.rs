//! What visitors wait for: the availability call, the tutor page beside its baseline, the search page.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use hyper::header::HeaderValue;
use serde_json::Value;

use crate::{
    Outcome,
    cpu::{Meter, Use, Watched},
    fixture,
    http::{self, Ask, Load, Sample, Script},
    report::Row,
};

/// How long one measurement takes, and what goes before it.
const LASTING: Duration = Duration::from_secs(5);
const WARM_UP: Duration = Duration::from_secs(1);
/// Moderate: some visitors at the very same moment on each core.
const MODERATE: usize = 8;
/// Calls from one forwarded address: fewer than the limit of an hour.
const CALLS_EACH: u64 = 50;
/// What the availability call may take, milliseconds.
const AVAILABILITY_MS: f64 = 5.0;
/// The share of the baseline's rate that the page is to reach.
const SHARE: f64 = 0.4;

/// Calls so far, of all measurements: no address is used twice.
static CALLS: AtomicU64 = AtomicU64::new(0);

/// Repeats one request, from so many addresses that no rate limit is reached.
fn repeat(ask: Ask) -> Script {
    Arc::new(move |_| {
        let call = CALLS.fetch_add(1, Ordering::Relaxed);
        let [_, a, b, c] = u32::try_from(call / CALLS_EACH).ok()?.to_be_bytes();
        let mut ask = ask.clone();
        let address = HeaderValue::from_str(&format!("10.{a}.{b}.{c}")).ok()?;
        ask.headers_mut().insert("x-forwarded-for", address);
        Some(ask)
    })
}

/// One measurement.
struct Measured {
    sample: Sample,
    used: Use,
    /// Requests, those of the warm-up included.
    asked: u64,
}

impl Measured {
    /// Takes a later turn in. The cores of the last turn stand for both.
    fn join(&mut self, later: Measured) {
        self.sample.join(later.sample);
        self.used = later.used;
        self.asked += later.asked;
    }
}

/// Warms up, then measures; every answer must be 200.
async fn measure(ask: &Ask, load: Load, watched: Watched) -> Outcome<Measured> {
    let script = repeat(ask.clone());
    let warm = http::run(Load { lasting: WARM_UP, ..load }, &script).await?;
    warm.all(200)?;
    let meter = Meter::start(watched);
    let sample = http::run(load, &script).await?;
    let used = meter.read();
    sample.all(200)?;
    let asked = warm.count() + sample.count();
    Ok(Measured { sample, used, asked })
}

/// Thirty days of a busy tutor's slots, one call at a time and at moderate concurrency.
pub async fn availability(addr: SocketAddr, watched: Watched, now: DateTime<Utc>) -> Outcome<Vec<Row>> {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let path = format!(
        "/api/v2/tutors/{}/availability?from={}&to={}&duration=15",
        fixture::BUSY_SLUG,
        time(now),
        time(now + TimeDelta::days(30))
    );
    let ask = http::get(addr, &path)?;
    let (status, body) = http::once(addr, ask.clone()).await?;
    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    let slots = answer["data"]["slots"].as_array().map_or(0, Vec::len);
    if status != 200 || slots < 200 {
        return Err(format!("{path} answered {status} with {slots} slots").into());
    }
    let mut rows = Vec::new();
    for connections in [1, MODERATE] {
        let measured = measure(&ask, Load { addr, connections, lasting: LASTING }, watched).await?;
        rows.push(availability_row(&measured, connections, slots));
    }
    Ok(rows)
}

fn availability_row(measured: &Measured, connections: usize, slots: usize) -> Row {
    let Measured { sample, used, .. } = measured;
    let (p50, p99) = (sample.within(500), sample.within(990));
    let measured = format!("p50 {p50:.2} ms, p99 {p99:.2} ms");
    let note = format!(
        "{slots} slots in {} bytes, {:.0}/s; {used}",
        sample.bytes / sample.count().max(1),
        sample.rate()
    );
    if connections == 1 {
        let note = format!("the whole round trip, which holds the server's time; {note}");
        let met = p99 < AVAILABILITY_MS;
        return Row::judged("availability of 30 days, one call at a time", measured, "p99 < 5 ms", met, note);
    }
    let note = format!("mostly waiting for a core, so that it is told and not judged; {note}");
    Row::told("availability of 30 days, 8 calls at once", measured, note)
}

/// How often the page and the baseline were asked: what their database counted is divided by it.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The page.
    pub page: u64,
    /// The baseline.
    pub plain: u64,
}

/// The tutor page and its baseline, in turns, so that both see the same machine.
pub async fn tutor_page(
    path: &str,
    (page, page_watched): (SocketAddr, Watched),
    (plain, plain_watched): (SocketAddr, Watched),
) -> Outcome<(Row, Asked)> {
    let (page_ask, plain_ask) = (http::get(page, path)?, http::get(plain, path)?);
    let load = |addr| Load { addr, connections: MODERATE, lasting: LASTING };
    let mut pages = measure(&page_ask, load(page), page_watched).await?;
    let mut plains = measure(&plain_ask, load(plain), plain_watched).await?;
    pages.join(measure(&page_ask, load(page), page_watched).await?);
    plains.join(measure(&plain_ask, load(plain), plain_watched).await?);
    let asked = Asked { page: pages.asked, plain: plains.asked };
    Ok((tutor_row(&pages, &plains), asked))
}

fn tutor_row(page: &Measured, plain: &Measured) -> Row {
    let (pages, plains) = (&page.sample, &plain.sample);
    let share = pages.rate() / plains.rate().max(f64::EPSILON);
    let measured =
        format!("{:.0}/s, plain JSON {:.0}/s: {:.0} %", pages.rate(), plains.rate(), share * 100.0);
    let each = |sample: &Sample| sample.bytes / sample.count().max(1);
    let note = format!(
        "{MODERATE} connections, uncompressed, in turns; page {} bytes, p50 {:.1} ms, p99 {:.1} ms, {}; \
         plain {} bytes, p99 {:.1} ms, {}",
        each(pages),
        pages.within(500),
        pages.within(990),
        page.used,
        each(plains),
        plains.within(990),
        plain.used
    );
    Row::judged("tutor page `/tutors/{slug}`", measured, "≥ 40 % of plain JSON", share >= SHARE, note)
}

/// A page's latency and rate, as told rather than judged; `encoding` is what the browser accepts.
pub async fn page(
    what: &str,
    addr: SocketAddr,
    path: &str,
    encoding: Option<&'static str>,
    watched: Watched,
) -> Outcome<Row> {
    let mut ask = http::get(addr, path)?;
    if let Some(encoding) = encoding {
        ask.headers_mut().insert("accept-encoding", HeaderValue::from_static(encoding));
    }
    let alone = measure(&ask, Load { addr, connections: 1, lasting: LASTING }, watched).await?.sample;
    let Measured { sample, used, .. } =
        measure(&ask, Load { addr, connections: MODERATE, lasting: LASTING }, watched).await?;
    let measured = format!("p50 {:.1} ms, p99 {:.1} ms", alone.within(500), alone.within(990));
    let note = format!(
        "one at a time; {MODERATE} at once: p50 {:.1} ms, p99 {:.1} ms, {:.0}/s; {} bytes; {used}",
        sample.within(500),
        sample.within(990),
        sample.rate(),
        sample.bytes / sample.count().max(1)
    );
    Ok(Row::told(what, measured, note))
}
