//! Accounts with calendar providers on the tutor's page, as a browser without script uses it, over Radicale.

use sqlx::PgPool;

use crate::{
    calendars::post,
    pages::page,
    radicale::Radicale,
    support::{send, start},
};

/// The values of the boxes and hidden fields of a name on a page.
fn values(html: &str, name: &str) -> Vec<String> {
    let inputs = html.split("<input").skip(1).filter_map(|rest| rest.split('>').next());
    let named = inputs.filter(|input| input.contains(&format!("name=\"{name}")));
    let value = |input: &str| Some(input.split_once("value=\"")?.1.split('"').next()?.to_owned());
    named.filter_map(value).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_tutor_connects_an_account_chooses_calendars_and_disconnects_it(pool: PgPool) {
    let site = start(&pool).await;
    let tutor = site.tutor("Tia Tutor").await;
    let student = site.person("Sam Student", "student").await;
    let radicale = Radicale::open().await;
    radicale.make("home", "Home", "VEVENT").await;
    let lesson = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:call\r\n\
                  DTSTAMP:20270301T080000Z\r\nDTSTART:20270301T120000Z\r\nDURATION:PT1H\r\nEND:VEVENT\r\n\
                  END:VCALENDAR\r\n";
    radicale.put("work/call.ics", lesson).await;
    let url = radicale.url();
    let wrong = [("address", &*url), ("login", "tina"), ("password", "mistyped")];
    assert!(post(&site, &tutor, "connect_account", &wrong).await.contains("__path="));
    let connected = "/tutor/settings?saved=1#accounts";
    let right = [("address", &*url), ("login", "tina"), ("password", "geheim")];
    assert_eq!(post(&site, &tutor, "connect_account", &right).await, connected);
    let settings = page(&site, &tutor, "/tutor/settings").await.text;
    assert!(settings.contains("No calendar of this account counts yet") && !settings.contains("geheim"));
    let (account, calendars) = (values(&settings, "account").remove(0), values(&settings, "calendars["));
    assert_eq!(calendars.len(), 2, "both are offered");

    // Home and Work, by name: only the second is ticked, as a browser sends it.
    let chosen = [("account", &*account), ("calendars[1]", &*calendars[1])];
    assert_eq!(post(&site, &tutor, "choose_calendars", &chosen).await, connected);
    let settings = page(&site, &tutor, "/tutor/settings").await.text;
    assert_eq!(settings.matches("Last read: ").count(), 1);
    student.book(&tutor, "2027-03-01T12:00:00Z").await.refused(409, "BOOKING_CONFLICT");

    let warning = "A connected calendar cannot be read.";
    assert!(!page(&site, &tutor, "/tutor").await.text.contains(warning));
    drop(radicale);
    site.set_clock("2027-03-01T08:05:00Z").await;
    assert_eq!(send(site.request("POST", "/dev/tick")).await.status, 200);
    assert!(page(&site, &tutor, "/tutor").await.text.contains(warning));
    assert!(page(&site, &tutor, "/tutor/settings").await.text.contains("Not reachable since"));

    assert_eq!(post(&site, &tutor, "choose_calendars", &[("account", &*account)]).await, connected);
    assert!(!page(&site, &tutor, "/tutor").await.text.contains(warning), "none is read any more");
    let asked = page(&site, &tutor, &format!("/tutor/settings?disconnect={account}")).await.text;
    let dialogs = asked.split("<dialog").filter_map(|rest| rest.split('>').next());
    let mut own = dialogs.filter(|tag| tag.contains("id=\"disconnect-account-0\""));
    assert!(own.next().is_some_and(|tag| tag.contains(" open")), "the question is not open");
    let other = site.tutor("Otto Other").await;
    let theirs = post(&site, &other, "disconnect_account", &[("account", &*account)]).await;
    assert!(theirs.contains("__path="), "{theirs}");
    assert_eq!(post(&site, &tutor, "disconnect_account", &[("account", &*account)]).await, connected);
    assert!(!page(&site, &tutor, "/tutor/settings").await.text.contains("tina"));
    student.book(&tutor, "2027-03-01T12:00:00Z").await.data();
    site.stop().await;
}
