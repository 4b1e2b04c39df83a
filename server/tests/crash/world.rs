//! A database, a provider and the people in it, for servers that are killed.

use std::{sync::Arc, time::Instant};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{account::Role, booking::Booking};
use serde_json::{Value, json};
use services::{
    Actor, Services, chance,
    config::StripeConfig,
    jobs, lesson, payment, payout,
    testing::{self, Tutor, at_hour, booked, now, ports::free_address},
};
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;
use tempfile::TempDir;

use crate::{
    points::{PATIENCE, Watch},
    postgres::Postgres,
    processes::{Environment, LOOK_AGAIN, Sandbox, Server, WEBHOOK_SECRET},
    provider::Provider,
};

/// Everything around a server.
pub struct World {
    pub services: Services,
    pub sandbox: Sandbox,
    pub points: Arc<Watch>,
    pub environment: Environment,
    pub client: reqwest::Client,
    postgres: Postgres,
    _provider: Provider,
    folder: TempDir,
}

/// A lesson and who is concerned.
pub struct Lesson {
    pub booking: Booking,
    pub student: Actor,
    pub tutor: Tutor,
    /// The provider's objects before it.
    before: Value,
}

impl World {
    /// Starts all but a server.
    pub async fn start(db: &PgPool) -> Self {
        jobs::migrate(db).await.expect("the queue");
        let points = Arc::new(Watch::default());
        let address = free_address().to_string();
        let sandbox = Sandbox::start(&address);
        let stripe = StripeConfig {
            secret_key: "sk_test_sandbox".to_owned(),
            publishable_key: "pk_test_sandbox".to_owned(),
            webhook_secret: WEBHOOK_SECRET.to_owned(),
            api_base: Some(sandbox.url.clone()),
            js_url: format!("{}/v3/", sandbox.url),
        };
        let services = testing::services_with(db.clone(), Some(&stripe));
        // The comparison of the day belongs to its own scenario: on every other day there was one already.
        let none_due =
            "INSERT INTO reconciliations (id, stage, judged_from, judged_until, cursor_at, cursor_id,
                            started_at, handed_out_at, finished_at)
                        SELECT gen_random_uuid(), 'done', 'epoch', 'epoch', 'epoch', '', at, at, 'epoch'
                        FROM generate_series('2026-01-01'::timestamptz, '2029-01-01', '20 hours') AS at";
        testing::execute(&services, none_due).await;
        let postgres = Postgres::start(&db.connect_options(), points.clone()).await;
        let provider = Provider::start(&sandbox.url, points.clone()).await;
        let folder = tempfile::tempdir().expect("a folder");
        let environment = Environment {
            address,
            database: postgres.url.clone(),
            provider: provider.url.clone(),
            log: folder.path().join("server.log"),
            more: Vec::new(),
        };
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
        let client = client.expect("a client");
        World { services, sandbox, points, environment, client, postgres, _provider: provider, folder }
    }

    /// A server that does only what it is asked, so that its points come in one order.
    pub async fn quiet_server(&self) -> Server {
        Server::start(&self.environment, &["--no-work"]).await
    }

    /// A server that also looks for work by itself.
    pub async fn server(&self) -> Server {
        Server::start(&self.environment, &[]).await
    }

    /// Another of them.
    pub async fn another_server(&self) -> Server {
        Server::start(&self.another_environment(), &[]).await
    }

    /// Where another server is, beside the first.
    pub fn another_environment(&self) -> Environment {
        let log = self.folder.path().join("another.log");
        Environment { address: free_address().to_string(), log, ..self.environment.clone() }
    }

    /// What the servers said.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.environment.log).unwrap_or_default()
    }

    /// Sets the clock of all servers and of the provider.
    pub async fn set_clock(&self, now: DateTime<Utc>) {
        self.services.clock.set(&self.services.db, Some(now)).await.expect("the clock");
        self.sandbox.control("PUT", "clock", &json!({ "now": now })).await;
    }

    /// A lesson that is booked. The student has these cards, the first of them chosen.
    pub async fn booked(&self, cards: &[&str]) -> Lesson {
        self.set_clock(now()).await;
        // A comparison that was due at the end of the last scenario is not due in the middle of this one.
        let none_due = "UPDATE reconciliations SET handed_out_at = started_at";
        testing::execute(&self.services, none_due).await;
        let before = self.sandbox.state().await;
        let tutor = testing::tutor(&self.services, "Tina").await;
        let student = testing::student(&self.services, "Sam").await;
        for card in cards {
            payment::save_card(&self.services, &student, card, "I agree.").await.expect("a card");
        }
        let booking = booked(&self.services, &student, &tutor, at_hour(4)).await;
        // Both know of it: the mails about a booking are no part of what becomes of its money.
        testing::execute(&self.services, "UPDATE outbox SET dispatched_at = created_at").await;
        Lesson { booking, student, tutor, before }
    }

    /// The tutor says to the provider where earnings are to be sent.
    pub async fn ready(&self, tutor: &Tutor) {
        let link = payout::begin_onboarding(&self.services, &tutor.actor, tutor.id, "/tutor/earnings").await;
        let link = link.expect("a link");
        self.client.get(&link).send().await.expect("a page");
        self.client.post(&link).form(&[("outcome", "complete")]).send().await.expect("sent");
        payout::look_again(&self.services, &tutor.actor, tutor.id).await.expect("looked up");
    }

    /// The comparison of the day is due, of everything: each time a scenario happens, the clock is set back.
    pub async fn reconciles(&self) {
        let due = "UPDATE reconciliations SET handed_out_at = 'epoch', judged_until = 'epoch', newest = NULL";
        testing::execute(&self.services, due).await;
    }

    /// Both come, and the lesson ends now.
    pub async fn teach(&self, lesson: &Lesson) {
        self.services.clock.show(Some(lesson.booking.start));
        for actor in [&lesson.student, &lesson.tutor.actor] {
            lesson::join(&self.services, actor, lesson.booking.id).await.expect("let in");
        }
        self.set_clock(lesson.booking.end).await;
    }

    /// The student does not come, the tutor says so, and the lesson ends now.
    pub async fn miss(&self, lesson: &Lesson) {
        let (booking, tutor) = (&lesson.booking, &lesson.tutor.actor);
        self.services.clock.show(Some(booking.start));
        lesson::join(&self.services, tutor, booking.id).await.expect("let in");
        self.services.clock.show(Some(booking.start + TimeDelta::minutes(20)));
        lesson::mark_no_show(&self.services, tutor, booking.lesson).await.expect("marked");
        self.set_clock(booking.end).await;
    }

    /// An admin.
    pub async fn admin(&self) -> Actor {
        testing::user(&self.services, "Ada", Role::Admin).await
    }

    /// Signs somebody in: what the cookie of the browser says.
    pub async fn cookie(&self, actor: &Actor) -> String {
        let token = chance::token();
        let now = self.services.clock.now();
        sqlx::query(
            "INSERT INTO user_sessions (token_hash, user_id, created_at, last_seen_at, expires_at)
             VALUES ($1, $2, $3, $3, $3 + interval '30 days')",
        )
        .bind(Sha256::digest(token.as_bytes()).to_vec())
        .bind(actor.user.0)
        .bind(now)
        .execute(&self.services.db)
        .await
        .expect("signed in");
        format!("lectern_session={token}")
    }

    /// Kills a server. Its connections end with it, and the database rolls back what was under way.
    pub async fn kill(&self, server: Server) {
        self.kill_and_leave(server).await;
        self.age_the_queue().await;
    }

    /// The same; what it was working on is left as it is.
    pub async fn kill_and_leave(&self, mut server: Server) {
        server.kill();
        self.postgres.cut();
        // One that does nothing yet may have a statement to read.
        let gone = "SELECT count(*) = 0 FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name = 'lectern'";
        self.wait_for("the connections of a killed server to end", gone).await;
    }

    /// Waits until a statement says yes.
    pub async fn wait_for(&self, what: &str, sql: &'static str) {
        let began = Instant::now();
        while !sqlx::query_scalar::<_, bool>(sql).fetch_one(&self.services.db).await.expect(sql) {
            assert!(began.elapsed() < PATIENCE, "waited for {what}; the server says:\n{}", self.said());
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// What a killed process was working on is taken over once it has given no sign of life for half a minute of the
    /// database's clock, which no test can move: its signs are made older instead.
    async fn age_the_queue(&self) {
        for sql in [
            "UPDATE graphile_worker._private_jobs SET locked_at = locked_at - interval '1 hour'
             WHERE locked_at IS NOT NULL",
            "UPDATE graphile_worker._private_workers SET last_heartbeat_at = last_heartbeat_at - interval '1 hour'",
        ] {
            testing::execute(&self.services, sql).await;
        }
    }

    /// Lets a server work off all that is due, until nothing is left: what it was just working on by itself, it does
    /// not do again when asked.
    pub async fn work_off(&self, server: &Server) {
        let began = Instant::now();
        loop {
            let ticked = self.post(server, "/dev/tick", None).await.expect("an answer");
            assert!(ticked.status().is_success(), "{}", self.said());
            let left = "SELECT (SELECT count(*) FROM graphile_worker._private_jobs)
                             + (SELECT count(*) FROM outbox WHERE dispatched_at IS NULL)
                             + (SELECT count(*) FROM charges WHERE state = 'scheduled')
                             + (SELECT count(*) FROM reconciliations WHERE finished_at IS NULL)
                             + (SELECT count(*) FROM bookings, dev_clock WHERE state = 'confirmed' AND ends_at <= now)";
            if testing::number(&self.services, left).await == 0 {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "work is left; the server says:\n{}", self.said());
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Posts, in somebody's name, a form or nothing: none where the answer is lost.
    pub async fn post(
        &self,
        server: &Server,
        path: &str,
        form: Option<(&str, &[(&str, &str)])>,
    ) -> Option<reqwest::Response> {
        let mut request = self.client.post(format!("{}{path}", server.base));
        if let Some((cookie, fields)) = form {
            request = request.header("cookie", cookie).form(fields);
        }
        request.send().await.ok()
    }

    /// All that became of a lesson's money, here and at the provider.
    pub async fn story(&self, lesson: &Lesson) -> String {
        let sql = "
            WITH charge AS (SELECT * FROM charges WHERE booking_id = $1)
            SELECT concat_ws(E'\n',
              (SELECT 'charge: ' || state || ' ' || amount_minor || ', given back ' || refunded_minor FROM charge),
              (SELECT 'attempts: ' || string_agg(state, ', ' ORDER BY created_at, state)
               FROM charge_attempts WHERE charge_id IN (SELECT id FROM charge)),
              (SELECT 'debts: ' || string_agg(coalesce(cleared_by, 'open'), ', ') FROM student_debts
               WHERE charge_id IN (SELECT id FROM charge)),
              (SELECT 'refunds: ' || string_agg(state || ' ' || amount_minor, ', ') FROM refunds
               WHERE charge_id IN (SELECT id FROM charge)),
              (SELECT 'payouts: ' || string_agg(p.state || ' ' || l.amount_minor || ' of ' || p.amount_minor, ', '
                   ORDER BY p.created_at) FROM payouts p JOIN payout_lines l ON l.payout_id = p.id
               WHERE l.charge_id IN (SELECT id FROM charge)),
              (SELECT 'reversals: ' || string_agg(state || ' ' || amount_minor, ', ') FROM reversals
               WHERE charge_id IN (SELECT id FROM charge)),
              (SELECT 'carried: ' || string_agg(reason || ' ' || amount_minor, ', ') FROM payout_corrections
               WHERE charge_id IN (SELECT id FROM charge)),
              (SELECT 'disputes: ' || string_agg(concat_ws(' ', state, outcome, remedy, amount_minor), ', ')
               FROM disputes WHERE booking_id = $1),
              (SELECT 'differences: ' || string_agg(d.fault || ' ' || d.provider_minor, ', ')
                      || CASE WHEN (SELECT sum(fee_minor) FROM provider_lines)
                                   = (SELECT sum(amount_minor) FROM ledger_events v
                                      JOIN ledger_entries n ON n.event_id = v.id
                                      WHERE v.kind = 'fee' AND n.account = 'provider')
                              THEN ', fees entered once' ELSE ', fees wrong' END
               FROM differences d WHERE d.booking_id = $1),
              (SELECT 'ledger: ' || string_agg(v.kind || ' ' || n.amount_minor, ', ' ORDER BY n.id)
               FROM ledger_events v JOIN ledger_entries n ON n.event_id = v.id WHERE v.booking_id = $1),
              (SELECT 'deposits: ' || string_agg(state || ' used ' || used_minor || ', returned ' || returned_minor, ', ')
               FROM deposits WHERE booking_id = $1),
              (SELECT 'mails: ' || string_agg(kind, ', ' ORDER BY created_at, kind) FROM mails
               WHERE user_id = $2),
              (SELECT 'outbox: ' || string_agg(kind, ', ' ORDER BY id) FROM outbox
               WHERE booking_id = $1 AND kind <> 'booking.created'),
              (SELECT 'messages: ' || string_agg(kind || coalesce(' at ' || processed_at, ' not processed'), ', ')
               FROM payment_events WHERE payload #>> '{data,object,metadata,booking}' = $1::text))";
        let here: String = sqlx::query_scalar(sql)
            .bind(lesson.booking.id.0)
            .bind(lesson.student.user.0)
            .fetch_one(&self.services.db)
            .await
            .expect("a story");
        let state = self.sandbox.state().await;
        let more = |kind: &str| {
            let count = |state: &Value| state.pointer(kind).and_then(Value::as_u64).unwrap_or_default();
            count(&state) - count(&lesson.before)
        };
        let moved = match (more("/transfers"), more("/transfer_reversals")) {
            (0, 0) => String::new(),
            (transfers, reversals) => format!(", {transfers} transfers, {reversals} reversals"),
        };
        format!(
            "{here}\nprovider: {} payments, {} of them succeeded, {} refunds{moved}",
            more("/payment_intents"),
            more("/payment_intents_by_status/succeeded"),
            more("/refunds")
        )
    }

    /// Asserts that nothing has happened that must never happen.
    pub async fn assert_invariants(&self, server: &Server) {
        let answer = reqwest::get(format!("{}/status/invariants", server.base)).await.expect("an answer");
        let counted: Value = answer.json().await.expect("an object");
        let numbers = numbers(&counted);
        assert!(numbers.len() > 10 && numbers.iter().all(|number| *number == 0.0), "{counted}");
    }
}

/// All numbers in a value.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Object(map) => map.values().flat_map(numbers).collect(),
        Value::Array(list) => list.iter().flat_map(numbers).collect(),
        other => other.as_f64().into_iter().collect(),
    }
}
