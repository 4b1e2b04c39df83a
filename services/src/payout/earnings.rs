//! What a tutor sees of the money: sums, payouts, and a statement of each lesson of a month.

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    ids::{BookingId, PayoutId, TutorId},
    money::{Currency, Money},
    payout::Month,
    zone::Zone,
};

use super::store;
use crate::{
    Actor, AppError, Result, Services,
    booking::{self, Page},
};

/// What became of a tutor's earnings in a currency, minor units:
/// `earned = held + payable + under_way + paid + carried`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// Which currency.
    pub currency: Currency,
    /// The tutor's parts of all lessons that were paid or forgiven, less what was given back.
    pub earned: i64,
    /// Of lessons that can still be disputed, or are.
    pub held: i64,
    /// To be paid out next.
    pub payable: i64,
    /// On its way.
    pub under_way: i64,
    /// Sent, less what was taken back.
    pub paid: i64,
    /// Kept back from the next payout where below zero, added to it where above.
    pub carried: i64,
}

/// A payout as its tutor sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutView {
    /// Its id.
    pub id: PayoutId,
    /// How much was sent.
    pub amount: Money,
    /// `pending` until the provider has answered, then `paid` or `failed`.
    pub state: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When the provider had answered.
    pub finished_at: Option<DateTime<Utc>>,
    /// The provider's word for why it failed.
    pub failure: Option<String>,
    /// What it is made of.
    pub lines: Vec<PayoutLine>,
}

/// What a line of a payout is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// The tutor's part of a lesson.
    Lesson,
    /// What could not be taken back before.
    KeptBack,
    /// What was taken for a refund that then failed.
    GivenAgain,
}

impl LineKind {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            LineKind::Lesson => "lesson",
            LineKind::KeptBack => "kept_back",
            LineKind::GivenAgain => "given_again",
        }
    }
}

/// A line of a payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutLine {
    /// The booking that it is of.
    pub booking: BookingId,
    /// Its title.
    pub title: String,
    /// When the lesson began.
    pub start: DateTime<Utc>,
    /// What it is.
    pub kind: LineKind,
    /// Minor units; below zero where it is kept back.
    pub amount: i64,
}

/// How far the tutor's part of a lesson is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The student has not paid yet.
    Owed,
    /// The lesson can be disputed until then.
    Held(DateTime<Utc>),
    /// It is disputed.
    Disputed,
    /// To be paid out next.
    Payable,
    /// On its way.
    UnderWay,
    /// Sent then.
    Paid(DateTime<Utc>),
    /// Everything was given back.
    GivenBack,
}

impl Progress {
    /// The name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Progress::Owed => "owed",
            Progress::Held(_) => "held",
            Progress::Disputed => "disputed",
            Progress::Payable => "payable",
            Progress::UnderWay => "under_way",
            Progress::Paid(_) => "paid",
            Progress::GivenBack => "given_back",
        }
    }
}

/// A lesson of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementRow {
    /// The booking.
    pub booking: BookingId,
    /// Its title.
    pub title: String,
    /// The student.
    pub student: String,
    /// When it began.
    pub start: DateTime<Utc>,
    /// What the student pays.
    pub charge: Money,
    /// The platform's part of it, minor units.
    pub fee: i64,
    /// The tutor's part of it, minor units.
    pub part: i64,
    /// What refunds took of the tutor's part, minor units.
    pub given_back: i64,
    /// How far what is left of it is.
    pub progress: Progress,
}

/// What became of a tutor's earnings, a row for each currency in which something was earned or is offered.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS` for anyone but the tutor and admins.
pub async fn sums(services: &Services, actor: &Actor, tutor: TutorId) -> Result<Vec<Sums>> {
    actor.require_tutor(tutor)?;
    let mut db = services.db.acquire().await?;
    store::list_sums(&mut db, tutor, services.clock.now()).await
}

/// The payouts of a tutor, the latest first.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS` for anyone but the tutor and admins, `INVALID_REQUEST` for a page out of range.
pub async fn list_payouts(
    services: &Services,
    actor: &Actor,
    tutor: TutorId,
    page: i64,
    page_size: i64,
) -> Result<Page<PayoutView>> {
    actor.require_tutor(tutor)?;
    let offset = booking::offset(page, page_size)?;
    let mut db = services.db.acquire().await?;
    let mut rows = store::list_payouts(&mut db, tutor, page_size, offset).await?;
    let ids: Vec<_> = rows.iter().map(|payout| payout.id).collect();
    for (payout, line) in store::list_payout_lines(&mut db, &ids).await? {
        if let Some(view) = rows.iter_mut().find(|view| view.id == payout) {
            view.lines.push(line);
        }
    }
    let total = store::count_payouts(&mut db, tutor).await?;
    Ok(Page { rows, page, page_size, total })
}

/// The lessons of a tutor that began in a month of the tutor's zone and cost something, in their order.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS` for anyone but the tutor and admins, `NOT_FOUND` for a tutor who is none.
pub async fn statement(
    services: &Services,
    actor: &Actor,
    tutor: TutorId,
    month: Month,
) -> Result<Vec<StatementRow>> {
    actor.require_tutor(tutor)?;
    let mut db = services.db.acquire().await?;
    let zone = store::find_tutor_zone(&mut db, tutor).await?;
    let zone = zone.ok_or(Refusal::new(Code::NotFound, "not_found"))?;
    let within = month.within(Zone::parse(&zone).map_err(AppError::fault)?);
    store::list_statement(&mut db, tutor, within, services.clock.now()).await
}
