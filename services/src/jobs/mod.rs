//! What is done after a commit: jobs on Postgres, by graphile_worker.
//!
//! A job is a small struct of ids. It is put into the queue in the transaction that makes it necessary, may run more
//! than once, and runs again, later and later, until it succeeds or has been tried [`ATTEMPTS`] times; then it waits
//! for an admin. The queue's own clock (the database's) decides only when a technical failure is tried again.

mod failed;
pub mod outbox;
mod store;

use std::time::Duration;

use domain::ids::ChargeId;
use futures::future::{BoxFuture, FutureExt as _, Shared};
use graphile_worker::{
    Database, IntoTaskHandlerResult, LocalQueueConfig, RefetchDelayConfig, TaskHandler, Worker,
    WorkerContext, WorkerOptions, WorkerRecoveryConfig,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sqlx::{PgConnection, PgPool};
use tracing::Instrument as _;

use crate::{
    AppError, Result, Services,
    account::SendSignInLink,
    busy::{self, ReadCalendar},
    diary::{self, WriteLesson},
    dispute::SubmitEvidence,
    mail::{
        SendMail, TellOfBooking, TellOfDifferences, TellOfDispute, TellOfPayout, TellOfPermission,
        TellOfRefund, TellOfStuck, WriteMail,
    },
    payment::{
        self, ChargeLesson, DetachCard, HandlePaymentEvent, RefundCharge, ReleaseDeposit, SecureDeposit,
    },
    payout::{self, PayOut, ReverseTransfer},
    privacy::WriteExport,
    push::SendPush,
    reconcile::Reconcile,
    trace::Trace,
    video::{self, ArrangeMeeting, HandleVideoEvent},
};

pub use failed::{Counts, FailedJob, counts, list_failed, run_again};

/// How often a job is tried: with graphile_worker's exponential waits, for about a day and a half.
pub const ATTEMPTS: i32 = 14;

/// Jobs of one process under way at once. Most of their time is waiting for an answer.
const AT_ONCE: usize = 32;

/// Those that write mails: few, because that is work for a processor, and people who wait for a page come first.
const WRITING_AT_ONCE: usize = 2;

/// Those that send mails: as many connections as a mail server takes kindly. They have places of their own, so that
/// one that does not answer holds up no money.
const SENDING_AT_ONCE: usize = 8;

/// Those that ask calendars elsewhere, of which any may be slow: with places of their own for the same reason.
const CALENDARS_AT_ONCE: usize = 8;

/// Those that call push services of browsers, for the same reason again.
const PUSHING_AT_ONCE: usize = 8;

/// How often workers look for jobs of which they were not told: those that are tried again. Money looks more often.
const PROMPT: Duration = Duration::from_millis(500);
const PATIENT: Duration = Duration::from_secs(2);

/// How long a worker keeps a job that it took before it has a place for it; then any worker may have it. The library
/// (0.14.1) keeps them for five minutes by itself, and that would be how long no job is done where it loses count: where
/// the last of the jobs that it fetched is begun before it has noted that it has some, it waits for them to be begun.
const AT_HAND: Duration = Duration::from_secs(2);

/// How long a worker that ended for an error rests before it begins again.
const BEGIN_AGAIN: Duration = Duration::from_secs(1);

/// The schema of the queue, which its library keeps up to date.
const SCHEMA: &str = "graphile_worker";

/// A piece of work.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name in the queue.
    const NAME: &'static str;

    /// Does it. An error is tried again.
    fn run(self, services: &Services) -> impl Future<Output = Result<()>> + Send;
}

/// What a job is in the queue: what to do, and why.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
struct Queued<J: Job> {
    #[serde(flatten)]
    cause: Trace,
    job: J,
}

/// The same, of a job that stays with whoever puts it there.
#[derive(Serialize)]
struct Put<'a, J> {
    #[serde(flatten)]
    cause: Trace,
    job: &'a J,
}

impl<J: Job> TaskHandler for Queued<J> {
    const IDENTIFIER: &'static str = J::NAME;

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let Some(services) = context.get_ext::<Services>() else {
            return Err("the worker has no services".to_owned());
        };
        let Queued { cause, job } = self;
        let span = tracing::info_span!("job", name = J::NAME, correlation_id = %cause.correlation_id);
        let work = async {
            // The clock of development may have been moved by another server.
            services.clock.follow(&services.db).await?;
            job.run(services).await
        };
        let done = cause.scope(work).instrument(span.clone()).await;
        done.map_err(|error| {
            span.in_scope(|| tracing::warn!(%error, "a job failed and is tried again"));
            error.to_string()
        })
    }
}

/// What was handed out to jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandedOut {
    /// Charges that are due.
    pub charges: Vec<ChargeId>,
    /// Deposits that are due.
    pub deposits: u64,
    /// Payouts to tutors that are due.
    pub payouts: u64,
    /// Calendars that are read again.
    pub calendars: u64,
    /// Lessons that are written into calendars again.
    pub lessons: u64,
    /// Meetings that are looked at again.
    pub meetings: u64,
    /// Jobs that follow from events of the outbox.
    pub events: u64,
}

/// Hands out to jobs what the clock makes due, and what happened.
///
/// # Errors
/// Where the database cannot be written.
pub async fn hand_out(services: &Services) -> Result<HandedOut> {
    Ok(HandedOut {
        charges: payment::hand_out(services).await?,
        deposits: payment::deposits::hand_out(services).await?,
        // Tutors who have to wait for theirs keep nobody else waiting.
        payouts: payout::hand_out(services).await.unwrap_or_else(|error| {
            tracing::error!(?error, "payouts are not handed out");
            0
        }),
        calendars: busy::hand_out(services).await?,
        lessons: diary::hand_out(services).await?,
        meetings: video::hand_out(services).await?,
        events: outbox::dispatch(services).await?,
    })
}

/// Puts a job into the queue, because of what this task does; it runs after the commit.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn enqueue<J: Job>(tx: &mut PgConnection, job: &J) -> Result<()> {
    // Not checked while compiling: the schema is the library's.
    sqlx::query("SELECT graphile_worker.add_job($1, $2::json, max_attempts => $3)")
        .bind(J::NAME)
        .bind(serde_json::to_value(Put { cause: Trace::current(), job }).map_err(AppError::fault)?)
        .bind(ATTEMPTS)
        .execute(tx)
        .await?;
    Ok(())
}

/// Puts many jobs into the queue at once, each of a cause of its own.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn enqueue_all<J: Job>(tx: &mut PgConnection, jobs: &[J]) -> Result<()> {
    if jobs.is_empty() {
        // The queue would call every worker of every server for none.
        return Ok(());
    }
    let payloads = jobs.iter().map(|job| serde_json::to_value(Put { cause: Trace::begin(), job }));
    let payloads: Vec<_> = payloads.collect::<Result<_, _>>().map_err(AppError::fault)?;
    sqlx::query(
        // One insert and one notification for all of them.
        "SELECT graphile_worker.add_jobs(ARRAY(
             SELECT ROW($1, payload, NULL, NULL, $3, NULL, NULL, NULL)::graphile_worker.job_spec
             FROM unnest($2::json[]) AS payload))",
    )
    .bind(J::NAME)
    .bind(payloads)
    .bind(ATTEMPTS)
    .execute(tx)
    .await?;
    Ok(())
}

/// Brings the queue's schema up to date.
///
/// # Errors
/// Where its migrations fail.
pub async fn migrate(db: &PgPool) -> Result<()> {
    let utils = graphile_worker::WorkerUtils::new(Database::from(db.clone()), SCHEMA);
    utils.migrate().await.map_err(AppError::fault)
}

/// A worker that runs so many jobs at once until the signal; which ones is to be added.
fn worker(
    services: &Services,
    at_once: usize,
    look_every: Duration,
    stop: impl Future<Output = ()> + Send + 'static,
) -> WorkerOptions {
    WorkerOptions::default()
        .schema(SCHEMA)
        .pg_pool(services.db.clone())
        .concurrency(at_once)
        // Without a queue of its own a worker takes one job for each place at each signal and then waits for the next,
        // at worst a second: 32 jobs a second, however quickly they are done.
        .local_queue(
            LocalQueueConfig::default()
                .with_size(at_once)
                .with_ttl(AT_HAND)
                .with_refetch_delay(rest(look_every)),
        )
        // Beside signals and looks a second net.
        .poll_interval(look_every * 2)
        .listen_os_shutdown_signals(false)
        .shutdown_signal(stop)
        // A killed process leaves jobs that look as if they were under way.
        .worker_recovery(WorkerRecoveryConfig {
            enabled: true,
            heartbeat_interval: Duration::from_secs(5),
            sweep_interval: Duration::from_secs(10),
            sweep_threshold: Duration::from_secs(30),
            recovery_delay: Duration::from_secs(1),
            ..WorkerRecoveryConfig::default()
        })
        .add_extension(services.clone())
}

/// Jobs that wait for nobody: money, and what partners are asked.
fn with_prompt_jobs(worker: WorkerOptions) -> WorkerOptions {
    worker
        .define_job::<Queued<ChargeLesson>>()
        .define_job::<Queued<RefundCharge>>()
        .define_job::<Queued<SubmitEvidence>>()
        .define_job::<Queued<HandlePaymentEvent>>()
        .define_job::<Queued<DetachCard>>()
        .define_job::<Queued<SecureDeposit>>()
        .define_job::<Queued<ReleaseDeposit>>()
        .define_job::<Queued<PayOut>>()
        .define_job::<Queued<ReverseTransfer>>()
        .define_job::<Queued<Reconcile>>()
        .define_job::<Queued<HandleVideoEvent>>()
}

/// Jobs that wait for calendars, meetings and files of others, of which any may be slow.
fn with_calendar_jobs(worker: WorkerOptions) -> WorkerOptions {
    worker
        .define_job::<Queued<ReadCalendar>>()
        .define_job::<Queued<WriteLesson>>()
        .define_job::<Queued<ArrangeMeeting>>()
        .define_job::<Queued<WriteExport>>()
}

/// Jobs that find words for what happened.
fn with_writing_jobs(worker: WorkerOptions) -> WorkerOptions {
    worker
        .define_job::<Queued<TellOfBooking>>()
        .define_job::<Queued<TellOfDispute>>()
        .define_job::<Queued<WriteMail>>()
        .define_job::<Queued<TellOfPayout>>()
        .define_job::<Queued<TellOfDifferences>>()
        .define_job::<Queued<TellOfStuck>>()
        .define_job::<Queued<TellOfPermission>>()
        .define_job::<Queued<TellOfRefund>>()
        .define_job::<Queued<SendSignInLink>>()
}

/// Jobs that take them to people.
fn with_sending_jobs(worker: WorkerOptions) -> WorkerOptions {
    worker.define_job::<Queued<SendMail>>()
}

/// Jobs that have browsers tell people.
fn with_push_jobs(worker: WorkerOptions) -> WorkerOptions {
    worker.define_job::<Queued<SendPush>>()
}

/// The worker, which begins when it is run.
async fn ready(worker: WorkerOptions) -> Result<Worker> {
    worker.init().await.map_err(AppError::fault)
}

/// How long a worker rests that found nothing: until it is told of a job, at most so long. Without it the library
/// (0.14.1) asks again at once, tens of thousands of times a second.
fn rest(at_most: Duration) -> RefetchDelayConfig {
    RefetchDelayConfig::default().with_duration(at_most).with_max_abort_threshold(1)
}

/// Works off jobs and dispatches the outbox until the signal; jobs under way are finished. What the database does not let
/// it do, it tries again.
pub async fn work(services: &Services, stop: impl Future<Output = ()> + Send + 'static) {
    let stop = stop.boxed().shared();
    let keep = |at_once, look_every, jobs| keep_working(services, at_once, look_every, jobs, stop.clone());
    let working = async {
        tokio::join!(
            keep(AT_ONCE, PROMPT, with_prompt_jobs),
            keep(WRITING_AT_ONCE, PATIENT, with_writing_jobs),
            keep(SENDING_AT_ONCE, PATIENT, with_sending_jobs),
            keep(CALENDARS_AT_ONCE, PATIENT, with_calendar_jobs),
            keep(PUSHING_AT_ONCE, PATIENT, with_push_jobs),
        )
    };
    tokio::select! {
        _ = working => {}
        never = outbox::watch(services) => match never {},
    }
}

/// Keeps a worker of these jobs until the signal. It ends where it cannot note that a job is done; another begins, and
/// what the first had under way is done again.
async fn keep_working(
    services: &Services,
    at_once: usize,
    look_every: Duration,
    jobs: fn(WorkerOptions) -> WorkerOptions,
    stop: Stop,
) {
    while stop.peek().is_none() {
        let options = jobs(worker(services, at_once, look_every, stop.clone()));
        let ended = async { ready(options).await?.run().await.map_err(AppError::fault) }.await;
        if let Err(error) = ended {
            tracing::error!(?error, "a worker ended and begins again");
        }
        tokio::select! {
            () = tokio::time::sleep(BEGIN_AGAIN) => {}
            () = stop.clone() => {}
        }
    }
}

/// The signal to end, for each of the workers.
type Stop = Shared<BoxFuture<'static, ()>>;

/// Runs every job that is due, and waits for it, for those of other workers, and for what follows from them; how many
/// ran here. One that fails is not tried again in this call.
///
/// # Errors
/// Where the database cannot be written.
pub async fn drain(services: &Services) -> Result<u64> {
    free_stale(&services.db).await?;
    let worker = with_prompt_jobs(worker(services, AT_ONCE, PROMPT, std::future::pending()));
    let worker =
        ready(with_push_jobs(with_calendar_jobs(with_sending_jobs(with_writing_jobs(worker))))).await?;
    let mut ran = 0;
    loop {
        let open = store::open_work(&services.db, services.payments.is_some(), services.clock.now()).await?;
        if open.due > 0 {
            worker.run_once().await.map_err(AppError::fault)?;
            ran += open.due;
        } else if open.is_none() {
            return Ok(ran);
        } else if open.in_no_job == 0 || hand_out(services).await? == HandedOut::default() {
            // Others have it in hand.
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

/// Between two looks at what others work on.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Makes jobs due that wait for another try.
///
/// # Errors
/// Where the database cannot be written.
pub async fn retry_now(services: &Services) -> Result<()> {
    sqlx::query(
        "UPDATE graphile_worker._private_jobs SET run_at = now()
         WHERE run_at > now() AND attempts < max_attempts AND locked_at IS NULL",
    )
    .execute(&services.db)
    .await?;
    Ok(())
}

/// Forgets all jobs, where there is a queue: for a fresh start in development.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn forget_all(db: &PgPool) -> Result<()> {
    sqlx::query(
        "DO $$ BEGIN
             IF to_regclass('graphile_worker._private_jobs') IS NOT NULL THEN
                 DELETE FROM graphile_worker._private_jobs;
             END IF;
         END $$",
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Gives back the jobs of processes that died at work, where no lasting worker does it. A job takes seconds: each of
/// its calls is given up after half a minute.
async fn free_stale(db: &PgPool) -> Result<()> {
    sqlx::query(
        "UPDATE graphile_worker._private_jobs SET locked_at = NULL, locked_by = NULL
         WHERE locked_at < now() - interval '5 minutes'",
    )
    .execute(db)
    .await?;
    Ok(())
}
