//! Blocks, reports and moderation over HTTP, and their pages without JavaScript.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::{
    chat::{THREADS, open, say},
    chat_pages::{assert_has, place, post},
    money::admin,
    pages::page,
    support::start,
};

const REPORTS: &str = "/api/chat/reports";
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

#[sqlx::test(migrations = "../migrations")]
async fn a_report_is_decided_and_the_message_is_gone(pool: PgPool) {
    let site = start(&pool).await;
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    let admin = admin(&site).await;
    let thread = open(&student, &tutor).await;
    say(&student, &thread, json!({ "body": "Hello" })).await;
    let bad = say(&tutor, &thread, json!({ "body": "Pay me in cash" })).await;
    let report = json!({ "message_id": bad["id"], "reason": "fraud", "note": " Cash? " });
    let made = student.call("POST", &format!("{thread}/reports"), report).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = thread.strip_prefix(&format!("{THREADS}/")).expect("an address");
    let expected = json!({
        "id": made.data()["id"], "thread_id": id, "message_id": bad["id"], "reason": "fraud", "note": "Cash?",
        "created_at": "2027-03-01T08:00:00Z",
    });
    assert_eq!(made.data(), expected);

    let queue = admin.get(REPORTS).await.data();
    assert_eq!((&queue[0]["reporter"], &queue[0]["about"]), (&json!("Sam Student"), &json!("Tia Tutor")));
    let bodies: Vec<_> = queue[0]["messages"].as_array().expect("lines").iter().map(|m| &m["body"]).collect();
    assert_eq!(bodies, ["Hello", "Pay me in cash"]);
    let decide = format!("{REPORTS}/{}/decide", made.data()["id"].as_str().expect("an id"));
    let decision = json!({ "decision": "remove", "note": "Payment elsewhere" });
    assert_eq!(admin.call("POST", &decide, decision.clone()).await.status, 204);
    admin.call("POST", &decide, decision).await.refused(409, "INVALID_STATE");
    assert_eq!(admin.get(REPORTS).await.data(), json!([]));
    for person in [&student, &tutor] {
        let newest = &person.get(&format!("{thread}/messages")).await.data()[0];
        assert_eq!((&newest["body"], &newest["removed"]), (&json!(""), &json!(true)));
    }
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_block_refuses_both_and_a_suspension_everywhere(pool: PgPool) {
    let site = start(&pool).await;
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    let admin = admin(&site).await;
    let thread = open(&student, &tutor).await;
    say(&tutor, &thread, json!({ "body": "Hello" })).await;
    let (block, messages) = (format!("{thread}/block"), format!("{thread}/messages"));
    let blocked = student.bare("POST", &block).await.data();
    assert_eq!((&blocked["blocks"], &blocked["blocked"]), (&json!(true), &json!(false)));
    for (person, sentence) in [(&student, "Unblock them"), (&tutor, "does not take new messages")] {
        let answer = person.call("POST", &messages, json!({ "body": "Again" })).await;
        let error = answer.refused(403, "INSUFFICIENT_PERMISSIONS");
        assert!(error["message"].as_str().is_some_and(|text| text.contains(sentence)), "{error}");
        assert_eq!(person.get(&messages).await.data()[0]["body"], "Hello");
    }
    tutor.bare("DELETE", &block).await.data();
    tutor.call("POST", &messages, json!({ "body": "Again" })).await.refused(403, "INSUFFICIENT_PERMISSIONS");
    assert_eq!(student.bare("DELETE", &block).await.data()["blocks"], false);
    say(&tutor, &thread, json!({ "body": "Again" })).await;

    let report = student.call("POST", &format!("{thread}/reports"), json!({ "reason": "spam" })).await.data();
    let decide = format!("{REPORTS}/{}/decide", report["id"].as_str().expect("an id"));
    admin.call("POST", &decide, json!({ "decision": "suspend", "note": "Spam" })).await;
    tutor.call("POST", &messages, json!({ "body": "Again" })).await.refused(403, "INSUFFICIENT_PERMISSIONS");
    assert_eq!(tutor.get(THREADS).await.data()[0]["suspended"], true);
    let lift = format!("/api/chat/suspensions/{}/lift", tutor.id());
    assert_eq!(admin.call("POST", &lift, json!({ "note": "Sorry" })).await.status, 204);
    admin.call("POST", &lift, json!({ "note": "Sorry" })).await.refused(404, "NOT_FOUND");
    say(&tutor, &thread, json!({ "body": "Thank you" })).await;
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn strangers_and_forged_ids_reach_nothing(pool: PgPool) {
    let site = start(&pool).await;
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    let (stranger, admin) = (site.person("Sue Stranger", "student").await, admin(&site).await);
    let thread = open(&student, &tutor).await;
    let own = say(&student, &thread, json!({ "body": "Mine" })).await;
    let reports = format!("{thread}/reports");
    let spam = json!({ "reason": "spam" });
    for path in [&thread, &format!("{THREADS}/{NOBODY}"), &format!("{THREADS}/x")] {
        for person in [&stranger, &admin] {
            for method in ["POST", "DELETE"] {
                person.bare(method, &format!("{path}/block")).await.refused(404, "NOT_FOUND");
            }
            person.call("POST", &format!("{path}/reports"), spam.clone()).await.refused(404, "NOT_FOUND");
        }
    }
    for id in [own["id"].clone(), json!("0"), json!("x"), json!("9223372036854775808"), json!("-1")] {
        let body = json!({ "message_id": id, "reason": "spam" });
        student.call("POST", &reports, body).await.refused(404, "NOT_FOUND");
    }
    for (body, field) in [
        (json!({}), "reason"),
        (json!({ "reason": "rude" }), "reason"),
        (json!({ "reason": 1 }), "reason"),
        (json!({ "reason": "spam", "note": "x".repeat(501) }), "note"),
        (json!({ "reason": "spam", "note": "a\u{0}" }), "note"),
        (json!({ "reason": "spam", "message_id": 7 }), "message_id"),
    ] {
        let error = student.call("POST", &reports, body.clone()).await.refused(400, "INVALID_REQUEST");
        assert_eq!(error["details"]["field"], field, "{body}");
    }
    let report = student.call("POST", &reports, spam).await.data();
    let decide = format!("{REPORTS}/{}/decide", report["id"].as_str().expect("an id"));
    let dismiss = json!({ "decision": "dismiss", "note": "Fine" });
    for person in [&student, &tutor, &stranger] {
        person.get(REPORTS).await.refused(403, "INSUFFICIENT_PERMISSIONS");
        person.call("POST", &decide, dismiss.clone()).await.refused(403, "INSUFFICIENT_PERMISSIONS");
        let lift = format!("/api/chat/suspensions/{}/lift", tutor.id());
        person.call("POST", &lift, json!({ "note": "x" })).await.refused(403, "INSUFFICIENT_PERMISSIONS");
    }
    for (body, field) in [
        (json!({ "decision": "dismiss" }), "note"),
        (json!({ "decision": "dismiss", "note": " " }), "note"),
        (json!({ "decision": "hang", "note": "x" }), "decision"),
        (json!({ "decision": "remove", "note": "A conversation is no message" }), "decision"),
    ] {
        let error = admin.call("POST", &decide, body).await.refused(400, "INVALID_REQUEST");
        assert_eq!(error["details"]["field"], field);
    }
    for id in [NOBODY, "x"] {
        let unknown = format!("{REPORTS}/{id}/decide");
        admin.call("POST", &unknown, dismiss.clone()).await.refused(404, "NOT_FOUND");
    }
    for (method, path) in [("GET", REPORTS), ("POST", &*decide), ("POST", &*reports)] {
        site.call(method, path, Value::Null).await.refused(401, "INVALID_TOKEN");
    }
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_pages_report_block_and_decide(pool: PgPool) {
    let site = start(&pool).await;
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    let admin = admin(&site).await;
    let api = open(&student, &tutor).await;
    let id = api.strip_prefix(&format!("{THREADS}/")).expect("an address");
    let own = say(&student, &api, json!({ "body": "Hello" })).await;
    let bad = say(&tutor, &api, json!({ "body": "Send <b>money</b>" })).await;
    let bad = bad["id"].as_str().expect("an id");
    let shown = page(&site, &student, &format!("/messages/{id}")).await;
    let link = format!("/messages/{id}/report?message={bad}");
    assert_has(&shown, &[&link, &format!("href=\"/messages/{id}/report\"")]);
    assert_eq!(shown.text.matches("class=\"chat-report\"").count(), 1, "one's own is not reported");
    assert_has(&page(&site, &student, &link).await, &["Send &lt;b&gt;money&lt;/b&gt;", "value=\"fraud\""]);
    for path in [
        format!("/messages/{id}/report?message={}", own["id"].as_str().expect("an id")),
        format!("/messages/{id}/report?message=x"),
        format!("/messages/{NOBODY}/report"),
    ] {
        assert_eq!(page(&site, &student, &path).await.status, 404, "{path}");
    }
    let fields = [("thread", id), ("message", bad), ("reason", "fraud"), ("note", "Look")];
    let there = place(&post(&site, &student, "/do/report_chat", &fields).await);
    assert_eq!(there, format!("/messages/{id}?reported=1"));
    assert_has(&page(&site, &student, &there).await, &["Your report was sent"]);

    assert_has(&page(&site, &admin, "/admin").await, &["1 report waits", "href=\"/admin/moderation\""]);
    let queue = page(&site, &admin, "/admin/moderation").await;
    assert_has(&queue, &["Send &lt;b&gt;money&lt;/b&gt;", "Look", "value=\"remove\"", "reported message"]);
    let report = queue.text.split("name=\"report\" value=\"").nth(1).expect("a form");
    let report = report.split('"').next().expect("an id").to_owned();
    let decide = [("report", &*report), ("decision", "remove"), ("note", "Not allowed")];
    assert_eq!(place(&post(&site, &admin, "/do/decide_report", &decide).await), "/admin/moderation?saved=1");
    assert_has(&page(&site, &admin, "/admin/moderation").await, &["No report waits", "Not allowed", "Ada"]);
    for person in [&student, &tutor] {
        let shown = page(&site, person, &format!("/messages/{id}")).await;
        assert_has(&shown, &["This message was removed by moderation."]);
        assert!(!shown.text.contains("money"), "{}", shown.text);
        assert_eq!(page(&site, person, "/admin/moderation").await.status, 403);
    }

    let there = place(&post(&site, &student, "/do/block_person", &[("thread", id)]).await);
    let blocked = page(&site, &student, &there).await;
    assert_has(&blocked, &["You have blocked Tia Tutor", "action=\"/do/unblock_person\""]);
    assert!(!blocked.text.contains("action=\"/do/send_message\""));
    let other = page(&site, &tutor, &format!("/messages/{id}")).await;
    assert_has(&other, &["Sam Student does not take new messages"]);
    post(&site, &student, "/do/unblock_person", &[("thread", id)]).await;
    assert_has(&page(&site, &tutor, &format!("/messages/{id}")).await, &["action=\"/do/send_message\""]);
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_conversation_is_searched(pool: PgPool) {
    let site = start(&pool).await;
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    let stranger = site.person("Sue Stranger", "student").await;
    let api = open(&student, &tutor).await;
    let id = api.strip_prefix(&format!("{THREADS}/")).expect("an address");
    let first = say(&student, &api, json!({ "body": "La règle de <Cramer>" })).await;
    for at in 0..40 {
        say(&student, &api, json!({ "body": format!("More {at}") })).await;
    }
    let found = tutor.get(&format!("{api}/messages?q=REGLE+cramer")).await;
    assert_eq!((found.data(), &found.json()["next_cursor"]), (json!([first]), &Value::Null));
    assert_eq!(tutor.get(&format!("{api}/messages?q=more&limit=3")).await.data()[2]["body"], "More 37");
    assert_eq!(tutor.get(&format!("{api}/messages?q=nowhere")).await.data(), json!([]));
    let long = "x".repeat(201);
    let error = tutor.get(&format!("{api}/messages?q={long}")).await.refused(400, "INVALID_REQUEST");
    assert_eq!(error["details"]["field"], "q");
    stranger.get(&format!("{api}/messages?q=regle")).await.refused(404, "NOT_FOUND");

    let conversation = page(&site, &tutor, &format!("/messages/{id}")).await;
    assert_has(&conversation, &[&format!("action=\"/messages/{id}/search\"")]);
    let results = page(&site, &tutor, &format!("/messages/{id}/search?q=regle")).await;
    let message = first["id"].as_str().expect("an id");
    assert_has(&results, &["La règle de &lt;Cramer&gt;", &format!("/messages/{id}?at={message}#m{message}")]);
    let there = page(&site, &tutor, &format!("/messages/{id}?at={message}")).await;
    assert_has(&there, &[&format!("id=\"m{message}\""), "Newest messages", "More 9"]);
    assert!(!there.text.contains("More 10<"), "ten newer ones are shown with it");
    let none = page(&site, &tutor, &format!("/messages/{id}/search?q=%3Cscript%3E")).await;
    assert_has(&none, &["&lt;script&gt;"]);
    for path in [format!("/messages/{id}/search?q={long}"), format!("/messages/{id}/search?q=a&before=x")] {
        assert_eq!(page(&site, &tutor, &path).await.status, 400, "{path}");
    }
    assert_eq!(page(&site, &tutor, &format!("/messages/{id}?at=x")).await.status, 404);
    assert_eq!(page(&site, &stranger, &format!("/messages/{id}/search?q=regle")).await.status, 404);
    site.stop().await;
}
