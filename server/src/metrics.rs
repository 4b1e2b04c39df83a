//! What this process counts of itself, as Prometheus reads it.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use axum::{
    extract::{FromRef, Request, State},
    http::header,
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::Code;
use services::{AppError, Services, jobs, mail, payment, payout, reconcile};

use crate::{api::error::ApiError, router::AppState};

/// Counters of this process since its start. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    /// Answers by the first digit of their status, 1 to 5.
    answers: [AtomicU64; 5],
    booked: AtomicU64,
    conflicts: AtomicU64,
    bad_webhooks: AtomicU64,
    bad_video_webhooks: AtomicU64,
    streams: AtomicI64,
}

impl Metrics {
    /// A booking was placed by the API, or given again for its idempotency key.
    pub fn booked(&self) {
        self.0.booked.fetch_add(1, Ordering::Relaxed);
    }

    /// A hold, booking or reschedule was refused by the API.
    pub fn refused(&self, error: AppError) -> ApiError {
        if error.code() == Code::BookingConflict {
            self.0.conflicts.fetch_add(1, Ordering::Relaxed);
        }
        error.into()
    }

    /// A message of the payment provider was refused.
    pub fn refused_webhook(&self) {
        self.0.bad_webhooks.fetch_add(1, Ordering::Relaxed);
    }

    /// A message of a video provider was refused.
    pub fn refused_video_webhook(&self) {
        self.0.bad_video_webhooks.fetch_add(1, Ordering::Relaxed);
    }

    /// A stream of live events is open until this is dropped.
    pub fn stream(&self) -> OpenStream {
        self.0.streams.fetch_add(1, Ordering::Relaxed);
        OpenStream(self.0.clone())
    }

    fn text(&self) -> String {
        let counters = &self.0;
        let mut text = String::from(
            "# HELP lectern_http_responses_total Answers of this process by class of status.\n\
             # TYPE lectern_http_responses_total counter\n",
        );
        for (at, answers) in counters.answers.iter().enumerate() {
            let count = answers.load(Ordering::Relaxed);
            text.push_str(&format!("lectern_http_responses_total{{class=\"{}xx\"}} {count}\n", at + 1));
        }
        text.push_str(&format!(
            "# HELP lectern_api_bookings_total Bookings answered to calls of the API.\n\
             # TYPE lectern_api_bookings_total counter\nlectern_api_bookings_total {}\n\
             # HELP lectern_api_booking_conflicts_total Calls of the API that found their slot taken.\n\
             # TYPE lectern_api_booking_conflicts_total counter\nlectern_api_booking_conflicts_total {}\n\
             # HELP lectern_payment_webhooks_refused_total Messages to the payment webhook whose signature did not hold.\n\
             # TYPE lectern_payment_webhooks_refused_total counter\nlectern_payment_webhooks_refused_total {}\n\
             # HELP lectern_video_webhooks_refused_total Messages to the webhook of a video provider that were refused.\n\
             # TYPE lectern_video_webhooks_refused_total counter\nlectern_video_webhooks_refused_total {}\n\
             # HELP lectern_live_streams Open streams of live events.\n\
             # TYPE lectern_live_streams gauge\nlectern_live_streams {}\n",
            counters.booked.load(Ordering::Relaxed),
            counters.conflicts.load(Ordering::Relaxed),
            counters.bad_webhooks.load(Ordering::Relaxed),
            counters.bad_video_webhooks.load(Ordering::Relaxed),
            counters.streams.load(Ordering::Relaxed),
        ));
        text
    }
}

/// An open stream of live events.
pub struct OpenStream(Arc<Counters>);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts every answer.
pub async fn count(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let class = usize::from(response.status().as_u16() / 100);
    if let Some(answers) = class.checked_sub(1).and_then(|at| metrics.0.answers.get(at)) {
        answers.fetch_add(1, Ordering::Relaxed);
    }
    response
}

/// `/metrics`: of this process, and of the database that it shares with others.
pub async fn serve(State(metrics): State<Metrics>, State(services): State<Services>) -> Response {
    let mut text = metrics.text();
    match shared(&services).await {
        Ok(more) => text.push_str(&more),
        // What this process knows by itself is told all the same.
        Err(error) => tracing::warn!(%error, "metrics of the database"),
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// What every server on the database says alike.
async fn shared(services: &Services) -> services::Result<String> {
    let attempts = payment::count_attempts(services).await?;
    let jobs = jobs::counts(services).await?;
    let refused = mail::count_refused(services).await?;
    let payouts = payout::counts(services).await?;
    let reconciled = reconciled(reconcile::counts(services).await?);
    Ok(format!(
        "# HELP lectern_charge_attempts_total Attempts to charge a card, by what the provider said.\n\
         # TYPE lectern_charge_attempts_total counter\n\
         lectern_charge_attempts_total{{answer=\"paid\"}} {}\n\
         lectern_charge_attempts_total{{answer=\"declined\"}} {}\n\
         # HELP lectern_jobs Jobs in the queue: waiting for their turn or another try, and given up.\n\
         # TYPE lectern_jobs gauge\nlectern_jobs{{state=\"waiting\"}} {}\nlectern_jobs{{state=\"failed\"}} {}\n\
         # HELP lectern_payouts Payouts to tutors: sent, of unknown answer, and refused by the provider.\n\
         # TYPE lectern_payouts gauge\nlectern_payouts{{state=\"paid\"}} {}\n\
         lectern_payouts{{state=\"pending\"}} {}\nlectern_payouts{{state=\"failed\"}} {}\n\
         # HELP lectern_payouts_short_of_balance Tutors who wait because the platform's balance is too low.\n\
         # TYPE lectern_payouts_short_of_balance gauge\nlectern_payouts_short_of_balance {}\n\
         # HELP lectern_reversals_failed_total Transfers that were not reversed: the tutors' next payouts bear them.\n\
         # TYPE lectern_reversals_failed_total counter\nlectern_reversals_failed_total {}\n\
         # HELP lectern_mails_refused_total Mails that ended because nobody has their address.\n\
         # TYPE lectern_mails_refused_total counter\nlectern_mails_refused_total {refused}\n{reconciled}",
        attempts.paid,
        attempts.declined,
        jobs.waiting,
        jobs.failed,
        payouts.paid,
        payouts.pending,
        payouts.failed,
        payouts.short_of_balance,
        payouts.reversals_failed,
    ))
}

/// How ledger and payment provider stand to each other. Before the first comparison there is no age.
fn reconciled(counts: reconcile::Counts) -> String {
    let differences = format!(
        "# HELP lectern_reconciliation_differences In so much ledger and payment provider differ.\n\
         # TYPE lectern_reconciliation_differences gauge\nlectern_reconciliation_differences {}\n",
        counts.open
    );
    let age = counts.age.map(|age| {
        format!(
            "# HELP lectern_reconciliation_age_seconds Since the last comparison began that came to its end.\n\
             # TYPE lectern_reconciliation_age_seconds gauge\nlectern_reconciliation_age_seconds {age}\n"
        )
    });
    differences + &age.unwrap_or_default()
}

impl FromRef<AppState> for Metrics {
    fn from_ref(state: &AppState) -> Self {
        state.metrics.clone()
    }
}
