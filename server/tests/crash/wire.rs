//! As much of Postgres's protocol as is needed to see what is written and committed.

/// A worker takes a job.
pub const CLAIM: &str = "queue: taken";

/// A message: its letter, and all of it. The very first one of a connection has no letter.
pub struct Frame {
    pub letter: u8,
    pub bytes: Vec<u8>,
}

/// Takes a whole message from the front of what has arrived.
pub fn take(arrived: &mut Vec<u8>, is_first: bool) -> Option<Frame> {
    let head = usize::from(!is_first);
    let length = arrived.get(head..head + 4)?.try_into().ok().map(u32::from_be_bytes)?;
    let end = head + usize::try_from(length).expect("a length");
    if arrived.len() < end {
        return None;
    }
    let bytes: Vec<u8> = arrived.drain(..end).collect();
    Some(Frame { letter: if is_first { 0 } else { bytes[0] }, bytes })
}

/// The texts in a message, each of which ends with a zero.
pub fn texts(frame: &Frame) -> Vec<String> {
    let body = frame.bytes.get(5..).unwrap_or_default();
    body.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}

/// How many rows a statement wrote, by the tag with which it ended: `INSERT 0 3`, `UPDATE 1`. A SELECT may have
/// called a function that writes.
pub fn rows(tag: &str) -> u64 {
    tag.rsplit(' ').next().and_then(|count| count.parse().ok()).unwrap_or_default()
}

/// The tables that a statement writes to, in its order; `jobs` for a job that it enqueues.
pub fn written(sql: &str) -> Vec<String> {
    let words: Vec<&str> = sql.split(|c: char| c.is_whitespace() || "(),;".contains(c)).collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let is = |at: usize, text: &str| words.get(at).is_some_and(|word| word.eq_ignore_ascii_case(text));
    let mut tables = Vec::new();
    for at in 0..words.len() {
        // Not FOR UPDATE, FOR NO KEY UPDATE, ON CONFLICT DO UPDATE.
        let locks = at > 0 && ["for", "key", "do"].iter().any(|word| is(at - 1, word));
        let table = if (is(at, "insert") && is(at + 1, "into")) || (is(at, "delete") && is(at + 1, "from")) {
            words.get(at + 2)
        } else if is(at, "update") && !locks {
            words.get(at + 1)
        } else if words[at].contains("graphile_worker.add_job") {
            Some(&"jobs")
        } else {
            None
        };
        if let Some(table) = table {
            let name = table.rsplit('.').next().unwrap_or(table);
            tables.push(name.trim_matches('"').to_owned());
        }
    }
    tables
}

/// Tables whose writes outside of a transaction are no points:
/// what sweeps prune, the notes of who was seen, the clock of development.
const HOUSEKEEPING: [&str; 14] = [
    "claims",
    "holds",
    "user_sessions",
    "refresh_tokens",
    "idempotency_keys",
    "rate_counts",
    "live_events",
    "known_devices",
    "account_links",
    "notices",
    "pushes",
    "video_events",
    "recordings",
    "dev_clock",
];

/// The name of the point at a statement outside of a transaction, which commits by itself. None where it writes
/// nothing, or is no part of charging, refunding and the provider's messages.
pub fn point_of_statement(sql: &str) -> Option<String> {
    let mut tables = written(sql);
    tables.retain(|table| !HOUSEKEEPING.contains(&&**table));
    tables.sort_unstable();
    tables.dedup();
    let first = tables.first()?;
    if !first.starts_with('_') {
        return Some(format!("write: {}", tables.join(", ")));
    }
    // The queue's own rows. Taking a job, ending it and noting its failure are points; which worker lives, which
    // kinds of jobs there are, and what is tried again when, is bookkeeping.
    let sql = sql.to_lowercase();
    if !tables.iter().any(|table| table == "_private_jobs") {
        None
    } else if sql.contains("attempts + 1") {
        Some(CLAIM.to_owned())
    } else if sql.trim_start().starts_with("delete") {
        Some("queue: done".to_owned())
    } else if sql.contains("last_error") {
        Some("queue: failed".to_owned())
    } else {
        None
    }
}

#[test]
fn what_statements_write_is_read_from_their_text() {
    for (sql, tables) in [
        ("SELECT id FROM charges WHERE id = $1 FOR UPDATE", &[][..]),
        ("INSERT INTO outbox (kind) VALUES ($1)", &["outbox"]),
        (
            "INSERT INTO receipt_numbers (last) VALUES (1) ON CONFLICT (s) DO UPDATE SET last = 2",
            &["receipt_numbers"],
        ),
        (
            "UPDATE charges SET a = 1 WHERE id IN (SELECT id FROM charges FOR UPDATE SKIP LOCKED)",
            &["charges"],
        ),
        (
            "WITH event AS (\n INSERT INTO ledger_events (id) VALUES ($1)) INSERT INTO ledger_entries SELECT 1",
            &["ledger_events", "ledger_entries"],
        ),
        ("SELECT graphile_worker.add_job($1, $2::json)", &["jobs"]),
        ("delete from \"graphile_worker\".\"_private_jobs\" where id = 1", &["_private_jobs"]),
    ] {
        assert_eq!(written(sql), tables, "{sql}");
    }
}

#[test]
fn statements_that_commit_by_themselves_are_points_unless_they_keep_house() {
    for (sql, point) in [
        ("UPDATE payment_events SET processed_at = $2", Some("write: payment_events")),
        ("DELETE FROM claims WHERE id IN (SELECT id FROM claims)", None),
        ("delete from graphile_worker._private_jobs where id = $1", Some("queue: done")),
        ("update graphile_worker._private_jobs as jobs set attempts = jobs.attempts + 1", Some(CLAIM)),
        (
            "with q as (update graphile_worker._private_job_queues set locked_by = $1)
             update graphile_worker._private_jobs set attempts = jobs.attempts + 1",
            Some(CLAIM),
        ),
        ("update graphile_worker._private_jobs set run_at = now()", None),
        ("insert into graphile_worker._private_tasks select 1", None),
        ("SELECT 1", None),
    ] {
        assert_eq!(point_of_statement(sql).as_deref(), point, "{sql}");
    }
}
