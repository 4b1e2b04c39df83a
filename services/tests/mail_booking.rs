//! Mails about bookings on a real database: who is told what, in which language, on whose clock, and how often.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod letters;
mod post;

use calcard::icalendar::{ICalendar, ICalendarProperty};
use chrono::TimeDelta;
use domain::booking::Booking;
use insta::assert_snapshot;
use letters::{SAM, TINA, World, forget, pairs, shown};
use mail_parser::{MessageParser, MimeHeaders as _};
use post::Post;
use services::{
    Services, booking, jobs,
    mail::Mail,
    sweep,
    testing::{self, assert_invariants, at_hour, now, number},
};
use sqlx::PgPool;

/// What happens to a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Story {
    Booked,
    Requested,
    Confirmed,
    Declined,
    Expired,
    MovedByStudent,
    MovedByTutor,
    RequestMoved,
    CancelledByStudent,
    CancelledByTutor,
    CancelledByAdmin,
}

impl Story {
    const ALL: [(Story, &'static [(&'static str, &'static str)]); 11] = [
        (Story::Booked, &[(SAM, "booking_confirmed"), (TINA, "booking_confirmed")]),
        (Story::Requested, &[(TINA, "booking_requested")]),
        (Story::Confirmed, &[(SAM, "booking_confirmed"), (TINA, "booking_confirmed")]),
        (Story::Declined, &[(SAM, "booking_declined")]),
        (Story::Expired, &[(SAM, "booking_expired")]),
        (Story::MovedByStudent, &[(SAM, "booking_rescheduled"), (TINA, "booking_rescheduled")]),
        (Story::MovedByTutor, &[(SAM, "booking_rescheduled"), (TINA, "booking_rescheduled")]),
        (Story::RequestMoved, &[(SAM, "booking_rescheduled"), (TINA, "booking_rescheduled")]),
        (Story::CancelledByStudent, &[(SAM, "booking_cancelled"), (TINA, "booking_cancelled")]),
        (Story::CancelledByTutor, &[(SAM, "booking_cancelled"), (TINA, "booking_cancelled")]),
        (Story::CancelledByAdmin, &[(SAM, "booking_cancelled"), (TINA, "booking_cancelled")]),
    ];

    fn is_of_a_request(self) -> bool {
        use Story::{Confirmed, Declined, Expired, RequestMoved, Requested};
        matches!(self, Requested | Confirmed | Declined | Expired | RequestMoved)
    }

    /// Lets it happen; the mails that its last step leaves, and the booking.
    async fn tell(self, world: &World) -> (Vec<Mail>, Booking) {
        let (services, student, tutor) = (&world.services, &world.student, &world.tutor.actor);
        world.set(now()).await;
        if self.is_of_a_request() {
            world.asks_to_confirm().await;
        }
        let booking = world.booked().await;
        let id = booking.id;
        if matches!(self, Story::Booked | Story::Requested) {
            world.work().await;
            return (world.new_mails(0).await, booking);
        }
        world.work().await;
        let before = world.new_mails(0).await.len();
        world.set(now() + TimeDelta::minutes(30)).await;
        let reason = Some("I am ill & at home.\nSorry!");
        let moved = |actor| booking::reschedule(services, actor, id, at_hour(6), None);
        let booking = match self {
            Story::Booked | Story::Requested => booking,
            Story::Confirmed => booking::confirm(services, tutor, id).await.expect("confirmed"),
            Story::Declined => booking::decline(services, tutor, id, reason).await.expect("declined"),
            Story::Expired => {
                world.set(booking.expires_at.expect("a request lapses")).await;
                sweep::run(services).await.expect("swept");
                booking
            }
            Story::MovedByStudent | Story::RequestMoved => moved(student).await.expect("moved"),
            Story::MovedByTutor => moved(tutor).await.expect("moved"),
            Story::CancelledByStudent => {
                booking::cancel(services, student, id, None).await.expect("cancelled")
            }
            Story::CancelledByTutor => booking::cancel(services, tutor, id, reason).await.expect("cancelled"),
            Story::CancelledByAdmin => {
                let admin = testing::user(services, "Ada", domain::account::Role::Admin).await;
                booking::cancel(services, &admin, id, reason).await.expect("cancelled")
            }
        };
        world.work().await;
        (world.new_mails(before).await, booking)
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn both_are_told_in_their_own_language_and_zone(db: PgPool) {
    let (english, french) = (("en", "America/New_York"), ("fr", "Europe/Paris"));
    for (readers, student, tutor) in [("sam_en", english, french), ("sam_fr", french, english)] {
        let world = World::open(db.clone(), student, tutor).await;
        for (story, expected) in Story::ALL {
            let (mails, booking) = story.tell(&world).await;
            let told: Vec<_> = mails.iter().map(|mail| (mail.to.clone(), mail.kind.clone())).collect();
            assert_eq!(told, pairs(expected), "{story:?}");
            assert_snapshot!(format!("{story:?}_{readers}"), shown(&mails, &booking));
            for mail in &mails {
                assert!(!mail.html.contains("{{") && !mail.html.contains("<b>"), "{story:?}: {}", mail.html);
            }
            forget(&world).await;
        }
        testing::execute(&world.services, "TRUNCATE users CASCADE").await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_html_says_the_same_with_the_meeting_link_as_its_button(db: PgPool) {
    let world = World::in_english(db).await;
    let (mails, booking) = Story::Booked.tell(&world).await;
    let html =
        mails[1].html.replace(&booking.id.to_string(), "BOOKING").replace(&booking.join_token, "TOKEN");
    let join = "<a href=\"http://127.0.0.1:3000/join/TOKEN\"";
    let page = "<a href=\"http://127.0.0.1:3000/lessons/BOOKING\"";
    assert!(html.find(join).expect("the button") < html.find(page).expect("the other link"));
    assert!(html.contains("Fractions, please. &lt;b&gt;Thank you!&lt;/b&gt;"));
    assert_snapshot!("booked_html", html);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_told_again_is_written_once(db: PgPool) {
    let world = World::in_english(db).await;
    let (mails, _) = Story::MovedByTutor.tell(&world).await;
    assert_eq!((mails.len(), world.kinds().await.len()), (2, 4));
    let ids = |mails: Vec<Mail>| mails.into_iter().map(|mail| mail.id).collect::<Vec<_>>();
    let before = ids(world.new_mails(0).await);
    testing::execute(&world.services, "UPDATE outbox SET dispatched_at = NULL").await;
    assert_eq!(world.work().await, 2, "both jobs run again");
    assert_eq!(ids(world.new_mails(0).await), before);
    assert_invariants(&world.services).await;
}

/// Each row: what happens while no mail is written, and which are of use afterwards.
#[sqlx::test(migrations = "../migrations")]
async fn after_an_outage_only_what_is_still_so_is_told(db: PgPool) {
    let world = World::in_english(db).await;
    let (student, tutor) = (&world.student, &world.tutor.actor);
    let services = &world.services;
    for (what, expected) in [
        ("cancelled", &[(SAM, "booking_cancelled"), (TINA, "booking_cancelled")][..]),
        ("moved twice", &[(SAM, "booking_rescheduled"), (TINA, "booking_rescheduled")]),
        ("begun", &[]),
        ("answered", &[(SAM, "booking_confirmed"), (TINA, "booking_confirmed")]),
        ("lapsed and not yet swept", &[]),
    ] {
        world.set(now()).await;
        if matches!(what, "answered" | "lapsed and not yet swept") {
            world.asks_to_confirm().await;
        }
        let booking = world.booked().await;
        match what {
            "cancelled" => drop(booking::cancel(services, student, booking.id, None).await.expect(what)),
            "moved twice" => {
                for hour in [6, 7] {
                    booking::reschedule(services, tutor, booking.id, at_hour(hour), None).await.expect(what);
                }
            }
            "begun" => world.set(booking.start).await,
            "answered" => drop(booking::confirm(services, tutor, booking.id).await.expect(what)),
            _ => world.set(booking.expires_at.expect("a request lapses")).await,
        }
        world.work().await;
        assert_eq!(world.kinds().await, pairs(expected), "{what}");
        forget(&world).await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_writes_to_a_person_who_is_gone(db: PgPool) {
    let world = World::in_english(db).await;
    world.booked().await;
    testing::execute(&world.services, "UPDATE users SET deleted_at = created_at WHERE role = 'student'")
        .await;
    world.work().await;
    assert_eq!(world.kinds().await, pairs(&[(TINA, "booking_confirmed")]));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_free_lesson_says_nothing_of_money(db: PgPool) {
    let world = World::in_english(db).await;
    testing::execute(&world.services, "UPDATE offerings SET prices = '{0,0,0}'").await;
    let (mails, _) = Story::CancelledByTutor.tell(&world).await;
    for mail in mails {
        assert!(!mail.text.contains("charged") && !mail.text.contains("Price"), "{}", mail.text);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn two_servers_write_each_mail_once(db: PgPool) {
    let world = World::in_english(db.clone()).await;
    world.booked().await;
    world.work().await;
    let again = "INSERT INTO outbox (kind, booking_id, payload, correlation_id, created_at)
                 SELECT o.kind, o.booking_id, o.payload, gen_random_uuid(), o.created_at
                 FROM outbox o, generate_series(1, 50)";
    testing::execute(&world.services, again).await;
    testing::execute(&world.services, "UPDATE outbox SET dispatched_at = NULL").await;
    let second = testing::services(db);
    let both = async |services: &Services| {
        jobs::outbox::dispatch(services).await.expect("dispatched");
        jobs::drain(services).await.expect("worked off");
    };
    tokio::join!(both(&world.services), both(&second));
    // 51 events, two people each.
    assert_eq!(number(&world.services, "SELECT count(*) FROM mails").await, 102);
    let doubled = "SELECT count(*) - count(DISTINCT dedupe_key) FROM mails";
    assert_eq!(number(&world.services, doubled).await, 0);
}

/// The calendar file of a story's mails, where they carry one.
fn method(story: Story) -> Option<&'static str> {
    use Story::{
        Booked, CancelledByAdmin, CancelledByStudent, CancelledByTutor, Confirmed, MovedByStudent,
        MovedByTutor,
    };
    match story {
        Booked | Confirmed | MovedByStudent | MovedByTutor => Some("REQUEST"),
        CancelledByStudent | CancelledByTutor | CancelledByAdmin => Some("CANCEL"),
        _ => None,
    }
}

/// Asserts that a mail that was sent says what was written, in the eyes of a reader that is not ours.
fn assert_read(raw: &str, mail: &Mail, booking: &Booking, method: Option<&str>) {
    let unstuffed = raw.replace("\r\n..", "\r\n.");
    let read = MessageParser::default().parse(unstuffed.as_bytes()).expect("a mail");
    let lines = |text: &str| text.replace("\r\n", "\n").trim_end().to_owned();
    assert_eq!(read.subject(), Some(&*mail.subject));
    assert_eq!(read.to().and_then(|to| to.first()).and_then(|to| to.address()), Some(&*mail.to));
    assert_eq!(lines(&read.body_text(0).expect("a text")), lines(&mail.text));
    assert_eq!(lines(&read.body_html(0).expect("HTML")), lines(&mail.html));
    let files: Vec<_> = read.parts.iter().filter(|part| is_calendar(part)).collect();
    assert_eq!(files.len(), if method.is_some() { 2 } else { 0 }, "{}", mail.kind);
    for file in files {
        let calendar = ICalendar::parse(file.text_contents().expect("a text")).expect("a calendar");
        let said =
            |name| calendar.components.iter().find_map(|part| part.property(&name)).expect("a property");
        let text = |name| said(name).values[0].as_text().expect("a text").to_owned();
        assert_eq!(text(ICalendarProperty::Uid), booking.id.to_string());
        assert!(raw.contains(&format!("method={}", method.unwrap_or_default())));
        assert!(
            file.text_contents()
                .is_some_and(|text| text.contains(&format!("METHOD:{}\r\n", method.unwrap_or_default())))
        );
    }
}

fn is_calendar(part: &mail_parser::MessagePart<'_>) -> bool {
    part.content_type().is_some_and(|it| matches!(it.subtype(), Some("calendar" | "ics")))
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_sent_is_read_alike_by_another_reader(db: PgPool) {
    let post = Post::closed().open().await;
    let services = testing::services_in(db, &[("SMTP_URL", &post.url())], None);
    let world = World::with(services, ("en", "America/New_York"), ("fr", "Europe/Paris")).await;
    for (story, _) in Story::ALL {
        let (mails, booking) = story.tell(&world).await;
        for mail in &mails {
            let id = format!("Message-ID: <{}@localhost>", mail.id);
            let sent: Vec<_> = post.taken().into_iter().filter(|raw| raw.contains(&id)).collect();
            assert_eq!(sent.len(), 1, "{story:?} {}", mail.to);
            assert_read(&sent[0], mail, &booking, method(story));
        }
        forget(&world).await;
    }
}
