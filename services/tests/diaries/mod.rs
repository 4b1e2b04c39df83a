//! A tutor with an account at Radicale.
#![allow(dead_code, reason = "each test file uses its part")]

use chrono::{DateTime, TimeDelta, Utc};
use domain::interval::Interval;
use services::{
    Services,
    availability::{self, SlotQuery},
    diary::{self, Account, Choice, NewAccount},
    jobs, sweep,
    testing::{self, Tutor, at_hour, now},
};
use sqlx::PgPool;

use crate::radicale::Radicale;

/// The file of an entry.
pub fn entry(uid: &str, start: DateTime<Utc>, minutes: i64, more: &str) -> String {
    let start = start.format("%Y%m%dT%H%M%SZ");
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:{start}\r\n\
         DTSTART:{start}\r\nDURATION:PT{minutes}M\r\n{more}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

/// Services, a tutor and a server with a calendar that is called Work.
pub async fn open(db: PgPool) -> (Services, Tutor, Radicale) {
    jobs::migrate(&db).await.expect("the queue");
    let services = testing::services(db);
    services.clock.set(&services.db, Some(now())).await.expect("the clock");
    let tutor = testing::tutor(&services, "Tina").await;
    (services, tutor, Radicale::open().await)
}

/// The account of the server, as its owner types it.
pub fn account(address: &str, password: &str) -> NewAccount {
    NewAccount { address: address.to_owned(), login: "tina".to_owned(), password: password.to_owned() }
}

/// Connects it.
pub async fn connect(services: &Services, tutor: &Tutor, new: &NewAccount) -> services::Result<()> {
    diary::connect(services, &tutor.actor, tutor.id, new).await
}

/// The accounts of a tutor.
pub async fn list(services: &Services, tutor: &Tutor) -> Vec<Account> {
    diary::list(services, &tutor.actor, tutor.id).await.expect("a list")
}

/// The only account of a tutor.
pub async fn only(services: &Services, tutor: &Tutor) -> Account {
    let mut accounts = list(services, tutor).await;
    assert_eq!(accounts.len(), 1);
    accounts.remove(0)
}

/// Has those calendars of the only account read that have these names, and lessons written into that of another.
pub async fn choose(services: &Services, tutor: &Tutor, names: &[&str], lessons_in: Option<&str>) {
    let account = only(services, tutor).await;
    let named = |name: &str| {
        account.calendars.iter().find(|calendar| calendar.name == name).expect("it is offered").id
    };
    let read = names.iter().map(|name| named(name)).collect();
    let choice = Choice { read, lessons_in: lessons_in.map(named) };
    diary::choose(services, &tutor.actor, tutor.id, account.id, &choice).await.expect("chosen");
}

/// Whether an hour of tomorrow can be booked.
pub async fn is_free(services: &Services, tutor: &Tutor, hour: i64) -> bool {
    let query = SlotQuery {
        tutor: tutor.id.to_string(),
        range: Interval::new(at_hour(24), at_hour(72)),
        offering: None,
        duration: Some(60),
    };
    let found = availability::free_slots(services, &query).await.expect("slots").slots;
    found.into_iter().any(|slot| slot.start == at_hour(hour))
}

/// Lets minutes go by and does what is due.
pub async fn pass(services: &Services, minutes: i64) {
    let later = services.clock.now() + TimeDelta::minutes(minutes);
    services.clock.set(&services.db, Some(later)).await.expect("the clock");
    sweep::run(services).await.expect("swept");
    jobs::hand_out(services).await.expect("handed out");
    jobs::drain(services).await.expect("done");
}
