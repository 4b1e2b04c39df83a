//! Which mails a person wants: refused in the settings or by the link in the mail itself.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod letters;
mod post;

use chrono::TimeDelta;
use letters::{SAM, TINA, World, pairs};
use mail_parser::MessageParser;
use post::Post;
use services::{
    lesson,
    mail::{self, Topic},
    testing::{self, at_hour, refused},
};
use sqlx::PgPool;

const HOUR: TimeDelta = TimeDelta::hours(1);

#[sqlx::test(migrations = "../migrations")]
async fn what_is_refused_is_not_written_and_what_matters_always_is(db: PgPool) {
    let world = World::in_english(db).await;
    let services = &world.services;
    assert_eq!(mail::refused(services, &world.student).await.expect("read"), []);
    mail::choose(services, &world.student, &[]).await.expect("chosen");
    mail::choose(services, &world.tutor.actor, &[Topic::Reminders]).await.expect("chosen");
    assert_eq!(mail::refused(services, &world.student).await.expect("read"), Topic::ALL);
    let booking = world.booked_at(at_hour(48)).await;
    let told = pairs(&[(SAM, "booking_confirmed"), (TINA, "booking_confirmed")]);
    assert_eq!(world.tick_at(at_hour(1)).await, told);
    assert_eq!(world.tick_at(at_hour(24)).await, pairs(&[(TINA, "reminder_day")]));
    mail::choose(services, &world.student, &[Topic::Reminders]).await.expect("chosen again");
    assert_eq!(world.tick_at(at_hour(47)).await, pairs(&[(SAM, "reminder_hour"), (TINA, "reminder_hour")]));
    world.set(booking.start).await;
    for actor in [&world.student, &world.tutor.actor] {
        lesson::join(services, actor, booking.id).await.expect("let in");
    }
    assert_eq!(world.tick_at(booking.end + HOUR).await, []);
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
    let post = Post::closed().await.open().await;
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
