//! A person's copy of their own data: what is in it and what never is, how often it is made, who downloads it, and how it
//! ends.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod till;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Cursor, Read as _},
};

use base64::{Engine as _, engine::general_purpose};
use chrono::TimeDelta;
use domain::{
    Code,
    account::Role,
    chat::{MessageBody, ReportReason},
    dispute::{Reason, Statement},
    ids::ThreadId,
    privacy::ExportState,
    review::{Feedback, Rating},
};
use futures::TryStreamExt as _;
use image::{DynamicImage, ImageFormat};
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use services::{
    Actor, Services,
    chat::{self, Whom},
    dispute,
    files::Upload,
    jobs::{self, Job as _},
    mail::{self, Kind},
    notice,
    privacy::{self, Export, WriteExport},
    review, sweep,
    testing::{self, at_hour, now, number, refused},
    tutor,
};
use sqlx::PgPool;
use till::Till;

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF";
const HOUR: TimeDelta = TimeDelta::hours(1);
const WEEK: TimeDelta = TimeDelta::days(7);

/// Every table: the file of an export that has a person's rows of it, or why none has them. Whoever adds a table is
/// stopped by the test and says which it is.
const TABLES: [(&str, &str); 81] = [
    ("account_links", "sign-ins.json"),
    ("attendance", "lessons.json"),
    ("availability_overrides", "tutor.json"),
    ("booking_history", "bookings.json"),
    ("bookings", "bookings.json"),
    ("busy_ranges", "connections.json"),
    ("calendar_accounts", "connections.json"),
    ("calendar_connections", "connections.json"),
    ("calendar_feeds", "preferences.json"),
    ("card_consents", "payments.json"),
    ("cards", "payments.json"),
    ("cases", "none: what admins have to decide; the lesson says what came of it"),
    ("charge_attempts", "payments.json"),
    ("chargeback_evidence", "none: what the platform says to a bank"),
    ("chargebacks", "disputes.json"),
    ("charges", "payments.json"),
    ("chat_attachments", "messages.json"),
    ("chat_members", "messages.json"),
    ("chat_messages", "messages.json"),
    ("chat_reports", "reports.json"),
    ("chat_steps", "messages.json"),
    ("chat_suspensions", "reports.json"),
    ("chat_threads", "messages.json"),
    ("claims", "none: the bookings have it, and holds last ten minutes"),
    ("data_exports", "none: it is this"),
    ("deposits", "payments.json"),
    ("dev_clock", "none: of nobody"),
    ("dev_sandbox", "none: of nobody"),
    ("difference_decisions", "none: what admins decided in office"),
    ("differences", "none: the platform's own accounts"),
    ("dispute_files", "disputes.json"),
    ("dispute_statements", "disputes.json"),
    ("disputes", "disputes.json"),
    ("holds", "none: kept a day, and the bookings have what came of them"),
    ("idempotency_keys", "none: kept a day, hashes"),
    ("known_devices", "sign-ins.json"),
    ("ledger_entries", "ledger.json"),
    ("ledger_events", "ledger.json"),
    ("lesson_entries", "none: names of entries in the person's own calendar"),
    ("lessons", "lessons.json"),
    ("live_events", "none: kept a week, and told of what is here"),
    ("mails", "mails.json"),
    ("meeting_work", "none: of a lesson's meeting"),
    ("meetings", "none: of a lesson; their addresses let their bearer in"),
    ("notices", "notices.json"),
    ("oauth_connections", "connections.json"),
    ("offered_calendars", "connections.json"),
    ("offerings", "tutor.json"),
    ("outbox", "none: told of what is here"),
    ("payment_customers", "none: a key of ours to the payment provider"),
    ("payment_events", "none: the payment provider's messages"),
    ("payout_accounts", "payouts.json"),
    ("payout_corrections", "payouts.json"),
    ("payout_lines", "payouts.json"),
    ("payouts", "payouts.json"),
    ("presence", "account.json"),
    ("provider_lines", "none: the payment provider's own accounts"),
    ("push_devices", "preferences.json"),
    ("pushes", "notices.json"),
    ("quiet_hours", "preferences.json"),
    ("rate_counts", "none: kept two hours"),
    ("ratings", "ratings.json"),
    ("receipt_numbers", "none: of nobody"),
    ("reconciliation_fees", "none: of nobody"),
    ("reconciliations", "none: of nobody"),
    ("recordings", "lessons.json"),
    ("refresh_tokens", "sign-ins.json"),
    ("refunds", "payments.json"),
    ("refusals", "preferences.json"),
    ("retired_join_tokens", "none: addresses that ended"),
    ("reversals", "payouts.json"),
    ("settings", "none: of nobody"),
    ("student_debts", "payments.json"),
    ("tutor_photos", "files/photo.jpg"),
    ("tutors", "tutor.json"),
    ("unwritten_lessons", "none: lessons that wait to be written into the person's own calendar"),
    ("user_sessions", "sign-ins.json"),
    ("users", "account.json"),
    ("video_connections", "connections.json"),
    ("video_events", "none: kept thirty days; the lesson has what they told"),
    ("weekly_windows", "tutor.json"),
];

#[sqlx::test(migrations = "../migrations")]
async fn every_table_is_in_an_export_or_known_not_to_be(db: PgPool) {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() AND tablename <> '_sqlx_migrations'",
    )
    .fetch_all(&db)
    .await
    .expect("tables");
    let known: BTreeSet<_> = TABLES.iter().map(|(table, _)| (*table).to_owned()).collect();
    assert_eq!(tables.into_iter().collect::<BTreeSet<_>>(), known);
}

/// A platform with a payment provider, a tutor and a student, whose files are in a folder that lives as long.
struct Stage {
    till: Till,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn open(db: PgPool) -> Self {
        jobs::migrate(&db).await.expect("the queue");
        let folder = tempfile::tempdir().expect("a folder");
        let address = format!("file://{}/files", folder.path().display());
        let sandbox = Sandbox::start(Options::default()).await.expect("a sandbox");
        let services = testing::services_in(db, &[("STORAGE_URL", &address)], Some(&till::config(&sandbox)));
        let tutor = testing::tutor(&services, "Tina Tutor").await;
        let student = testing::student(&services, "Sam Student").await;
        let till = Till { services, sandbox, tutor, student, client: reqwest::Client::new() };
        till.at(now()).await;
        Stage { till, _folder: folder }
    }

    fn services(&self) -> &Services {
        &self.till.services
    }

    async fn set(&self, now: chrono::DateTime<chrono::Utc>) {
        self.services().clock.set(&self.services().db, Some(now)).await.expect("the clock");
    }

    async fn work(&self) {
        jobs::drain(self.services()).await.expect("worked off");
    }

    async fn asked(&self, actor: &Actor) -> Export {
        privacy::request_export(self.services(), actor).await.expect("asked for")
    }

    async fn list(&self, actor: &Actor) -> Vec<Export> {
        privacy::list_exports(self.services(), actor, 1, 20).await.expect("a list").rows
    }

    /// The file of the latest export of a person, by the link that they are given.
    async fn download(&self, actor: &Actor) -> services::Result<Vec<u8>> {
        let latest = self.list(actor).await[0];
        self.download_of(actor, &latest).await
    }

    async fn download_of(&self, actor: &Actor, export: &Export) -> services::Result<Vec<u8>> {
        let link = privacy::export_link(self.services(), actor, export)?.expect("a link");
        self.follow(actor, export, &link).await
    }

    async fn follow(&self, actor: &Actor, export: &Export, link: &str) -> services::Result<Vec<u8>> {
        let (until, seal) = parts(link);
        let (size, pieces) = privacy::open_export(self.services(), actor, export.id, until, &seal).await?;
        let content: Vec<u8> = pieces.try_collect::<Vec<_>>().await.expect("a content").concat();
        assert_eq!(size, content.len() as u64);
        Ok(content)
    }

    /// What is in a new export of a person, by path.
    async fn export(&self, actor: &Actor) -> BTreeMap<String, Vec<u8>> {
        let export = self.asked(actor).await;
        assert_eq!((export.state, export.size), (ExportState::Requested, None));
        self.work().await;
        // The clock stands still: two that were asked for at one moment have no order.
        let made = self.list(actor).await.into_iter().find(|it| it.id == export.id).expect("an export");
        assert_eq!(made.state, ExportState::Ready);
        let content = self.download_of(actor, &made).await.expect("a file");
        assert_eq!(made.size, i64::try_from(content.len()).ok());
        unpacked(content)
    }
}

fn parts(link: &str) -> (i64, String) {
    let value = |name: &str| {
        let part = link.split(['?', '&']).find_map(|pair| pair.strip_prefix(name)).expect("a part");
        part.to_owned()
    };
    (value("until=").parse().expect("a number"), value("seal="))
}

fn unpacked(content: Vec<u8>) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(content)).expect("an archive");
    let mut files = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).expect("a file");
        let name = file.name().expect("a name").into_owned();
        assert!(file.enclosed_name().is_some(), "{name} leads out of the archive");
        let mut content = Vec::new();
        file.read_to_end(&mut content).expect("its content");
        assert!(files.insert(name.clone(), content).is_none(), "{name}");
    }
    files
}

fn subject(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Value {
    serde_json::from_slice(files.get(name).expect(name)).expect("JSON")
}

fn png() -> Vec<u8> {
    let mut content = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(500, 500).write_to(&mut content, ImageFormat::Png).expect("an image");
    content.into_inner()
}

/// A conversation with a file of the student's and an answer that was read.
async fn talk(stage: &Stage) -> ThreadId {
    let Till { services, tutor, student, .. } = &stage.till;
    let thread = chat::open(services, student, Whom::Tutor(tutor.id)).await.expect("a thread").0.id;
    let body = |text| MessageBody::parse(text).expect("a text");
    let file = chat::upload(services, student, thread, "notes.pdf", PDF.to_vec()).await.expect("kept");
    let said = body("Here are my notes");
    chat::send_with(services, student, thread, &said, None, &[file.id]).await.expect("sent");
    stage.set(now() + TimeDelta::minutes(2)).await;
    chat::read(services, &tutor.actor, thread, None).await.expect("read");
    let file = chat::upload(services, &tutor.actor, thread, "answers.pdf", PDF.to_vec()).await.expect("kept");
    let said = body("And here are the answers");
    chat::send_with(services, &tutor.actor, thread, &said, None, &[file.id]).await.expect("sent");
    let note = Some("Only to see whether it works.");
    chat::report(services, student, thread, None, ReportReason::Other, note).await.expect("reported");
    thread
}

/// A lesson that is taught, paid, rated, paid out and disputed with evidence.
async fn teach(stage: &Stage) {
    let Till { services, tutor, student, .. } = &stage.till;
    stage.till.ready(tutor).await;
    stage.till.card("pm_card_visa").await;
    let first = stage.till.teach(tutor).await;
    let (stars, words) = (Rating::parse(5).expect("a rating"), Feedback::parse("Clear and kind."));
    review::rate(services, student, first.id, stars, Some(words.expect("words"))).await.expect("rated");
    stage.till.at(first.end + HOUR * 73).await;
    stage.till.tick().await;
    assert_eq!(number(services, "SELECT count(*) FROM payouts").await, 1);
    let second = stage.till.teach(tutor).await;
    let upload = Upload { name: "proof.pdf".to_owned(), content: PDF.to_vec() };
    let file = dispute::attach(services, student, second.id, vec![upload]).await.expect("kept")[0].id;
    let said = Statement::parse("It was twenty minutes only.").expect("a statement");
    dispute::open(services, student, second.id, Reason::CutShort, &said, &[file]).await.expect("opened");
    stage.work().await;
}

/// What is kept of sign-ins, calendars and permissions, with secrets that must not leave.
const SECRETS: &str = "
    UPDATE users SET password_hash = '$argon2id$v=19$geheim-' || id, last_sign_in_ip = '203.0.113.7';
    INSERT INTO user_sessions SELECT sha256(id::text::bytea), id, 'Firefox of ' || name, created_at, created_at,
        created_at + interval '30 days' FROM users;
    INSERT INTO refresh_tokens SELECT sha256(('r' || id)::bytea), id, id, created_at, created_at + interval '30 days'
        FROM users;
    INSERT INTO known_devices SELECT id, sha256(('d' || id)::bytea), created_at FROM users;
    INSERT INTO account_links SELECT sha256(('l' || id)::bytea), id, 'sign_in', email, created_at,
        created_at + interval '15 minutes' FROM users;
    INSERT INTO calendar_feeds SELECT id, gen_random_uuid(), sha256(('f' || id)::bytea), created_at FROM users;
    INSERT INTO quiet_hours (user_id, from_min, until_min) SELECT id, 1320, 420 FROM users;
    INSERT INTO refusals (user_id, topic, channel, refused_at) SELECT id, 'questions', 'mail', created_at FROM users;
    INSERT INTO push_devices SELECT gen_random_uuid(), id, sha256(id::text::bytea), 'https://push.test/geheim/' || id,
        decode(repeat('a7', 65), 'hex'), decode(repeat('b8', 16), 'hex'), 'key', created_at FROM users;
    INSERT INTO oauth_connections (id, user_id, provider, subject, scopes, access_token, expires_at, refresh_token, state,
        created_at, renewed_at)
        SELECT id, user_id, 'zoom', 'host', 'meetings', 'geheimer zugang', created_at, 'geheime erneuerung', 'active',
            created_at, created_at FROM tutors;
    INSERT INTO video_connections SELECT id, 'zoom', 'host', 'tina at zoom', id, created_at FROM tutors;
    INSERT INTO calendar_accounts (id, tutor_id, url, login, credential, created_at, kind)
        SELECT id, id, 'https://dav.test/geheim/', 'tina at dav', 'geheimes passwort', created_at, 'caldav' FROM tutors;
    INSERT INTO offered_calendars SELECT id, id, 'https://dav.test/geheim/work', 'Work', NULL, true FROM tutors;
    INSERT INTO calendar_connections (id, tutor_id, url, due_at, created_at)
        SELECT id, id, 'https://tina:geheim@calendar.test/geheim.ics', created_at, created_at FROM tutors;
    INSERT INTO busy_ranges SELECT id, id, tstzrange(created_at, created_at + interval '1 hour') FROM tutors;
";

/// Texts that nobody's export may have: every hash, key and token of the database, and what lets its bearer in.
async fn secrets(db: &PgPool) -> Vec<String> {
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT c.table_name::text, c.column_name::text FROM information_schema.columns c
         JOIN information_schema.tables t USING (table_schema, table_name)
         WHERE c.table_schema = current_schema() AND c.data_type = 'bytea' AND t.table_type = 'BASE TABLE'
             AND c.table_name NOT IN ('tutor_photos', '_sqlx_migrations')",
    )
    .fetch_all(db)
    .await
    .expect("columns");
    let mut found = Vec::new();
    for (table, column) in columns {
        let sql = format!("SELECT {column} FROM {table} WHERE length({column}) > 7");
        let values: Vec<Vec<u8>> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(db).await.expect("values");
        for value in values {
            found.push(value.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")));
            found.push(general_purpose::STANDARD_NO_PAD.encode(&value));
            found.push(general_purpose::URL_SAFE_NO_PAD.encode(&value));
            found.extend(String::from_utf8(value).ok().filter(|text| text.len() > 7));
        }
    }
    let texts = "SELECT password_hash FROM users UNION SELECT join_token FROM bookings
                 UNION SELECT endpoint FROM push_devices UNION SELECT url FROM calendar_connections
                 UNION SELECT url FROM calendar_accounts UNION SELECT url FROM offered_calendars
                 UNION SELECT customer FROM payment_customers UNION SELECT id FROM cards
                 UNION SELECT payment_intent FROM charges WHERE payment_intent IS NOT NULL
                 UNION SELECT provider_transfer FROM payouts WHERE provider_transfer IS NOT NULL
                 UNION SELECT account FROM payout_accounts WHERE account IS NOT NULL
                 UNION SELECT text FROM mails UNION SELECT 'geheim'";
    let texts: Vec<String> = sqlx::query_scalar(texts).fetch_all(db).await.expect("texts");
    found.extend(texts);
    assert!(found.len() > 50, "{}", found.len());
    found
}

#[sqlx::test(migrations = "../migrations")]
async fn all_of_a_person_is_in_it_and_nothing_secret(db: PgPool) {
    let stage = Stage::open(db).await;
    let Till { services, tutor, student, .. } = &stage.till;
    tutor::set_photo(services, &tutor.actor, tutor.id, &png()).await.expect("a photo");
    let thread = talk(&stage).await;
    teach(&stage).await;
    sqlx::raw_sql(SECRETS).execute(&services.db).await.expect("secrets");

    let of_student = stage.export(student).await;
    let of_tutor = stage.export(&tutor.actor).await;
    for (actor, files) in [(student, &of_student), (&tutor.actor, &of_tutor)] {
        let named = TABLES.iter().map(|(_, file)| *file).filter(|file| !file.starts_with("none"));
        let for_tutors = ["tutor.json", "payouts.json", "files/photo.jpg"];
        let named = named.filter(|file| actor.role == Role::Tutor || !for_tutors.contains(file));
        let expected: BTreeSet<_> = named.chain(["README.txt"]).map(str::to_owned).collect();
        let plain = files.keys().filter(|path| !path.ends_with(".pdf")).cloned();
        assert_eq!(plain.collect::<BTreeSet<_>>(), expected, "{}", actor.name);
        let emails: Vec<String> = sqlx::query_scalar("SELECT email FROM users WHERE id <> $1")
            .bind(actor.user.0)
            .fetch_all(&services.db)
            .await
            .expect("addresses");
        for forbidden in secrets(&services.db).await.iter().chain(&emails) {
            for (path, content) in files.iter().filter(|(path, _)| !path.starts_with("files/")) {
                let text = String::from_utf8_lossy(content);
                assert!(!text.contains(forbidden), "{} has {forbidden} in {path}", actor.name);
            }
        }
    }
    let account = subject(&of_student, "account.json");
    assert_eq!(
        (&account["name"], &account["last_sign_in_ip"]),
        (&json!("Sam Student"), &json!("203.0.113.7"))
    );
    assert!(account["email"].as_str().is_some_and(|email| email.ends_with("@fixture.test")));
    let browsers = &subject(&of_student, "sign-ins.json")["browsers"];
    assert_eq!(browsers[0]["browser"], "Firefox of Sam Student");
    assert_eq!(subject(&of_student, "preferences.json")["not_wanted"][0]["topic"], "questions");
    assert_eq!(subject(&of_student, "payments.json")["cards"][0]["last4"], "4242");
    let charges = &subject(&of_student, "payments.json")["charges"];
    assert_eq!((charges.as_array().map(Vec::len), &charges[0]["state"]), (Some(2), &json!("paid")));
    assert_eq!(subject(&of_student, "ratings.json")["written"][0]["feedback"], "Clear and kind.");
    let disputes = subject(&of_student, "disputes.json");
    assert_eq!(disputes[0]["your_statements"][0]["text"], "It was twenty minutes only.");
    let evidence = disputes[0]["your_statements"][0]["files"][0].as_str().expect("a path");
    assert_eq!(of_student[evidence], PDF);
    assert_eq!(subject(&of_student, "bookings.json").as_array().map(Vec::len), Some(2));
    assert_eq!(subject(&of_student, "lessons.json")[0]["your_attendance"][0]["kind"], "join");
    assert_eq!(subject(&of_student, "reports.json")["reports"][0]["about"], "Tina Tutor");
    for (files, account) in [(&of_student, "student"), (&of_tutor, "tutor")] {
        let lines = subject(files, "ledger.json");
        let accounts: BTreeSet<_> =
            lines.as_array().expect("lines").iter().map(|line| line["account"].to_string()).collect();
        assert_eq!(accounts, BTreeSet::from([json!(account).to_string()]));
    }

    let connections = subject(&of_tutor, "connections.json");
    assert_eq!(connections["calendars_read"][0]["host"], "calendar.test");
    assert_eq!(
        (&connections["meetings"][0]["provider"], &connections["permissions"][0]["provider"]),
        (&json!("zoom"), &json!("zoom"))
    );
    assert_eq!(connections["busy_times"].as_array().map(Vec::len), Some(1));
    assert_eq!(connections["calendar_accounts"][0]["calendars"], json!(["Work"]));
    assert_eq!(subject(&of_tutor, "payouts.json")["payouts"][0]["state"], "paid");
    assert_eq!(subject(&of_tutor, "ratings.json")["received"][0]["student"], "Sam");
    let disputes = subject(&of_tutor, "disputes.json");
    assert_eq!(disputes[0]["your_statements"], json!([]), "what the other said is the other's");
    assert_eq!(subject(&of_tutor, "tutor.json")["offerings"].as_array().map(Vec::len), Some(1));
    assert!(of_tutor["files/photo.jpg"].starts_with(b"\xff\xd8"));

    for (files, own, other) in
        [(&of_student, "notes.pdf", "answers.pdf"), (&of_tutor, "answers.pdf", "notes.pdf")]
    {
        let messages = &subject(files, "messages.json")[0]["messages"];
        let messages = messages.as_array().expect("messages");
        assert_eq!(messages.len(), 2);
        let files_of = |from: &str| {
            let message = messages.iter().find(|message| message["from"] == from).expect("a message");
            message["files"][0].clone()
        };
        let path = files_of("you")["path"].as_str().expect("a path").to_owned();
        assert!(path.ends_with(own) && files[&path] == PDF, "{path}");
        assert_eq!((&files_of("other")["name"], &files_of("other")["path"]), (&json!(other), &Value::Null));
        assert!(!files.keys().any(|path| path.ends_with(other)));
    }
    assert_receipts(&stage, thread, &of_student).await;
    testing::assert_invariants(services).await;
}

/// The receipts of an export are those of the view.
async fn assert_receipts(stage: &Stage, thread: ThreadId, files: &BTreeMap<String, Vec<u8>>) {
    let kept: Vec<Value> = sqlx::query_scalar(
        "SELECT to_json(r) FROM (SELECT delivered, read, delivered_at, read_at FROM chat_message_receipts
         WHERE thread_id = $1 ORDER BY message_id) r",
    )
    .bind(thread.0)
    .fetch_all(&stage.services().db)
    .await
    .expect("receipts");
    let messages = &subject(files, "messages.json")[0]["messages"];
    let told: Vec<_> =
        messages.as_array().expect("messages").iter().map(|it| it["receipt"].clone()).collect();
    assert_eq!(told, kept);
    assert_eq!((&told[0]["read"], &told[1]["read"]), (&json!(true), &json!(false)));
    assert_eq!(told[0]["read_at"], json!("2027-03-01T08:02:00+00:00"));
}

#[sqlx::test(migrations = "../migrations")]
async fn one_at_a_time_is_made_and_three_in_a_day(db: PgPool) {
    let stage = Stage::open(db).await;
    let (services, student) = (stage.services(), &stage.till.student);
    for hour in 0..3 {
        stage.set(at_hour(hour)).await;
        stage.asked(student).await;
        let again = refused(privacy::request_export(services, student).await);
        assert_eq!(again, (Code::InvalidState, "export_waits".to_owned()));
        stage.work().await;
    }
    stage.asked(&stage.till.tutor.actor).await;
    stage.set(at_hour(23)).await;
    let error = privacy::request_export(services, student).await.expect_err("the fourth");
    let services::AppError::Refused { refusal, details } = error else { unreachable!("{error:?}") };
    assert_eq!((refusal.code, details), (Code::RateLimited, json!({ "retry_after": 3600 })));
    stage.set(at_hour(24)).await;
    stage.asked(student).await;
    stage.work().await;
    assert_eq!(stage.list(student).await.len(), 4);
    assert_eq!(number(services, "SELECT count(*) FROM mails WHERE kind = 'export_ready'").await, 5);

    // Many who ask at once: one is made.
    stage.set(at_hour(60)).await;
    let asking = (0..4).map(|_| privacy::request_export(services, student));
    let asked = futures::future::join_all(asking).await;
    assert_eq!(asked.iter().filter(|asked| asked.is_ok()).count(), 1);
    stage.work().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_job_that_runs_again_makes_one_export_and_tells_once(db: PgPool) {
    let stage = Stage::open(db).await;
    let (services, student) = (stage.services(), &stage.till.student);
    let export = stage.asked(student).await;
    // A process that was killed left its file, and no note of it.
    let name = format!("exports/{}", export.id);
    services.storage.put(&name, b"half of something else".to_vec()).await.expect("kept");
    let job = WriteExport { export: export.id };
    for _ in 0..3 {
        job.clone().run(services).await.expect("made");
    }
    // Two at once.
    let (one, other) = tokio::join!(job.clone().run(services), job.clone().run(services));
    one.and(other).expect("made");
    stage.work().await;
    assert!(unpacked(stage.download(student).await.expect("a file")).contains_key("account.json"));
    assert_eq!(services.storage.names().await.expect("names"), [name]);
    let mails = mail::list(services).await.expect("mails");
    let told: Vec<_> = mails.iter().filter(|mail| mail.kind == "export_ready").collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].text.contains("/settings#your-data") && told[0].unsubscribe.is_none());
    let notices = notice::list(services, student, 1).await.expect("notices").rows;
    assert_eq!(notices.iter().map(|notice| notice.kind).collect::<Vec<_>>(), [Kind::ExportReady]);
    let (kind, subject) = notice::open(services, student, notices[0].id).await.expect("opened");
    assert_eq!(notice::page(kind, subject), "/settings#your-data");
    assert_eq!(number(services, "SELECT count(*) FROM live_events WHERE kind = 'notice'").await, 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn only_its_person_downloads_it_and_only_for_a_week(db: PgPool) {
    let stage = Stage::open(db).await;
    let (services, student, tutor) = (stage.services(), &stage.till.student, &stage.till.tutor.actor);
    let admin = testing::user(services, "Ada", Role::Admin).await;
    let waiting = stage.asked(student).await;
    assert_eq!(privacy::export_link(services, student, &waiting).expect("no fault"), None);
    stage.work().await;
    let export = stage.list(student).await[0];
    assert_eq!(export.ends_at, now() + WEEK);
    let link = privacy::export_link(services, student, &export).expect("no fault").expect("a link");
    assert!(stage.follow(student, &export, &link).await.is_ok());
    let wrong = link.replace("seal=", "seal=A");
    for (actor, link) in [(tutor, &link), (&admin, &link), (student, &wrong)] {
        assert_eq!(refused(stage.follow(actor, &export, link).await).0, Code::NotFound);
    }
    let own = privacy::export_link(services, tutor, &export).expect("no fault").expect("a link");
    assert_eq!(
        refused(stage.follow(tutor, &export, &own).await).0,
        Code::NotFound,
        "a link alone is not enough"
    );
    stage.set(now() + HOUR * 2).await;
    assert_eq!(refused(stage.follow(student, &export, &link).await).0, Code::LinkExpired);

    stage.set(now() + WEEK - HOUR).await;
    assert_eq!(sweep::run(services).await.expect("swept").exports_removed, 0);
    assert!(stage.download(student).await.is_ok());
    let late = privacy::export_link(services, student, &export).expect("no fault").expect("a link");
    stage.set(now() + WEEK).await;
    assert_eq!(refused(stage.follow(student, &export, &late).await).0, Code::LinkExpired);
    assert_eq!(stage.list(student).await[0].state, ExportState::Expired, "before it is swept");
    for removed in [1, 0] {
        assert_eq!(sweep::run(services).await.expect("swept").exports_removed, removed);
        assert_eq!(services.storage.names().await.expect("names"), [""; 0]);
    }
    assert_eq!(stage.list(student).await[0].state, ExportState::Expired);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_could_not_be_made_in_a_week_is_over(db: PgPool) {
    let stage = Stage::open(db).await;
    let (services, student) = (stage.services(), &stage.till.student);
    let export = stage.asked(student).await;
    stage.set(now() + WEEK).await;
    // Before any sweep, another one can be asked for.
    let next = stage.asked(student).await;
    assert_eq!(sweep::run(services).await.expect("swept").exports_removed, 1);
    WriteExport { export: export.id }.run(services).await.expect("nothing to do");
    stage.work().await;
    let states: Vec<_> = stage.list(student).await.iter().map(|export| (export.id, export.state)).collect();
    assert_eq!(states, [(next.id, ExportState::Ready), (export.id, ExportState::Expired)]);
    assert_eq!(services.storage.names().await.expect("names"), [format!("exports/{}", next.id)]);
    assert_eq!(number(services, "SELECT count(*) FROM mails WHERE kind = 'export_ready'").await, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn it_says_what_it_is_in_its_person_s_language(db: PgPool) {
    let stage = Stage::open(db).await;
    for (locale, title, subject) in [
        ("en", "Your data at Lectern", "Your data is ready to download"),
        ("fr", "Vos données chez Lectern", "Vos données sont prêtes à être téléchargées"),
    ] {
        sqlx::query("UPDATE users SET locale = $1")
            .bind(locale)
            .execute(&stage.services().db)
            .await
            .expect("a language");
        let files = stage.export(&stage.till.student).await;
        let readme = String::from_utf8(files["README.txt"].clone()).expect("a text");
        assert!(
            readme.starts_with(title) && readme.contains("Sam Student") && readme.contains("2027"),
            "{readme}"
        );
        assert!(!readme.contains("{{"), "{readme}");
        for path in files.keys().filter(|path| path.ends_with(".json")) {
            assert!(readme.contains(path.as_str()), "{locale}: {path}");
        }
        for sign in [" ;", " !", " ?", " :"] {
            assert!(locale == "en" || !readme.contains(sign), "{readme}");
        }
        let mails = mail::list(stage.services()).await.expect("mails");
        assert!(mails.iter().any(|mail| mail.subject == subject), "{locale}");
    }
}
