//! Every kind of mail in every language as it leaves for the mail server, read by somebody else's parsers.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod letters;
mod post;
mod till;

use std::{
    collections::BTreeSet,
    fmt::{self, Debug, Formatter},
    path::Path,
};

use calcard::icalendar::ICalendar;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    account::{Email, Language, Password, PersonName, Role},
    booking::Booking,
    chat::MessageBody,
    dispute::{Outcome, Reason, Statement},
    zone::Zone,
};
use hmac::{Hmac, Mac as _};
use insta::assert_debug_snapshot;
use letters::World;
use mail_parser::{Message, MessageParser, MimeHeaders as _};
use post::Post;
use sandbox::{Options, Sandbox};
use serde_json::json;
use services::{
    account::{self, Browser, Registration},
    booking, chat, dispute, lesson,
    mail::{self, Mail},
    payment, payout, privacy, reconcile,
    testing::{self, at_hour},
    video,
};
use sha2::Sha256;
use sqlx::PgPool;

const HOUR: TimeDelta = TimeDelta::hours(1);
const ZOOM_SECRET: &str = "of tests";
const ORIGIN: &str = "http://127.0.0.1:3000/";

/// Where everything happens of which mails are written.
struct Stage {
    world: World,
    sandbox: Sandbox,
}

impl Stage {
    async fn open(db: PgPool, (post, folder): (&Post, &Path), language: Language) -> Self {
        let files = format!("file://{}/files", folder.display());
        let sandbox = Sandbox::start(Options::default()).await.expect("a sandbox");
        let vars = [
            ("SMTP_URL", &*post.url()),
            ("STORAGE_URL", &*files),
            ("ZOOM_CLIENT_ID", "lectern"),
            ("ZOOM_CLIENT_SECRET", "geheim"),
            ("ZOOM_WEBHOOK_SECRET", ZOOM_SECRET),
        ];
        let services = testing::services_in(db, &vars, Some(&till::config(&sandbox)));
        let reader = (language.tag(), "America/New_York");
        let stage = Stage { world: World::with(services, reader, reader).await, sandbox };
        stage.setting("collection", json!("authorize")).await;
        stage
    }

    async fn setting(&self, name: &str, value: serde_json::Value) {
        sqlx::query("INSERT INTO settings (name, value) VALUES ($1, $2)")
            .bind(name)
            .bind(value)
            .execute(&self.world.services.db)
            .await
            .expect("a setting");
    }

    /// Does all that is due at an instant, at the provider too.
    async fn at(&self, now: DateTime<Utc>) {
        let url = format!("{}/_control/clock", self.sandbox.url());
        let clock = reqwest::Client::new().put(url).json(&json!({ "now": now }));
        clock.send().await.expect("asked").error_for_status().expect("set");
        self.world.tick_at(now).await;
    }

    async fn joined(&self, booking: &Booking, both: bool) {
        self.world.set(booking.start).await;
        let (services, tutor) = (&self.world.services, &self.world.tutor.actor);
        lesson::join(services, tutor, booking.id).await.expect("let in");
        if both {
            lesson::join(services, &self.world.student, booking.id).await.expect("let in");
        }
    }

    /// A person joins, signs in from elsewhere, and asks for a link.
    async fn accounts(&self, language: Language) {
        let services = &self.world.services;
        let email = Email::parse("kim@example.org").expect("an address");
        let registration = Registration {
            email: email.clone(),
            password: Password::parse("correct horse battery").expect("a password"),
            name: PersonName::parse("Kim Élodie").expect("a name"),
            role: Role::Student,
            zone: Zone::parse("Europe/Paris").expect("a zone"),
            language,
            marketing_opt_in: None,
        };
        account::register(services, registration).await.expect("an account");
        for _ in 0..2 {
            let browser = Browser::default();
            account::sign_in(services, "kim@example.org", "correct horse battery", browser)
                .await
                .expect("in");
        }
        account::ask_sign_in(services, &email).await.expect("asked");
        self.world.work().await;
    }

    /// A message that nobody reads.
    async fn message(&self) {
        let (services, student) = (&self.world.services, &self.world.student);
        let whom = chat::Whom::Tutor(self.world.tutor.id);
        let thread = chat::open(services, student, whom).await.expect("a thread").0.id;
        let body = MessageBody::parse("Hello").expect("a text");
        chat::send(services, student, thread, &body, None).await.expect("sent");
        self.at(services.clock.now() + TimeDelta::minutes(5)).await;
    }

    /// Requests with every answer, and none.
    async fn requests(&self) {
        let (services, tutor) = (&self.world.services, &self.world.tutor.actor);
        self.world.asks_to_confirm().await;
        let declined = self.world.booked_at(at_hour(40)).await;
        self.world.work().await;
        booking::decline(services, tutor, declined.id, Some("Away")).await.expect("declined");
        self.world.booked_at(at_hour(50)).await;
        self.at(at_hour(25)).await;
        let moved = self.world.booked_at(at_hour(60)).await;
        self.world.work().await;
        booking::confirm(services, tutor, moved.id).await.expect("confirmed");
        self.world.work().await;
        booking::reschedule(services, &self.world.student, moved.id, at_hour(70), None).await.expect("moved");
        self.world.work().await;
        booking::cancel(services, &self.world.student, moved.id, None).await.expect("cancelled");
        testing::execute(services, "UPDATE tutors SET confirm_requests = NULL").await;
        self.world.work().await;
    }

    /// A dispute: opened, answered, decided.
    async fn disputed(&self, booking: &Booking) {
        let (services, student) = (&self.world.services, &self.world.student);
        let admin = testing::user(services, "Ada", Role::Admin).await;
        let words = |text| Statement::parse(text).expect("a statement");
        let said = words("Too short.");
        let opened = dispute::open(services, student, booking.id, Reason::CutShort, &said, &[]);
        let id = opened.await.expect("opened").id;
        self.world.work().await;
        dispute::answer(services, &self.world.tutor.actor, id, &words("It was not."), &[])
            .await
            .expect("said");
        self.world.work().await;
        dispute::decide(services, &admin, id, Outcome::Partial, Some(1000), "Half of it was lost.", None)
            .await
            .expect("decided");
        self.world.work().await;
    }

    /// A refund that the provider refuses.
    async fn not_given_back(&self, booking: &Booking) {
        let services = &self.world.services;
        let fault = json!({ "path": "/v1/refunds", "kind": "error_before", "status": 400 });
        let url = format!("{}/_control/faults", self.sandbox.url());
        let planned = reqwest::Client::new().post(url).json(&fault).send().await.expect("asked");
        planned.error_for_status().expect("planned");
        let admin = testing::user(services, "Zoe", Role::Admin).await;
        self.admins_alike().await;
        payment::refund(services, &admin, booking.id, Some(500), "Late.").await.expect("noted");
        self.world.work().await;
    }

    /// The tutor removes our app at Zoom.
    async fn permission(&self) {
        let (services, tutor) = (&self.world.services, &self.world.tutor);
        let before = services.clock.now() - HOUR;
        let sql = "WITH permitted AS (
                       INSERT INTO oauth_connections (id, user_id, provider, subject, scopes, access_token,
                           expires_at, refresh_token, state, created_at, renewed_at)
                       VALUES (gen_random_uuid(), $1, 'zoom', 'host-tina', '', '', $3, '', 'active', $3, $3)
                       RETURNING id)
                   INSERT INTO video_connections (tutor_id, provider, account, login, oauth_id, created_at)
                   SELECT $2, 'zoom', 'host-tina', 'tina@zoom.test', id, $3 FROM permitted";
        let connected = sqlx::query(sql).bind(tutor.actor.user.0).bind(tutor.id.0).bind(before);
        connected.execute(&services.db).await.expect("an account");
        let now = services.clock.now();
        let told = json!({ "user_id": "host-tina", "client_id": "lectern", "deauthorization_time": now });
        let body = json!({ "event": "app_deauthorized", "payload": told }).to_string();
        let timestamp = now.timestamp().to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(ZOOM_SECRET.as_bytes()).expect("a key");
        mac.update(format!("v0:{timestamp}:{body}").as_bytes());
        let bytes = mac.finalize().into_bytes();
        let signature = bytes.iter().fold("v0=".to_owned(), |text, byte| format!("{text}{byte:02x}"));
        video::receive(services, &timestamp, &signature, body.as_bytes()).await.expect("taken");
        self.world.work().await;
    }

    /// The student asks for a copy of what is kept.
    async fn exported(&self) {
        privacy::request_export(&self.world.services, &self.world.student).await.expect("asked");
        self.world.work().await;
    }

    /// A lesson that is reminded of, taught and paid, one to which only the tutor comes, and one that cannot be paid.
    async fn lessons(&self) {
        let (services, student) = (&self.world.services, &self.world.student);
        let card = payment::save_card(services, student, "pm_card_visa", "I agree.").await.expect("a card");
        let paid = self.world.booked_at(at_hour(60)).await;
        self.world.work().await;
        self.at(paid.start - TimeDelta::hours(24)).await;
        self.at(paid.start - HOUR).await;
        self.at(paid.start - TimeDelta::minutes(5)).await;
        self.joined(&paid, true).await;
        self.at(paid.end).await;
        self.at(paid.end + HOUR).await;
        self.disputed(&paid).await;
        self.not_given_back(&paid).await;
        payment::remove_card(services, student, &card.id).await.expect("removed");
        let missed = self.world.booked_at(at_hour(130)).await;
        let owed = self.world.booked_at(at_hour(132)).await;
        self.at(at_hour(63)).await;
        self.joined(&missed, false).await;
        self.world.set(missed.start + TimeDelta::minutes(20)).await;
        lesson::mark_no_show(services, &self.world.tutor.actor, missed.lesson).await.expect("marked");
        self.joined(&owed, true).await;
        self.at(owed.end).await;
        let admin = testing::user(services, "Eve", Role::Admin).await;
        payment::forgive(services, &admin, owed.id, "It was our fault.").await.expect("forgiven");
        self.world.work().await;
        self.payout(paid.end).await;
        self.unreconciled().await;
    }

    /// Admins read the student's language.
    async fn admins_alike(&self) {
        let alike = "UPDATE users u SET locale = s.locale FROM users s WHERE s.id = $1 AND u.role = 'admin'";
        let student = self.world.student.user.0;
        sqlx::query(alike).bind(student).execute(&self.world.services.db).await.expect("a language");
    }

    /// The provider has a payment of which nobody here knows.
    async fn unreconciled(&self) {
        let services = &self.world.services;
        let admin = testing::user(services, "Zoe", Role::Admin).await;
        self.admins_alike().await;
        let form = [
            ("amount", "1700"),
            ("currency", "eur"),
            ("payment_method", "pm_card_visa"),
            ("confirm", "true"),
            ("automatic_payment_methods[enabled]", "true"),
            ("automatic_payment_methods[allow_redirects]", "never"),
        ];
        let url = format!("{}/v1/payment_intents", self.sandbox.url());
        let asked = reqwest::Client::new().post(url).bearer_auth(Options::default().secret_key).form(&form);
        asked.send().await.expect("asked").error_for_status().expect("charged");
        self.at(services.clock.now() + HOUR * 4).await;
        assert!(reconcile::run_now(services, &admin).await.expect("begun"));
        self.world.work().await;
    }

    /// The provider's own staff asks for something.
    async fn elsewhere(&self, how: reqwest::Method, path: &str, form: &[(&str, &str)]) -> serde_json::Value {
        let url = format!("{}/v1/{path}", self.sandbox.url());
        let asked =
            reqwest::Client::new().request(how, url).bearer_auth(Options::default().secret_key).form(form);
        let answer = asked.send().await.expect("asked");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("an object")
    }

    /// The tutor is paid for what can no longer be disputed.
    async fn payout(&self, end: DateTime<Utc>) {
        let (services, tutor) = (&self.world.services, &self.world.tutor);
        let link = payout::begin_onboarding(services, &tutor.actor, tutor.id, "/tutor/earnings").await;
        let link = link.expect("a link");
        let browser = till::straight();
        browser.get(&link).send().await.expect("a page");
        browser.post(&link).form(&[("outcome", "complete")]).send().await.expect("sent");
        payout::look_again(services, &tutor.actor, tutor.id).await.expect("looked up");
        // Somebody spent the platform's balance: what is refused first is sent once there is money again.
        let sql = "SELECT account FROM payout_accounts WHERE tutor_id = $1";
        let account: String =
            sqlx::query_scalar(sql).bind(tutor.id.0).fetch_one(&services.db).await.expect("an account");
        let due = services.clock.now().max(end + HOUR * 73);
        let clock = reqwest::Client::new().put(format!("{}/_control/clock", self.sandbox.url()));
        clock.json(&json!({ "now": due })).send().await.expect("set");
        let available =
            self.elsewhere(reqwest::Method::GET, "balance", &[]).await["available"][0]["amount"].to_string();
        let spent = [("amount", &*available), ("currency", "eur"), ("destination", &*account)];
        self.elsewhere(reqwest::Method::POST, "transfers", &spent).await;
        self.at(due).await;
        let brought = [
            ("amount", "5000"),
            ("currency", "eur"),
            ("payment_method", "pm_card_bypassPending"),
            ("confirm", "true"),
            ("automatic_payment_methods[enabled]", "true"),
            ("automatic_payment_methods[allow_redirects]", "never"),
        ];
        self.elsewhere(reqwest::Method::POST, "payment_intents", &brought).await;
        self.at(due + HOUR).await;
    }
}

/// The kinds that the database knows: a new one is in it before a mail of it can be kept.
async fn kinds(db: &PgPool) -> BTreeSet<String> {
    let check = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'mails_kind_check'";
    let check: String = sqlx::query_scalar(check).fetch_one(db).await.expect("the check");
    let kinds: BTreeSet<_> = check.split('\'').skip(1).step_by(2).map(str::to_owned).collect();
    assert!(kinds.len() >= 19, "{check}");
    kinds
}

#[sqlx::test(migrations = "../migrations")]
async fn every_kind_is_read_by_others_in_every_language(db: PgPool) {
    for language in Language::ALL {
        let post = Post::closed().open().await;
        let folder = tempfile::tempdir().expect("a folder");
        let stage = Stage::open(db.clone(), (&post, folder.path()), language).await;
        stage.accounts(language).await;
        stage.message().await;
        stage.requests().await;
        stage.lessons().await;
        stage.permission().await;
        stage.exported().await;
        let services = &stage.world.services;
        let kept = mail::list(services).await.expect("mails");
        let written: BTreeSet<_> = kept.iter().map(|mail| mail.kind.clone()).collect();
        assert_eq!(written, kinds(&db).await, "each kind has its part in the play");
        let taken = post.taken();
        let mut letters = BTreeSet::new();
        for mail in &kept {
            assert_eq!(mail.locale, language.tag(), "{}", mail.kind);
            let raw = taken.iter().find(|raw| raw.contains(&mail.message_id)).expect("sent");
            let raw = raw.replace("\r\n..", "\r\n.");
            let text = read(mail, &raw);
            letters.insert((&*mail.kind, format!("{}\n\n{}", mail.subject, without_names(&text))));
        }
        assert_debug_snapshot!(language.tag(), Letters(letters));
        assert_eq!(taken.len(), kept.len());
        testing::execute(services, "TRUNCATE users, outbox, settings CASCADE").await;
    }
}

/// What stands in the mails, by kind.
struct Letters<'a>(BTreeSet<(&'a str, String)>);

impl Debug for Letters<'_> {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(kind, text)| write!(to, "========== {kind}\n{text}\n"))
    }
}

/// A text with its links, but for what names one thing of many.
fn without_names(text: &str) -> String {
    let is_word = |part: &str| part.chars().all(|c| c.is_ascii_lowercase() || "-_#?=".contains(c));
    let line = |line: &str| match line.strip_prefix(ORIGIN) {
        Some(path) => {
            let parts = path.split('/').map(|part| if is_word(part) { part } else { "NAME" });
            format!("{ORIGIN}{}", parts.collect::<Vec<_>>().join("/"))
        }
        None => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Reads a mail as somebody else does; its text.
fn read(mail: &Mail, raw: &str) -> String {
    let kind = &*mail.kind;
    assert!(raw.is_ascii() && raw.lines().all(|line| line.len() <= 998), "{kind}: RFC 5322");
    let read = MessageParser::default().parse(raw.as_bytes()).expect("a mail");
    assert_eq!(read.subject(), Some(&*mail.subject), "{kind}");
    let to = read.to().and_then(|to| to.first()).and_then(|to| to.address());
    assert_eq!(to, Some(&*mail.to), "{kind}");
    assert!(read.from().and_then(|from| from.first()).is_some_and(|from| from.address().is_some()), "{kind}");
    assert_eq!(read.date().map(|date| date.to_timestamp()), Some(mail.created_at.timestamp()), "{kind}");
    assert_eq!(read.message_id().map(|id| format!("<{id}>")), Some(mail.message_id.clone()), "{kind}");
    assert_eq!(read.header_raw("Auto-Submitted").map(str::trim), Some("auto-generated"), "{kind}");
    let one_click = read.header_raw("List-Unsubscribe-Post").map(str::trim);
    let may_end =
        matches!(kind, "reminder_day" | "reminder_hour" | "join_now" | "feedback_request" | "new_message");
    assert_eq!(one_click, may_end.then_some("List-Unsubscribe=One-Click"), "{kind}");
    assert_eq!(read.header_raw("List-Unsubscribe").is_some(), may_end, "{kind}");
    parts(mail, &read);
    read.body_text(0).expect("a text").into_owned()
}

fn parts(mail: &Mail, read: &Message<'_>) {
    let kind = &*mail.kind;
    for part in read.parts.iter().filter(|part| part.is_text()) {
        let charset = part.content_type().and_then(|of| of.attribute("charset")).unwrap_or("utf-8");
        assert!(charset.eq_ignore_ascii_case("utf-8"), "{kind}: {charset}");
    }
    let (text, html) = (read.body_text(0).expect("a text"), read.body_html(0).expect("HTML"));
    assert!((read.text_body_count(), read.html_body_count()) >= (1, 1), "{kind}");
    let lang = format!("lang=\"{}\"", mail.locale);
    assert!(html.contains(&lang) && html.contains("<!doctype html>"), "{kind}");
    let links: Vec<_> = html.split("href=\"").skip(1).chain(html.split("src=\"").skip(1)).collect();
    for link in &links {
        assert!(link.starts_with(ORIGIN), "{kind}: {}", &link[..link.len().min(60)]);
    }
    assert!(links.len() >= 2, "{kind}: a logo and a button");
    for line in text.lines().filter(|line| line.contains("://")) {
        assert!(line.trim().starts_with(ORIGIN), "{kind}: {line}");
    }
    assert!(!text.contains("{{") && !html.contains("{{"), "{kind}: every place is filled");
    if !mail.text.is_empty() {
        let lines = |text: &str| text.replace("\r\n", "\n").trim_end().to_owned();
        assert_eq!((lines(&text), lines(&html)), (lines(&mail.text), lines(&mail.html)), "{kind}");
    }
    let files = read.parts.iter().filter(|part| {
        part.content_type().is_some_and(|of| matches!(of.subtype(), Some("calendar" | "ics")))
    });
    let mut count = 0;
    for file in files {
        count += 1;
        ICalendar::parse(file.text_contents().expect("a text")).expect("a calendar");
    }
    assert_eq!(count, if mail.calendar.is_some() { 2 } else { 0 }, "{kind}: shown and attached");
}
