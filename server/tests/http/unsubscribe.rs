//! Ending mails by the link in them, without signing in.

use domain::{account::Role, notice::Choice};
use services::{
    jobs, sweep,
    testing::{self, at_hour, booked},
};
use sqlx::PgPool;

use crate::{
    pages::{cookie_of, page},
    support::{Person, Site, send, start},
};

#[sqlx::test(migrations = "../migrations")]
async fn a_link_is_looked_at_and_pressed(pool: PgPool) {
    let site = start(&pool).await;
    let services = &site.services;
    let (tutor, student) = (testing::tutor(services, "Tina").await, testing::student(services, "Sam").await);
    let booking = booked(services, &student, &tutor, at_hour(52)).await;
    services
        .clock
        .set(&services.db, Some(booking.start - chrono::TimeDelta::hours(24)))
        .await
        .expect("the clock");
    sweep::run(services).await.expect("swept");
    jobs::drain(services).await.expect("worked off");
    let address = "SELECT unsubscribe FROM mails WHERE kind = 'reminder_day' AND user_id = $1";
    let address: String =
        sqlx::query_scalar(address).bind(student.user.0).fetch_one(&pool).await.expect("an address");
    let path = address.strip_prefix(&site.base).expect("ours").to_owned();
    let refusals = || async {
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM refusals").fetch_one(&pool).await.expect("a count");
        count
    };

    let looked = site.get(&path).await;
    assert_eq!(looked.status, 303);
    let page = site.get(looked.header("location").expect("the page")).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains(&format!("action=\"{path}\"")), "a form that works without script");
    assert_eq!(refusals().await, 0, "looking changes nothing");

    let pressed = send(site.request("POST", &path)).await;
    assert_eq!(pressed.status, 303);
    let done = site.get(pressed.header("location").expect("the page")).await;
    assert!(done.status == 200 && done.text.contains("Done:"));
    assert_eq!(refusals().await, 1);

    // Programs write the form in either of its encodings, and are not redirected.
    let urlencoded =
        |name: &'static str, value: &'static str| site.request("POST", &path).form(&[(name, value)]);
    let multipart = |name: &'static str, value: &'static str| {
        let form = reqwest::multipart::Form::new().text(name, value);
        site.request("POST", &path).multipart(form)
    };
    for one_click in [urlencoded("List-Unsubscribe", "One-Click"), multipart("List-Unsubscribe", "One-Click")]
    {
        testing::execute(services, "DELETE FROM refusals").await;
        let answer = send(one_click.header("origin", "https://mail.example.org")).await;
        assert_eq!((answer.status.as_u16(), &*answer.text), (200, ""));
        assert_eq!(refusals().await, 1);
    }
    for other in [urlencoded("token", "x"), multipart("token", "x"), multipart("List-Unsubscribe", "Maybe")] {
        assert_eq!(send(other).await.status, 303, "what does not say that it is a program is shown a page");
    }
    assert_eq!(refusals().await, 1);

    for foreign in ["/unsubscribe/reminders.1.2", "/unsubscribe/x"] {
        send(site.request("POST", foreign)).await.refused(404, "NOT_FOUND");
    }
    assert_eq!(site.get("/unsubscribe?link=x").await.status, 404);
    assert_eq!(refusals().await, 1);

    site.stop().await;
}

/// Posts the form of the settings, as a browser without script does.
async fn choose(site: &Site, person: &Person<'_>, form: &str) {
    let request = site.request("POST", "/do/choose_ways").header("Accept", "text/html");
    let request = request.header("Cookie", cookie_of(site, person).await);
    let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(form.to_owned());
    let answer = send(request).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (302, Some("/settings?saved=1#mails")),
        "{form}"
    );
}

/// Each row: what is ticked, and what is refused with that.
#[sqlx::test(migrations = "../migrations")]
async fn mails_are_chosen_in_the_settings(pool: PgPool) {
    let site = start(&pool).await;
    let student = site.person("Sam Student", "student").await;
    let all: Vec<String> = Choice::all(Role::Student).map(Choice::name).collect();
    let every: Vec<String> =
        all.iter().enumerate().map(|(at, name)| format!("wanted[{at}]={name}")).collect();
    let but = |wanted: &[&str]| {
        let mut refused: Vec<_> =
            all.iter().filter(|name| !wanted.contains(&&***name)).map(|name| &**name).collect();
        refused.sort_unstable();
        refused.join(", ")
    };
    for (form, refused) in [
        ("", but(&[])),
        (
            "wanted[2]=reminders-mail&wanted[0]=lessons-notice&wanted[9]=questions-push",
            but(&["reminders-mail", "lessons-notice", "questions-push"]),
        ),
        (&every.join("&"), String::new()),
    ] {
        choose(&site, &student, form).await;
        let kept = "SELECT coalesce(string_agg(way, ', ' ORDER BY way), '')
                    FROM (SELECT topic || '-' || channel AS way FROM refusals) AS kept";
        let kept: String = sqlx::query_scalar(kept).fetch_one(&pool).await.expect("a list");
        assert_eq!(kept, refused, "{form}");
        let shown = page(&site, &student, "/settings").await.text;
        assert!(shown.contains("action=\"/do/choose_ways\""), "{form}");
        for choice in Choice::all(Role::Student) {
            let (_, input) = shown.split_once(&format!("id=\"{}\"", choice.name())).expect("a box");
            let (input, _) = input.split_once('>').expect("its end");
            assert_eq!(input.contains("checked"), !refused.contains(&choice.name()), "{form} {input}");
        }
        assert!(!shown.contains("lessons-mail") && !shown.contains("money-mail"));
    }
    site.stop().await;
}
