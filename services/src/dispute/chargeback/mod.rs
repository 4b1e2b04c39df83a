//! Chargebacks: the bank of a card takes a payment back and decides about it. We mirror what the provider says, send it
//! our evidence, and hold the lesson back from payout meanwhile.

mod evidence;
mod store;

use chrono::{DateTime, Utc};
use domain::{
    dispute::Standing,
    ids::{BookingId, ChargeId, DisputeId, UserId},
    ledger::Event,
    money::Money,
    payment::ChargeState,
};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{News, tell};
use crate::{
    AppError, Result, Services,
    booking::{self, By, Found},
    chance, jobs, ledger,
    payment::{self, provider::Chargeback},
    payout,
};

pub use evidence::{SubmitEvidence, submit_evidence};
pub(crate) use store::{has_money, has_payment, lost_beside_charge};
pub(super) use store::{has_open, list_of};

/// A chargeback as admins and the two parties see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bank {
    /// How it stands.
    pub standing: Standing,
    /// In the bank's words, such as `product_not_received`.
    pub reason: String,
    /// What it takes back.
    pub amount: Money,
    /// Until when evidence is taken.
    pub due_by: Option<DateTime<Utc>>,
    /// The words that go with our evidence at this stage of the case, for admins; `None` where none was asked for.
    pub words: Option<String>,
    /// When an admin asked to send the evidence, at this stage of the case.
    pub asked_at: Option<DateTime<Utc>>,
    /// When the bank was told.
    pub answered_at: Option<DateTime<Utc>>,
    /// Why the bank took no evidence.
    pub failure: Option<String>,
}

impl Bank {
    /// Whether an admin can have evidence sent: none was, or it was not taken.
    #[must_use]
    pub const fn waits(&self) -> bool {
        self.standing.takes_evidence() && (self.asked_at.is_none() || self.failure.is_some())
    }
}

/// Brings a chargeback up to date: how it stands is asked for, whatever a message said and whenever it came. A message
/// that came twice, late or in another order leads to the same.
///
/// # Errors
/// Where the provider does not answer: to be tried again.
pub(crate) async fn hear(services: &Services, id: &str) -> Result<()> {
    let Some(told) = services.payments()?.find_chargeback(id).await? else { return Ok(()) };
    let Some(booking) = booking_of(services, &told).await? else { return Ok(()) };
    if let Some(charge) = told.charge {
        // Who can take a payment back has paid: our own answer may have been lost.
        payment::note_paid(services, charge, &told.intent).await?;
    }
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let mirrored = mirror(&mut tx, booking, &told, now).await;
    let people = booking::finish(tx, mirrored).await?;
    services.live.wake(&people);
    Ok(())
}

/// The lesson that a chargeback is about, where it is one of ours: an account may serve another platform too.
async fn booking_of(services: &Services, told: &Chargeback) -> Result<Option<BookingId>> {
    let mut tx = services.begin().await?;
    if let Some(charge) = told.charge {
        return Ok(payment::store::find_locked(&mut tx, charge).await?.map(|owed| owed.booking));
    }
    let Some(booking) = told.booking else { return Ok(None) };
    Ok(booking::read(&mut tx, booking, services.clock.now()).await?.map(|found| found.booking.id))
}

/// Takes over what the provider says, once: the row, what moved, what is lost, and the case.
async fn mirror(
    tx: &mut PgConnection,
    booking: BookingId,
    told: &Chargeback,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    // The charge before the booking, as everywhere. What was paid ahead of a lesson has no charge yet.
    let charge = payment::store::find_charge(tx, booking).await?;
    let found = match charge {
        Some(charge) => {
            payment::store::find_locked(tx, charge).await?;
            booking::find_locked(tx, booking, now).await?
        }
        None => {
            let found = booking::find_locked(tx, booking, now).await?;
            if payment::store::find_charge(tx, booking).await?.is_some() {
                return Err(AppError::fault("a lesson that was settled meanwhile: to be tried again"));
            }
            found
        }
    };
    let found = found.ok_or_else(booking::not_found)?;
    let (dispute, before) = keep(tx, &found, told, now).await?;
    let standing = before.map_or(told.standing, |before| before.after(told.standing));
    enter_moves(tx, &found, told, now).await?;
    if let Some(charge) = charge {
        bear_losses(tx, charge, now).await?;
    }
    if standing.is_final() && before.is_none_or(|before| !before.is_final()) {
        if let Some(deposit) = store::find_paid_ahead(tx, &told.intent).await? {
            // It was not given back while the bank had it.
            jobs::enqueue(tx, &payment::ReleaseDeposit { deposit }).await?;
        }
        if let Some(charge) = charge {
            payout::note_payable(tx, charge).await?;
        }
    }
    let asked_only = told.moves.is_empty();
    follow(tx, &found, &Followed { dispute, before, standing, asked_only }, now).await
}

/// Keeps how a chargeback stands; to which case it belongs, and how it stood before.
async fn keep(
    tx: &mut PgConnection,
    found: &Found,
    told: &Chargeback,
    now: DateTime<Utc>,
) -> Result<(DisputeId, Option<Standing>)> {
    let known = store::find(tx, &told.id).await?;
    let (dispute, before) = match known {
        Some(known) => (known.dispute, Some(known.standing)),
        None => (case(tx, found, now).await?, None),
    };
    let standing = before.map_or(told.standing, |before| before.after(told.standing));
    store::upsert(tx, dispute, found.booking.id, told, standing, now).await?;
    Ok((dispute, before))
}

/// The case that a new chargeback belongs to: the one that is open, else one of its own.
async fn case(tx: &mut PgConnection, found: &Found, now: DateTime<Utc>) -> Result<DisputeId> {
    if let Some((open, _)) = super::store::find_open(tx, found.booking.id).await? {
        return Ok(open);
    }
    let id: DisputeId = chance::id();
    super::store::insert_of_bank(tx, id, found.booking.id, now).await?;
    Ok(id)
}

/// What the bank took and gave back, and the provider's fees, which the platform bears: each once.
async fn enter_moves(
    tx: &mut PgConnection,
    found: &Found,
    told: &Chargeback,
    now: DateTime<Utc>,
) -> Result<()> {
    for moved in &told.moves {
        let source = format!("chargeback/{}", moved.id);
        let event = Event::TakenBack(Money { minor: -moved.amount.minor, ..moved.amount });
        ledger::post(tx, &found.booking, event, &source, now).await?;
        ledger::post(tx, &found.booking, Event::Fee(moved.fee), &format!("{source}/fee"), now).await?;
    }
    Ok(())
}

/// What banks decided for the owner of the card is gone from a locked charge, once it is paid: of each chargeback what
/// is left of the charge, and the rest of it when a refund that had taken that comes to nothing.
pub(crate) async fn bear_losses(tx: &mut PgConnection, charge: ChargeId, now: DateTime<Utc>) -> Result<()> {
    for lost in store::list_losses(tx, charge).await? {
        let Some(owed) = payment::store::find_locked(tx, charge).await? else { return Ok(()) };
        let left = owed.split.charge.minor - owed.given.amount;
        let amount = lost.amount.min(left);
        if owed.state == ChargeState::Paid && amount > 0 {
            let (chargeback, reason, again) = (&*lost.id, &*lost.reason, lost.again);
            let lost = payment::Loss { chargeback, reason, amount, again };
            payment::lose(tx, charge, &owed, &lost, now).await?;
        }
    }
    Ok(())
}

/// How a chargeback stood and stands.
struct Followed {
    dispute: DisputeId,
    before: Option<Standing>,
    standing: Standing,
    /// The bank has taken nothing: it asked what the payment was for.
    asked_only: bool,
}

/// What follows from how a chargeback stood and stands: the two are told, and the case ends with the bank's decision.
async fn follow(
    tx: &mut PgConnection,
    found: &Found,
    of: &Followed,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    let Followed { dispute, before, standing, asked_only } = *of;
    let mut people = Vec::new();
    let had_money = before.is_some_and(Standing::holds_money);
    if before.is_none() || (standing.holds_money() && !had_money) {
        let begun = match standing {
            Standing::Won if asked_only => Standing::Inquiry,
            Standing::Won | Standing::Lost => Standing::NeedsResponse,
            begun => begun,
        };
        let told = json!({ "standing": begun });
        people.extend(announce(tx, found, dispute, "dispute.charged_back", told, now).await?);
    }
    if standing.is_final() && before.is_none_or(|before| !before.is_final()) {
        super::store::close_of_bank(tx, dispute, now).await?;
        let told = json!({ "standing": standing, "asked_only": asked_only });
        people.extend(announce(tx, found, dispute, "dispute.bank_decided", told, now).await?);
    }
    Ok(people)
}

async fn announce(
    tx: &mut PgConnection,
    found: &Found,
    dispute: DisputeId,
    kind: &'static str,
    details: Value,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    let noted = json!({ "event": kind, "dispute_id": dispute, "standing": details["standing"] });
    booking::note(tx, found, By::System, None, &noted, now).await?;
    tell(tx, found, &News { kind, dispute, by: By::System, details }, now).await
}
