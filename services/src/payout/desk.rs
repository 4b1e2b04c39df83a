//! What an admin sees of paying tutors, and what an admin can do about it.

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    ids::{BookingId, TutorId},
    money::{Currency, Money},
    payout::AccountState,
};

use super::{account::look_up, store};
use crate::{Actor, Result, Services, booking, booking::Page};

/// How far money for tutors is: the parts of the admin's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// Of lessons that can still be disputed.
    Foreseen,
    /// Due, and not sent: a dispute, the tutor's account, or a balance below zero stands in the way, or it is sent
    /// within a minute.
    Waiting,
    /// The provider was asked, and has not answered.
    OnTheWay,
    /// Sent.
    Paid,
    /// The provider refused it, and nothing was sent in its place since.
    Failed,
    /// Kept back from the next payouts, or added to them.
    Carried,
}

impl Shelf {
    /// Every part, in the order of the page.
    pub const ALL: [Shelf; 6] =
        [Shelf::Foreseen, Shelf::Waiting, Shelf::OnTheWay, Shelf::Paid, Shelf::Failed, Shelf::Carried];

    /// The name in addresses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Shelf::Foreseen => "foreseen",
            Shelf::Waiting => "waiting",
            Shelf::OnTheWay => "on_the_way",
            Shelf::Paid => "paid",
            Shelf::Failed => "failed",
            Shelf::Carried => "carried",
        }
    }

    /// From its name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Shelf> {
        Shelf::ALL.into_iter().find(|shelf| shelf.name() == text)
    }
}

/// A line of the page: the money of a tutor in a currency that is equally far; of what was asked for, each payout has
/// its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whose.
    pub tutor: TutorId,
    /// The tutor's name.
    pub name: String,
    /// How far the tutor's account is.
    pub account: AccountState,
    /// How much; below zero where it is kept back.
    pub amount: Money,
    /// Of how many lessons.
    pub lessons: i64,
    /// The first day of what is foreseen; since when it waits, is on the way, failed or is carried; when it was sent.
    pub at: DateTime<Utc>,
    /// The last day of what is foreseen.
    pub until: DateTime<Utc>,
    /// A dispute stands in the way.
    pub disputed: bool,
    /// The provider's word for why it was refused.
    pub failure: Option<String>,
    /// How often it was refused since something was last sent.
    pub tries: i64,
}

/// A reversal that the provider refused: the tutor's next payouts bear it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Whose transfer.
    pub tutor: TutorId,
    /// The tutor's name.
    pub name: String,
    /// The lesson.
    pub booking: BookingId,
    /// Its title.
    pub title: String,
    /// How much was not taken back.
    pub amount: Money,
    /// The provider's word for why.
    pub failure: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// What students owe for a lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owing {
    /// The lesson.
    pub booking: BookingId,
    /// Its title.
    pub title: String,
    /// Who owes it.
    pub student: String,
    /// How much.
    pub amount: Money,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// How much of a part there is in a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// Which part.
    pub shelf: Shelf,
    /// Which currency.
    pub currency: Currency,
    /// How much, minor units.
    pub minor: i64,
    /// In how many lines.
    pub lines: i64,
}

/// Lines, reversals and debts on a page of theirs.
const PAGE_SIZE: i64 = 20;

/// A page of a part, begun with 1; what is foreseen and what waits with the first of it first, all else with the latest.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `INVALID_REQUEST` for a page out of range.
pub async fn list_desk(services: &Services, actor: &Actor, shelf: Shelf, page: i64) -> Result<Page<Line>> {
    actor.require_admin()?;
    let offset = booking::offset(page, PAGE_SIZE)?;
    let now = services.clock.now();
    let mut db = services.db.acquire().await?;
    let (rows, total) = store::list_desk(&mut db, shelf, PAGE_SIZE, offset, now).await?;
    Ok(Page { rows, page, page_size: PAGE_SIZE, total })
}

/// How much there is of each part, by currency; but of what was paid, which only grows.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`.
pub async fn sum_desk(services: &Services, actor: &Actor) -> Result<Vec<Sum>> {
    actor.require_admin()?;
    let mut db = services.db.acquire().await?;
    store::sum_desk(&mut db, services.clock.now()).await
}

/// The reversals that the provider refused, the latest first; at most a page of them.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`.
pub async fn list_refused(services: &Services, actor: &Actor) -> Result<Vec<Refused>> {
    actor.require_admin()?;
    let mut db = services.db.acquire().await?;
    store::list_refused(&mut db, PAGE_SIZE).await
}

/// What is owed by students, the oldest first.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `INVALID_REQUEST` for a page out of range.
pub async fn list_owing(services: &Services, actor: &Actor, page: i64) -> Result<Page<Owing>> {
    actor.require_admin()?;
    let offset = booking::offset(page, PAGE_SIZE)?;
    let mut db = services.db.acquire().await?;
    let (rows, total) = store::list_owing(&mut db, PAGE_SIZE, offset).await?;
    Ok(Page { rows, page, page_size: PAGE_SIZE, total })
}

/// The name of a tutor, for the page of the tutor's earnings.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `NOT_FOUND`.
pub async fn tutor_name(services: &Services, actor: &Actor, tutor: TutorId) -> Result<String> {
    actor.require_admin()?;
    let mut db = services.db.acquire().await?;
    let name = store::find_tutor_name(&mut db, tutor).await?;
    name.ok_or_else(|| Refusal::new(Code::NotFound, "not_found").into())
}

/// Tries at once what is due to a tutor, and else would be tried within the hour. The provider is asked first how the
/// account stands.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `INVALID_STATE` (`payout_account`) where the account does not take money, a fault where
/// the provider does not answer.
pub async fn try_again(services: &Services, actor: &Actor, tutor: TutorId) -> Result<()> {
    actor.require_admin()?;
    let mut db = services.db.acquire().await?;
    let account = store::find_account(&mut db, tutor).await?.and_then(|known| known.account);
    drop(db);
    let not_ready = || Refusal::new(Code::InvalidState, "payout_account");
    look_up(services, &account.ok_or_else(not_ready)?).await?;
    let mut db = services.db.acquire().await?;
    let known = store::find_account(&mut db, tutor).await?.ok_or_else(not_ready)?;
    if known.standing.state() != AccountState::Ready {
        return Err(not_ready().into());
    }
    store::look_again_at(&mut db, tutor, services.clock.now()).await
}
