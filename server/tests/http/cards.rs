//! Forms in which a card is chosen or typed, as a browser sends them.

use sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Answer, PASSWORD, Person, Site, send, start, start_with};

/// A server with a payment provider.
async fn with_provider(db: &PgPool) -> (Site, Sandbox) {
    let sandbox = Sandbox::start(Options::default()).await.expect("a sandbox");
    let (url, script) = (sandbox.url(), format!("{}/v3/", sandbox.url()));
    let vars = [
        ("RATE_LIMITS", "off"),
        ("STRIPE_SECRET_KEY", "sk_test_sandbox"),
        ("STRIPE_PUBLISHABLE_KEY", "pk_test_sandbox"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_of_this_test"),
        ("STRIPE_API_BASE", &url),
        ("STRIPE_JS_URL", &script),
    ];
    (start_with(db, &vars).await, sandbox)
}

/// A person in a browser: signed in by a cookie.
struct Browser<'a> {
    site: &'a Site,
    person: &'a Person<'a>,
    cookie: String,
}

impl<'a> Browser<'a> {
    async fn of(site: &'a Site, person: &'a Person<'a>) -> Self {
        let fields = [("email", person.me["email"].as_str().expect("an address")), ("password", PASSWORD)];
        let request = site.request("POST", "/do/sign_in").header("Accept", "application/json");
        let answer = send(request.header("Origin", &site.base).form(&fields)).await;
        let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
        Browser { site, person, cookie: cookie.expect("a sign-in").to_owned() }
    }

    /// Sends a form as the enhancement of forms does: the answer is JSON.
    async fn post(&self, action: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.site.request("POST", action).header("Accept", "application/json");
        let request = request.header("Origin", &self.site.base).header("Cookie", &self.cookie);
        send(request.form(fields)).await
    }

    async fn page(&self, path: &str) -> Answer {
        send(self.site.request("GET", path).header("Accept", "text/html").header("Cookie", &self.cookie))
            .await
    }
}

/// Checks a refusal: its status, and the field and beginning of its sentence.
#[track_caller]
fn told(answer: &Answer, status: u16, field: Option<&str>, sentence: &str) {
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), body["field"].as_str()), (status, field), "{answer:?}");
    assert!(body["message"].as_str().is_some_and(|message| message.starts_with(sentence)), "{body}");
}

async fn count(db: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(db).await.expect("a number")
}

#[sqlx::test(migrations = "../migrations")]
async fn the_providers_script_is_let_in_where_a_card_is_typed_only(db: PgPool) {
    let (site, sandbox) = with_provider(&db).await;
    let student = site.person("Sam", "student").await;
    let browser = Browser::of(&site, &student).await;
    for (path, lets_in) in [("/settings", true), ("/dashboard", false), ("/", false), ("/login", false)] {
        let page = browser.page(path).await;
        let policy = page.header("content-security-policy").expect("a policy");
        assert_eq!(policy.contains(&sandbox.url()), lets_in, "{path}: {policy}");
        assert_eq!(policy.contains("frame-src 'none'"), !lets_in, "{path}: {policy}");
    }
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn without_a_provider_no_card_is_asked_for(db: PgPool) {
    let site = start(&db).await;
    let (tutor, student) = (site.tutor("Tina").await, site.person("Sam", "student").await);
    let browser = Browser::of(&site, &student).await;
    let page = browser.page("/settings").await;
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("frame-src 'none'") && !page.text.contains("/do/save_card"), "{policy}");
    let placed = confirm(&browser, &tutor, "").await;
    assert!(placed.status.is_success(), "{placed:?}");
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_setup_is_for_students_and_a_card_is_saved_with_the_words_of_the_page(db: PgPool) {
    let (site, _sandbox) = with_provider(&db).await;
    let (tutor, student) = (site.tutor("Tina").await, site.person("Sam", "student").await);
    let (desk, browser) = (Browser::of(&site, &tutor).await, Browser::of(&site, &student).await);
    assert!(browser.page("/settings").await.text.contains("/do/save_card"));
    let begun = browser.post("/do/begin_setup", &[]).await.json();
    assert!(begun["client_secret"].as_str().is_some_and(|secret| secret.starts_with("seti_")), "{begun}");
    assert_eq!(begun["publishable_key"], "pk_test_sandbox");
    assert_eq!(desk.post("/do/begin_setup", &[]).await.status, 403);
    let nobody = site.request("POST", "/do/begin_setup").header("Accept", "application/json");
    assert_eq!(send(nobody.header("Origin", &site.base)).await.status, 401);

    let save = async |card| browser.post("/do/save_card", &[("card", card)]).await;
    told(&save("").await, 400, Some("card"), "Choose a card");
    told(&save("pm_card_visa_chargeDeclined").await, 402, Some("payment_method"), "The card was declined.");
    let french = json!({ "locale": "fr" });
    assert_eq!(student.call("PATCH", "/api/v2/me", french).await.status, 200);
    let saved = save("pm_card_visa").await;
    assert!(saved.status.is_success(), "{saved:?}");
    let words: (String, String) =
        sqlx::query_as("SELECT text, version FROM card_consents").fetch_one(&db).await.expect("one consent");
    assert!(words.0.starts_with("En continuant, j’accepte"), "{words:?}");
    assert!(!words.1.is_empty());
    site.stop().await;
}

/// Holds the hour from 14:00 and confirms it with a card, as the page's form does.
async fn confirm(browser: &Browser<'_>, tutor: &Person<'_>, card: &str) -> Answer {
    let start = "2027-03-01T14:00:00Z";
    let body = json!({ "tutor_id": tutor.tutor_id(), "start": start, "duration": 60 });
    let hold = browser.person.call("POST", "/api/v2/holds", body).await.data();
    let found = browser.site.get(&tutor.tutor_path()).await.data();
    let (slug, offering) = (&found["slug"], &found["offerings"][0]["id"]);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let (slug, offering, hold) = (text(slug), text(offering), text(&hold["id"]));
    let fields = [
        ("slug", &*slug),
        ("hold", &hold),
        ("offering", &offering),
        ("start", start),
        ("duration", "60"),
        ("key", &hold),
        ("card", card),
    ];
    browser.post("/do/confirm_booking", &fields).await
}

#[sqlx::test(migrations = "../migrations")]
async fn a_booking_that_costs_something_needs_a_card_and_keeps_it(db: PgPool) {
    let (site, _sandbox) = with_provider(&db).await;
    let (tutor, student) = (site.tutor("Tina").await, site.person("Sam", "student").await);
    let browser = Browser::of(&site, &student).await;
    let bookings = "SELECT count(*) FROM bookings";
    told(&confirm(&browser, &tutor, "").await, 400, Some("card"), "Choose a card");
    let declined = confirm(&browser, &tutor, "pm_card_visa_chargeDeclined").await;
    told(&declined, 402, Some("payment_method"), "The card was declined.");
    assert_eq!(count(&db, bookings).await, 0);
    let placed = confirm(&browser, &tutor, "pm_card_visa").await;
    assert!(placed.header("location").is_some_and(|to| to.starts_with("/lessons/")), "{placed:?}");
    assert_eq!(count(&db, bookings).await, 1);
    let chosen =
        "SELECT count(*) FROM bookings b JOIN cards c ON c.id = b.card_id AND c.user_id = b.student_id";
    assert_eq!(count(&db, chosen).await, 1);
    assert_eq!(count(&db, "SELECT count(*) FROM card_consents").await, 1, "once, in the words of the page");
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn where_the_bank_asks_a_debt_is_paid_in_the_browser_only(db: PgPool) {
    let (site, sandbox) = with_provider(&db).await;
    let (tutor, student) = (site.tutor("Tina").await, site.person("Sam", "student").await);
    let browser = Browser::of(&site, &student).await;
    let placed = confirm(&browser, &tutor, "pm_card_authenticationRequired").await;
    assert!(placed.status.is_success(), "{placed:?}");
    site.set_clock("2027-03-01T15:00:00Z").await;
    let student = student.again().await;
    assert_eq!(site.call("POST", "/dev/tick", json!({})).await.status, 200);
    let listed = student.get("/api/v2/bookings").await.data();
    let booking = listed[0]["id"].as_str().expect("a booking").to_owned();
    let card: String = sqlx::query_scalar("SELECT id FROM cards").fetch_one(&db).await.expect("a card");
    let fields = [("booking", &*booking), ("card", &*card)];
    let pay = async |action| browser.post(action, &fields).await;

    told(&pay("/do/pay_debt").await, 402, None, "Your bank wants you to confirm");
    told(&pay("/do/finish_payment").await, 402, None, "Your bank wants you to confirm");
    let asked = pay("/do/begin_payment").await.json();
    let secret = asked["client_secret"].as_str().expect("a secret").to_owned();
    assert!(asked["js_url"].as_str().is_some_and(|url| url.starts_with(&sandbox.url())), "{asked}");
    let intent = secret.split("_secret_").next().expect("an id");
    let bank = format!("{}/_pages/authenticate/{intent}?client_secret={secret}", sandbox.url());
    let agreed =
        reqwest::Client::new().post(bank).form(&[("outcome", "complete")]).send().await.expect("answered");
    assert!(agreed.status().is_success());
    for action in ["/do/finish_payment", "/do/begin_payment"] {
        assert_eq!(pay(action).await.json(), Value::Null, "{action}");
    }
    let charge = student.get(&format!("/api/v2/bookings/{booking}/charge")).await.data();
    assert_eq!(charge["status"], "paid");
    site.stop().await;
}
