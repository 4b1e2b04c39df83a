//! Accounts with calendar providers, over Radicale.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod diaries;
mod radicale;
mod web;

use diaries::{account, choose, connect, entry, is_free, list, only, open, pass};
use domain::Code;
use services::{
    booking, busy,
    diary::{self, Choice, NewAccount},
    testing::{self, assert_invariants, at_hour, booked, now, refused},
};
use sqlx::PgPool;
use web::{Answer, Web};

#[sqlx::test(migrations = "../migrations")]
async fn an_account_is_found_from_whatever_address_its_owner_has(db: PgPool) {
    let (services, tutor, radicale) = open(db).await;
    radicale.make("home", "At &amp; home", "VEVENT").await;
    radicale.make("tasks", "Tasks", "VTODO").await;
    for path in ["", "tina/", "tina/work/", "elsewhere/of/old", "tina/work/missing.ics"] {
        let address = format!(" {}{path}", radicale.url());
        connect(&services, &tutor, &account(&address, "geheim")).await.expect(path);
        let account = only(&services, &tutor).await;
        let names: Vec<_> =
            account.calendars.iter().map(|calendar| (&*calendar.name, &calendar.read)).collect();
        assert_eq!(names, [("At & home", &None), ("Work", &None)], "{path}");
        assert_eq!((&*account.host, &*account.login), ("127.0.0.1", "tina"));
        diary::disconnect(&services, &tutor.actor, tutor.id, account.id).await.expect("disconnected");
    }
    let web = Web::open().await;
    for (answer, address, login, password, refusal) in [
        (Answer::status(404), radicale.url(), "tina", "wrong", ("calendar_password", "password")),
        (Answer::status(404), radicale.url(), "tina", "", ("calendar_password", "password")),
        (Answer::status(404), radicale.url(), " ", "geheim", ("calendar_login", "login")),
        (Answer::status(404), radicale.url(), "a:b", "geheim", ("calendar_login", "login")),
        (Answer::status(404), "http://".into(), "tina", "geheim", ("calendar_server", "address")),
        (Answer::status(404), "ftp://x.test/".into(), "tina", "geheim", ("calendar_server", "address")),
        (Answer::status(404), web.url(), "tina", "geheim", ("calendar_server_none", "address")),
        (Answer::ok("Hello"), web.url(), "tina", "geheim", ("calendar_server_none", "address")),
        (Answer::redirect("/"), web.url(), "tina", "geheim", ("calendar_server_none", "address")),
        (Answer::redirect("ftp://x.test/"), web.url(), "tina", "geheim", ("calendar_server_none", "address")),
        (Answer::status(401), web.url(), "tina", "geheim", ("calendar_password", "password")),
    ] {
        web.serve(answer);
        let new = NewAccount { address: address.clone(), login: login.into(), password: password.into() };
        let answer = connect(&services, &tutor, &new).await;
        let refusal_of = answer.expect_err(&address);
        let services::AppError::Refused { refusal: found, .. } = refusal_of else { panic!("{refusal_of}") };
        assert_eq!((&*found.key, found.field.as_deref()), (refusal.0, Some(refusal.1)), "{address}");
    }
    assert_eq!(list(&services, &tutor).await, []);
}

#[sqlx::test(migrations = "../migrations")]
async fn chosen_calendars_take_slots_away_and_what_fails_keeps_what_was_known(db: PgPool) {
    let (services, tutor, mut radicale) = open(db).await;
    radicale.make("home", "Home", "VEVENT").await;
    radicale.put("work/daily.ics", &entry("daily", at_hour(2), 60, "RRULE:FREQ=DAILY\r\n")).await;
    radicale.put("work/free.ics", &entry("free", at_hour(27), 60, "TRANSP:TRANSPARENT\r\n")).await;
    radicale.put("home/doctor.ics", &entry("doctor", at_hour(28), 60, "")).await;
    connect(&services, &tutor, &account(&radicale.url(), "geheim")).await.expect("connected");
    let state = async || {
        let mut free = Vec::new();
        for hour in [26, 27, 28, 29, 50] {
            free.push(is_free(&services, &tutor, hour).await);
        }
        free
    };
    assert_eq!(state().await, [true; 5], "nothing is read before it is chosen");
    choose(&services, &tutor, &["Work"], None).await;
    assert_eq!(state().await, [false, true, true, true, false]);
    choose(&services, &tutor, &["Home", "Work"], None).await;
    assert_eq!(state().await, [false, true, false, true, false]);
    choose(&services, &tutor, &["Home"], None).await;
    assert_eq!(state().await, [true, true, false, true, true]);
    pass(&services, 0).await;
    radicale.put("home/late.ics", &entry("late", at_hour(29), 60, "")).await;
    pass(&services, 4).await;
    assert!(is_free(&services, &tutor, 29).await, "not yet");
    pass(&services, 1).await;
    assert!(!is_free(&services, &tutor, 29).await, "read every five minutes");

    let read = async || only(&services, &tutor).await.calendars.remove(0).read.expect("it is read");
    let known_at = services.clock.now();
    assert_eq!((read().await.read_at, read().await.failing), (Some(known_at), None));
    radicale.stop();
    pass(&services, 5).await;
    let since = services.clock.now();
    assert_eq!(read().await.failing, Some((since, busy::Problem::Unreachable)));
    radicale.set_password("another");
    radicale.start().await;
    pass(&services, 5).await;
    let account_now = only(&services, &tutor).await;
    assert!(account_now.is_refused());
    assert_eq!(
        (read().await.read_at, read().await.failing),
        (Some(known_at), Some((since, busy::Problem::Refused)))
    );
    assert_eq!(state().await, [true, true, false, false, true], "what was known stays");
    radicale.delete("home/doctor.ics").await;
    connect(&services, &tutor, &account(&radicale.url(), "another")).await.expect("connected again");
    pass(&services, 0).await;
    assert_eq!((only(&services, &tutor).await.id, read().await.failing), (account_now.id, None));
    assert_eq!(state().await, [true, true, true, false, true]);
    diary::disconnect(&services, &tutor.actor, tutor.id, account_now.id).await.expect("disconnected");
    assert_eq!(state().await, [true; 5]);
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn one_file_that_cannot_be_read_makes_the_calendar_fail(db: PgPool) {
    let (services, tutor, radicale) = open(db).await;
    let zone = "DTSTART;TZID=Nowhere/Land:20270302T100000\r\n";
    let odd = entry("odd", at_hour(26), 60, "");
    let start = odd.lines().find(|line| line.starts_with("DTSTART")).expect("a start");
    radicale.put("work/odd.ics", &odd.replace(&format!("{start}\r\n"), zone)).await;
    connect(&services, &tutor, &account(&radicale.url(), "geheim")).await.expect("connected");
    choose(&services, &tutor, &["Work"], None).await;
    let read = only(&services, &tutor).await.calendars.remove(0).read.expect("it is chosen");
    assert_eq!((read.read_at, read.failing), (None, Some((now(), busy::Problem::Unreadable))));
}

#[sqlx::test(migrations = "../migrations")]
async fn our_own_lessons_in_it_take_no_time(db: PgPool) {
    let (services, tutor, radicale) = open(db).await;
    let student = testing::student(&services, "Sam").await;
    let placed = booked(&services, &student, &tutor, at_hour(26)).await;
    radicale.put("work/copy.ics", &entry(&placed.id.to_string(), placed.start, 60, "")).await;
    connect(&services, &tutor, &account(&radicale.url(), "geheim")).await.expect("connected");
    choose(&services, &tutor, &["Work"], None).await;
    booking::reschedule(&services, &student, placed.id, at_hour(29), None).await.expect("moved");
    assert!(is_free(&services, &tutor, 26).await);
    radicale.delete("work/copy.ics").await;
    pass(&services, 5).await;
    let kept = booking::find(&services, &student, placed.id).await.expect("the lesson");
    assert_eq!((kept.state, kept.start), (domain::booking::BookingState::Confirmed, at_hour(29)));
}

#[sqlx::test(migrations = "../migrations")]
async fn an_account_is_its_tutor_s_alone_and_its_password_nobody_s(db: PgPool) {
    let (services, tutor, radicale) = open(db.clone()).await;
    let other = testing::tutor(&services, "Otto").await;
    connect(&services, &tutor, &account(&radicale.url(), "geheim")).await.expect("connected");
    let own = only(&services, &tutor).await;
    let chosen = Choice { read: vec![own.calendars[0].id], lessons_in: None };
    let theirs = diary::choose(&services, &other.actor, other.id, own.id, &chosen).await;
    assert_eq!(refused(theirs).0, Code::NotFound);
    let theirs = diary::disconnect(&services, &other.actor, other.id, own.id).await;
    assert_eq!(refused(theirs).0, Code::NotFound);
    for answer in [
        diary::list(&services, &other.actor, tutor.id).await.map(|_| ()),
        diary::connect(&services, &other.actor, tutor.id, &account(&radicale.url(), "geheim")).await,
        diary::choose(&services, &other.actor, tutor.id, own.id, &chosen).await,
        diary::disconnect(&services, &other.actor, tutor.id, own.id).await,
    ] {
        assert_eq!(refused(answer).0, Code::InsufficientPermissions);
    }
    let row: String = sqlx::query_scalar("SELECT row_to_json(a)::text FROM calendar_accounts a")
        .fetch_one(&db)
        .await
        .expect("the account");
    let in_hex: String = b"geheim".iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(!row.contains("geheim") && !row.contains(&in_hex), "{row}");
    // Under another secret of the server it cannot be opened, and the tutor is asked for it again.
    let vars = [("SESSION_SECRET", "a secret of more than sixteen bytes")];
    let renewed = testing::services_in(db, &vars, None);
    diary::choose(&renewed, &tutor.actor, tutor.id, own.id, &chosen).await.expect("chosen");
    assert!(only(&renewed, &tutor).await.is_refused());
}

#[sqlx::test(migrations = "../migrations")]
async fn in_production_a_password_goes_encrypted_to_public_addresses_only(db: PgPool) {
    const SECRET: &str = "a secret of more than sixteen bytes";
    let (development, tutor, _radicale) = open(db.clone()).await;
    let vars = [
        ("LECTERN_ENV", "production"),
        ("SESSION_SECRET", SECRET),
        ("CRON_SECRET", SECRET),
        ("PUBLIC_URL", "https://lectern.test"),
        ("SMTP_URL", "smtps://mail.lectern.test"),
        ("STRIPE_SECRET_KEY", SECRET),
        ("STRIPE_PUBLISHABLE_KEY", "pk_live_x"),
        ("STRIPE_WEBHOOK_SECRET", SECRET),
    ];
    let production = testing::services_in(db, &vars, None);
    let web = Web::open().await;
    let local = web.url();
    for (address, key) in [
        (local.clone(), "calendar_server"),
        (local.replace("http:", "https:"), "calendar_server"),
        ("http://caldav.example.org/".into(), "calendar_server"),
        (local.replace("http://127.0.0.1", "localhost"), "calendar_server_none"),
    ] {
        let answer = connect(&production, &tutor, &account(&address, "geheim")).await;
        assert_eq!(refused(answer).1, key, "{address}");
    }
    assert_eq!(web.asked(), 0, "nobody was asked");
    let answer = connect(&development, &tutor, &account(&local, "geheim")).await;
    assert_eq!(refused(answer).1, "calendar_server_none");
    assert!(web.asked() > 0, "on a developer's machine it is asked");
}

#[sqlx::test(migrations = "../migrations")]
async fn the_password_goes_to_the_account_s_own_server_only(db: PgPool) {
    let (services, tutor, radicale) = open(db).await;
    let (web, other) = (Web::open().await, Web::open().await);
    // The same machine under another name: who redirects there may be somebody else.
    let foreign = other.url().replace("127.0.0.1", "localhost");
    let calendar = "<d:resourcetype><c:calendar/></d:resourcetype>";
    for answer in [
        Answer::redirect(&foreign),
        Answer::multistatus(&format!(
            "<d:current-user-principal><d:href>{foreign}</d:href></d:current-user-principal>"
        )),
        Answer::multistatus(&format!(
            "<c:calendar-home-set><d:href>{foreign}</d:href></c:calendar-home-set>"
        )),
    ] {
        web.serve(answer);
        let answer = connect(&services, &tutor, &account(&web.url(), "geheim")).await;
        assert_eq!(refused(answer).1, "calendar_server_none");
    }
    assert_eq!(other.asked(), 0, "nobody else was told");
    other.serve(Answer::multistatus(calendar));
    web.serve(Answer::redirect(&other.url()));
    connect(&services, &tutor, &account(&web.url(), "geheim"))
        .await
        .expect("another port of the same server");
    assert!(other.asked() > 0);
    let connected = only(&services, &tutor).await;
    diary::disconnect(&services, &tutor.actor, tutor.id, connected.id).await.expect("disconnected");

    // What was kept before is judged by the same rule.
    connect(&services, &tutor, &account(&radicale.url(), "geheim")).await.expect("connected");
    let asked = other.asked();
    let kept = sqlx::query("UPDATE offered_calendars SET url = $1").bind(&foreign);
    kept.execute(&services.db).await.expect("as before");
    choose(&services, &tutor, &["Work"], None).await;
    let read = only(&services, &tutor).await.calendars.remove(0).read.expect("it is chosen");
    assert_eq!((read.read_at, read.failing), (None, Some((now(), busy::Problem::Unreachable))));
    assert_eq!(other.asked(), asked, "nor later");
}
