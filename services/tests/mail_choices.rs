//! By which ways a person wants to be told of what: refused in the settings or by the link in the mail itself.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod letters;
mod post;

use chrono::TimeDelta;
use domain::{
    account::Role,
    chat::MessageBody,
    notice::{Channel, Choice, Topic},
};
use letters::{SAM, TINA, World, pairs};
use mail_parser::MessageParser;
use post::Post;
use services::{
    Actor, chat, lesson,
    mail::{self, Kind},
    notice,
    testing::{self, at_hour, refused},
};
use sqlx::PgPool;

const HOUR: TimeDelta = TimeDelta::hours(1);

const fn by(topic: Topic, channel: Channel) -> Choice {
    Choice { topic, channel }
}

/// Everything but these.
fn all_but(role: Role, refused: &[Choice]) -> Vec<Choice> {
    Choice::all(role).filter(|choice| !refused.contains(choice)).collect()
}

async fn noticed(world: &World, actor: &Actor) -> Vec<Kind> {
    let notices = notice::list(&world.services, actor, 1).await.expect("notices");
    notices.rows.into_iter().rev().map(|notice| notice.kind).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_refused_is_not_written_and_what_matters_always_is(db: PgPool) {
    let world = World::in_english(db).await;
    let services = &world.services;
    let (sam, tina) = (&world.student, &world.tutor.actor);
    assert_eq!(notice::refused(services, sam).await.expect("read"), []);
    notice::choose(services, sam, &[]).await.expect("chosen");
    notice::choose(services, tina, &[by(Topic::Reminders, Channel::Mail)]).await.expect("chosen");
    let all: Vec<_> = Choice::all(Role::Student).collect();
    assert_eq!(notice::refused(services, sam).await.expect("read"), all);
    let booking = world.booked_at(at_hour(48)).await;
    let told = pairs(&[(SAM, "booking_confirmed"), (TINA, "booking_confirmed")]);
    assert_eq!(world.tick_at(at_hour(1)).await, told);
    assert_eq!(world.tick_at(at_hour(24)).await, pairs(&[(TINA, "reminder_day")]));
    notice::choose(services, sam, &[by(Topic::Reminders, Channel::Mail)]).await.expect("chosen again");
    assert_eq!(world.tick_at(at_hour(47)).await, pairs(&[(SAM, "reminder_hour"), (TINA, "reminder_hour")]));
    world.set(booking.start).await;
    for actor in [sam, tina] {
        lesson::join(services, actor, booking.id).await.expect("let in");
    }
    assert_eq!(world.tick_at(booking.end + HOUR).await, []);
    assert_eq!((noticed(&world, sam).await, noticed(&world, tina).await), (vec![], vec![]));
}

/// Each way is refused for itself: who wants no mail finds the notice, who wants no notice gets the mail, each once.
#[sqlx::test(migrations = "../migrations")]
async fn the_ways_are_chosen_apart(db: PgPool) {
    let world = World::in_english(db).await;
    let (services, sam, tina) = (&world.services, &world.student, &world.tutor.actor);
    let no_mail = [Topic::Reminders, Topic::Questions, Topic::Messages].map(|topic| by(topic, Channel::Mail));
    notice::choose(services, sam, &all_but(Role::Student, &no_mail)).await.expect("chosen");
    let no_notice =
        [Topic::Reminders, Topic::Lessons, Topic::Messages].map(|topic| by(topic, Channel::Notice));
    notice::choose(services, tina, &all_but(Role::Tutor, &no_notice)).await.expect("chosen");
    let booking = world.booked_at(at_hour(48)).await;
    world.work().await;
    for _ in 0..3 {
        world.tick_at(at_hour(24)).await;
    }
    assert_eq!(noticed(&world, sam).await, [Kind::ReminderDay]);
    assert_eq!(noticed(&world, tina).await, []);
    world.set(booking.start).await;
    for actor in [sam, tina] {
        lesson::join(services, actor, booking.id).await.expect("let in");
    }
    let thread = chat::open(services, sam, chat::Whom::Tutor(world.tutor.id)).await.expect("a thread").0.id;
    for actor in [sam, tina] {
        let body = MessageBody::parse("Hello").expect("a text");
        chat::send(services, actor, thread, &body, None).await.expect("sent");
    }
    for _ in 0..3 {
        world.tick_at(booking.end + HOUR).await;
    }
    let sam_s = [Kind::ReminderDay, Kind::FeedbackRequest, Kind::NewMessage];
    assert_eq!(noticed(&world, sam).await, sam_s);
    assert_eq!(noticed(&world, tina).await, []);
    let mails = world.kinds().await;
    let expected = [
        (SAM, "booking_confirmed"),
        (TINA, "booking_confirmed"),
        (TINA, "reminder_day"),
        (TINA, "new_message"),
    ];
    assert_eq!(mails, pairs(&expected));
}

/// A server of the release before knows mails only: what it writes is read, and what it removes is that alone.
#[sqlx::test(migrations = "../migrations")]
async fn the_release_before_refuses_mails_only(db: PgPool) {
    let world = World::in_english(db).await;
    let (services, sam) = (&world.services, &world.student);
    let notice = by(Topic::Reminders, Channel::Notice);
    notice::choose(services, sam, &all_but(Role::Student, &[notice])).await.expect("chosen");
    let insert = "INSERT INTO mail_refusals (user_id, topic, refused_at)
                  SELECT id, 'reminders', created_at FROM users WHERE email = 'sam@example.org' ON CONFLICT DO NOTHING";
    for _ in 0..2 {
        testing::execute(services, insert).await;
        let refused = notice::refused(services, sam).await.expect("read");
        assert_eq!(refused, [by(Topic::Reminders, Channel::Mail), notice]);
    }
    testing::execute(services, "DELETE FROM mail_refusals WHERE topic = 'reminders'").await;
    assert_eq!(notice::refused(services, sam).await.expect("read"), [notice]);
}

/// The address in the header of a mail that was sent; none where it has no such header.
fn unsubscribe_address(raw: &str) -> Option<String> {
    let read = MessageParser::default().parse(raw.as_bytes()).expect("a mail");
    let one_click = read.header_raw("List-Unsubscribe-Post").map(str::trim);
    let address = read.header_raw("List-Unsubscribe").map(|text| {
        let folded: String = text.split_whitespace().collect();
        folded.trim_start_matches('<').trim_end_matches('>').to_owned()
    });
    assert_eq!(one_click, address.as_ref().map(|_| "List-Unsubscribe=One-Click"));
    address
}

#[sqlx::test(migrations = "../migrations")]
async fn the_link_in_a_mail_ends_mails_like_it_for_its_reader(db: PgPool) {
    let post = Post::closed().open().await;
    let services = testing::services_in(db, &[("SMTP_URL", &post.url())], None);
    let world = World::with(services, ("en", "UTC"), ("en", "UTC")).await;
    world.booked_at(at_hour(48)).await;
    world.tick_at(at_hour(1)).await;
    assert!(
        post.taken().iter().all(|raw| unsubscribe_address(raw).is_none()),
        "what matters cannot be refused"
    );
    world.tick_at(at_hour(24)).await;
    let sent = post.taken();
    let to_sam = sent.iter().find(|raw| raw.contains("To: sam@") && raw.contains("Subject: Reminder"));
    let address = unsubscribe_address(to_sam.expect("a reminder")).expect("an address");
    let kept = mail::list(&world.services).await.expect("mails");
    let kept = kept.iter().find(|mail| mail.to == SAM && mail.kind == "reminder_day").expect("a reminder");
    assert!(kept.text.contains(&address) && kept.html.contains(&address), "in the mail too");
    let token = address.strip_prefix("http://127.0.0.1:3000/unsubscribe/").expect("ours");
    assert_eq!(
        mail::read_link(&world.services, token).expect("a link"),
        (world.student.user, Topic::Reminders)
    );
    for _ in 0..2 {
        assert_eq!(mail::unsubscribe(&world.services, token).await.expect("ended"), Topic::Reminders);
    }
    assert_eq!(world.tick_at(at_hour(47)).await, pairs(&[(TINA, "reminder_hour")]));
    let foreign = [
        token.replace("reminders", "questions"),
        token.replace(
            &world.student.user.0.simple().to_string(),
            &world.tutor.actor.user.0.simple().to_string(),
        ),
        token[..token.len() - 2].to_owned(),
        format!("{token}.more"),
        "reminders".to_owned(),
        String::new(),
    ];
    for foreign in foreign {
        let (code, _) = refused(mail::unsubscribe(&world.services, &foreign).await);
        assert_eq!(code, domain::Code::NotFound, "{foreign}");
    }
    testing::execute(&world.services, "UPDATE users SET deleted_at = created_at").await;
    assert_eq!(refused(mail::unsubscribe(&world.services, token).await).0, domain::Code::NotFound, "gone");
}
