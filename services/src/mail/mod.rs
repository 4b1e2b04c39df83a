//! Mails: written once for what they are about, kept, and sent where a mail server is configured.

mod booking;
mod export;
mod layout;
mod letter;
mod links;
mod messages;
mod money;
mod payout;
mod permission;
mod reconciliation;
mod refund;
mod refused;
mod sender;
mod sign_in;
mod store;
mod stuck;
mod texts;
mod unsubscribe;

use chrono::{DateTime, Utc};
use domain::{
    ids::{BookingId, MailId, ThreadId, UserId},
    notice::Topic,
};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, Postgres, Transaction};

use crate::{
    AppError, Result, Services,
    calendar::Invitation,
    chance,
    jobs::{self, Job},
    notice::{self, News, Subject},
};
use letter::{Letter, Reader};

pub use booking::{TellOfBooking, TellOfDispute};
pub(crate) use export::{Finished, tell_of_export};
pub use layout::escape;
pub(crate) use links::{Link, send_link};
pub use money::WriteMail;
pub use payout::TellOfPayout;
pub use permission::TellOfPermission;
pub use reconciliation::TellOfDifferences;
pub use refund::TellOfRefund;
pub use sender::Sender;
pub(crate) use sign_in::{SignIn, Where, tell_of_sign_in};
pub use stuck::TellOfStuck;
pub use unsubscribe::{read_link, unsubscribe};

/// How many of the kept mails are shown.
const SHOWN: i64 = 200;

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A lesson was paid.
    Receipt,
    /// A lesson is owed.
    PaymentFailed,
    /// A lesson is owed no more, because the platform lets it be.
    DebtForgiven,
    /// Money for a lesson could not be secured before it.
    DepositFailed,
    /// Money that was to be given back did not arrive.
    RefundFailed,
    /// A student asks for a lesson.
    BookingRequested,
    /// A lesson is booked.
    BookingConfirmed,
    /// The tutor said no to a request.
    BookingDeclined,
    /// Nobody answered a request.
    BookingExpired,
    /// A booking has another time.
    BookingRescheduled,
    /// A booking was called off.
    BookingCancelled,
    /// Somebody did not come.
    NoShow,
    /// Something happened in a dispute.
    Dispute,
    /// A lesson starts within a day.
    ReminderDay,
    /// A lesson starts within an hour.
    ReminderHour,
    /// A lesson can be joined.
    JoinNow,
    /// How was the lesson?
    FeedbackRequest,
    /// Somebody wrote, and it was not read.
    NewMessage,
    /// Somebody signed in from where nobody did before.
    SignIn,
    /// A link that confirms an address.
    VerifyEmail,
    /// A link that signs in.
    SignInLink,
    /// Money was given back.
    Refund,
    /// A tutor was paid.
    Payout,
    /// Ledger and payment provider differ.
    Reconciliation,
    /// Money that was to be given back or taken back has not arrived.
    MoneyStuck,
    /// A tutor could not be paid yet.
    PayoutFailed,
    /// A provider lets us in no more.
    PermissionEnded,
    /// A copy of one's data can be downloaded.
    ExportReady,
}

impl Kind {
    /// The mail about money that an event of the outbox asks for.
    pub(crate) fn of_event(event: &str) -> Option<Self> {
        match event {
            "payment.succeeded" => Some(Kind::Receipt),
            "payment.failed" => Some(Kind::PaymentFailed),
            "payment.forgiven" => Some(Kind::DebtForgiven),
            "deposit.failed" => Some(Kind::DepositFailed),
            "payment.refund_failed" => Some(Kind::RefundFailed),
            _ => None,
        }
    }

    /// The topic whose choices decide by which ways a person is told; `None` for mails about signing in, of
    /// which there are no notices, and about one's data: nobody can refuse those.
    pub(crate) const fn topic(self) -> Option<Topic> {
        match self {
            Kind::Receipt
            | Kind::PaymentFailed
            | Kind::DebtForgiven
            | Kind::DepositFailed
            | Kind::RefundFailed
            | Kind::Dispute
            | Kind::Refund
            | Kind::Payout
            | Kind::PayoutFailed
            | Kind::Reconciliation
            | Kind::MoneyStuck => Some(Topic::Money),
            Kind::BookingRequested
            | Kind::BookingConfirmed
            | Kind::BookingDeclined
            | Kind::BookingExpired
            | Kind::BookingRescheduled
            | Kind::BookingCancelled
            | Kind::NoShow
            | Kind::PermissionEnded => Some(Topic::Lessons),
            Kind::ReminderDay | Kind::ReminderHour | Kind::JoinNow => Some(Topic::Reminders),
            Kind::FeedbackRequest => Some(Topic::Questions),
            Kind::NewMessage => Some(Topic::Messages),
            Kind::SignIn | Kind::VerifyEmail | Kind::SignInLink | Kind::ExportReady => None,
        }
    }

    /// Whether it waits for the end of quiet hours: what neither changes a lesson or money nor is of use only now.
    pub(crate) const fn can_wait(self) -> bool {
        matches!(self, Kind::ReminderDay | Kind::FeedbackRequest | Kind::NewMessage)
    }

    /// The name in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Receipt => "receipt",
            Kind::PaymentFailed => "payment_failed",
            Kind::DebtForgiven => "debt_forgiven",
            Kind::DepositFailed => "deposit_failed",
            Kind::RefundFailed => "refund_failed",
            Kind::BookingRequested => "booking_requested",
            Kind::BookingConfirmed => "booking_confirmed",
            Kind::BookingDeclined => "booking_declined",
            Kind::BookingExpired => "booking_expired",
            Kind::BookingRescheduled => "booking_rescheduled",
            Kind::BookingCancelled => "booking_cancelled",
            Kind::NoShow => "no_show",
            Kind::Dispute => "dispute",
            Kind::ReminderDay => "reminder_day",
            Kind::ReminderHour => "reminder_hour",
            Kind::JoinNow => "join_now",
            Kind::FeedbackRequest => "feedback_request",
            Kind::NewMessage => "new_message",
            Kind::SignIn => "sign_in",
            Kind::VerifyEmail => "verify_email",
            Kind::SignInLink => "sign_in_link",
            Kind::Refund => "refund",
            Kind::Payout => "payout",
            Kind::Reconciliation => "reconciliation",
            Kind::MoneyStuck => "money_stuck",
            Kind::PayoutFailed => "payout_failed",
            Kind::PermissionEnded => "permission_ended",
            Kind::ExportReady => "export_ready",
        }
    }
}

/// A mail as it is kept.
#[derive(Clone, Debug, Serialize)]
pub struct Mail {
    /// Its id.
    pub id: MailId,
    /// What it is about.
    pub kind: String,
    /// The address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// The language.
    pub locale: String,
    /// The calendar file that it carries (RFC 5545).
    pub calendar: Option<String>,
    /// What that asks the calendar to do (RFC 5546): `REQUEST` or `CANCEL`.
    #[serde(skip)]
    pub calendar_method: Option<String>,
    /// Where a click ends mails of its topic; `None` for what cannot be refused.
    pub unsubscribe: Option<String>,
    /// The `Message-ID`, the same at each try.
    #[serde(skip)]
    pub message_id: String,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When the mail server took it.
    pub sent_at: Option<DateTime<Utc>>,
}

/// The kept mails, newest first. For development: in production nobody reads other people's mail.
///
/// # Errors
/// Where the database cannot be read.
pub async fn list(services: &Services) -> Result<Vec<Mail>> {
    let mut db = services.db.acquire().await?;
    store::list(&mut db, SHOWN).await
}

/// How many mails ended because nobody has their address.
///
/// # Errors
/// Where the database cannot be read.
pub async fn count_refused(services: &Services) -> Result<i64> {
    let mut db = services.db.acquire().await?;
    store::count_refused(&mut db).await
}

/// The job that sends a mail that was written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendMail {
    /// Which.
    pub mail: MailId,
}

impl Job for SendMail {
    const NAME: &'static str = "send_mail";

    async fn run(self, services: &Services) -> Result<()> {
        send(services, self.mail).await
    }
}

/// A mail that is about to be kept.
struct NewMail<'a> {
    kind: Kind,
    /// What it is about: of each kind there is one.
    about: String,
    reader: &'a Reader,
    letter: &'a Letter,
    calendar: Option<&'a Invitation>,
    /// From when on it is not sent any more.
    useful_until: Option<DateTime<Utc>>,
    /// The booking that it reminds of, and how often that had been moved.
    reminds_of: Option<(BookingId, i32)>,
    /// The thread whose reader it tells of messages, and the first of those.
    waits_in: Option<(ThreadId, i64)>,
    /// Where a click ends mails of its topic.
    unsubscribe: Option<&'a str>,
}

impl<'a> NewMail<'a> {
    /// A mail without a calendar file that is always of use.
    fn of(kind: Kind, about: String, reader: &'a Reader, letter: &'a Letter) -> Self {
        NewMail {
            kind,
            about,
            reader,
            letter,
            calendar: None,
            useful_until: None,
            reminds_of: None,
            waits_in: None,
            unsubscribe: None,
        }
    }

    fn dedupe_key(&self) -> String {
        format!("{}/{}", self.kind.name(), self.about)
    }
}

/// Writes the mails that the clock makes due; how many. Those that another sweep writes are left to it. Mails that
/// waited for the end of their readers' quiet hours are sent with them.
///
/// # Errors
/// Where the database cannot be read.
pub(crate) async fn write_due(services: &Services) -> Result<u64> {
    let now = services.clock.now();
    release_held(services, now).await?;
    Ok(booking::write_due(services, now).await? + messages::write_due(services, now).await?)
}

/// Keeps a mail, once for its kind and what it is about, and has it sent after the commit; whether it is new.
async fn keep(services: &Services, tx: &mut PgConnection, new: &NewMail<'_>) -> Result<bool> {
    let id: MailId = chance::id();
    let message_id = format!("<{id}@{}>", services.config.web.host());
    let is_new = store::insert(tx, id, &message_id, new, services.clock.now()).await?;
    if is_new && services.mail.is_some() {
        jobs::enqueue(tx, &SendMail { mail: id }).await?;
    }
    Ok(is_new)
}

/// What a mail and the notice beside it are about: of each kind there is one about the same.
type Told<'a> = (Kind, &'a str, Subject);

/// Keeps a mail to one person and the notice of it; whom to wake after the commit.
async fn note(
    services: &Services,
    tx: &mut PgConnection,
    (kind, about, subject): Told<'_>,
    reader: &Reader,
    letter: &Letter,
) -> Result<Vec<UserId>> {
    keep(services, tx, &NewMail::of(kind, about.to_owned(), reader, letter)).await?;
    let news = News { kind, about, subject, useful_until: None };
    notice::tell(tx, &[(reader.user, &letter.subject)], &news, services.clock.now()).await
}

/// The same, where nothing else is done in the transaction: ends it.
async fn tell(
    services: &Services,
    mut tx: Transaction<'_, Postgres>,
    told: Told<'_>,
    reader: &Reader,
    letter: &Letter,
) -> Result<()> {
    let noticed = note(services, &mut tx, told, reader, letter).await?;
    tx.commit().await?;
    services.live.wake(&noticed);
    Ok(())
}

/// How many mails are released in one transaction.
const BATCH: i64 = 200;

/// Has mails sent that waited for the end of their readers' quiet hours.
async fn release_held(services: &Services, now: DateTime<Utc>) -> Result<()> {
    loop {
        let mut tx = services.begin().await?;
        let released = store::release_held(&mut tx, BATCH, now).await?;
        let jobs: Vec<_> = released.iter().map(|mail| SendMail { mail: *mail }).collect();
        jobs::enqueue_all(&mut tx, &jobs).await?;
        tx.commit().await?;
        if jobs.is_empty() {
            return Ok(());
        }
    }
}

/// Sends a mail that is still of use. One that was kept back by a mail server that was away does not come in its
/// reader's quiet hours either, where it can wait. One whose address nobody has is not tried again. A process that is
/// killed between the server's answer and the note of it sends it again, under the same `Message-ID`.
async fn send(services: &Services, id: MailId) -> Result<()> {
    let Some(sender) = &services.mail else { return Ok(()) };
    let mut db = services.db.acquire().await?;
    let now = services.clock.now();
    let Some((reader, mail)) = store::find_unsent(&mut db, id, now).await? else { return Ok(()) };
    drop(db);
    let kind = serde_json::from_value(mail.kind.clone().into()).map_err(AppError::fault)?;
    if let Some(until) = notice::quiet_until(services, reader, kind, now).await? {
        let mut db = services.db.acquire().await?;
        return store::set_held(&mut db, id, until).await;
    }
    let sent = sender.send(&mail).await;
    let mut db = services.db.acquire().await?;
    match sent {
        Ok(()) => store::set_sent(&mut db, id, services.clock.now()).await,
        Err(error) if sender::is_for_nobody(&error) => {
            tracing::warn!(mail = %id, %error, "a mail to an address that nobody has");
            store::set_refused(&mut db, id, &error.to_string(), services.clock.now()).await
        }
        Err(error) => {
            store::set_failed(&mut db, id, &error.to_string()).await?;
            Err(AppError::fault(error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each kind: what it belongs to, and whether quiet hours hold it.
    #[test]
    fn kinds_as_a_table() {
        use Topic::{Lessons, Messages, Money, Questions, Reminders};
        for (kind, topic, can_wait) in [
            (Kind::Receipt, Some(Money), false),
            (Kind::PaymentFailed, Some(Money), false),
            (Kind::DebtForgiven, Some(Money), false),
            (Kind::DepositFailed, Some(Money), false),
            (Kind::RefundFailed, Some(Money), false),
            (Kind::Dispute, Some(Money), false),
            (Kind::BookingRequested, Some(Lessons), false),
            (Kind::BookingConfirmed, Some(Lessons), false),
            (Kind::BookingDeclined, Some(Lessons), false),
            (Kind::BookingExpired, Some(Lessons), false),
            (Kind::BookingRescheduled, Some(Lessons), false),
            (Kind::BookingCancelled, Some(Lessons), false),
            (Kind::NoShow, Some(Lessons), false),
            (Kind::ReminderDay, Some(Reminders), true),
            (Kind::ReminderHour, Some(Reminders), false),
            (Kind::JoinNow, Some(Reminders), false),
            (Kind::FeedbackRequest, Some(Questions), true),
            (Kind::NewMessage, Some(Messages), true),
            (Kind::SignIn, None, false),
            (Kind::VerifyEmail, None, false),
            (Kind::SignInLink, None, false),
            (Kind::Refund, Some(Money), false),
            (Kind::Payout, Some(Money), false),
            (Kind::Reconciliation, Some(Money), false),
            (Kind::MoneyStuck, Some(Money), false),
            (Kind::PayoutFailed, Some(Money), false),
            (Kind::PermissionEnded, Some(Lessons), false),
            (Kind::ExportReady, None, false),
        ] {
            assert_eq!((kind.topic(), kind.can_wait()), (topic, can_wait), "{kind:?}");
        }
    }
}
