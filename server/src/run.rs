//! Carries a command out.

use std::{error::Error, io::Read as _, sync::Arc, time::Duration};

use domain::account::{Email, Password, PersonName};
use serde::Serialize;
use services::{
    Services, chat, clock::Clock, config::Config, db, jobs, live, payment::provider::Provider, reconcile,
    seed, sweep,
};
use tokio::{net::TcpListener, sync::watch};

use crate::{
    api,
    command::{Command, CreateAdmin, Serve},
    listen, router,
    sandbox::{self, Share},
};

type Outcome = Result<(), Box<dyn Error>>;

/// How often the server looks for work that the clock made due.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// How often it notes who has an open stream.
const PRESENT_EVERY: Duration = Duration::from_secs(20);

/// How often it notes which messages its streams have delivered.
const DELIVERED_EVERY: Duration = Duration::from_millis(500);

/// Runs one command to its end.
pub async fn run(command: Command) -> Outcome {
    if let Command::Openapi = command {
        return print(&api::openapi_json()?);
    }
    let config = Config::from_env()?;
    let database = Database::open(&config).await?;
    let outcome = with_database(command, config, &database).await;
    database.close().await;
    outcome
}

async fn with_database(command: Command, config: Config, database: &Database) -> Outcome {
    db::migrate(&database.pool).await?;
    jobs::migrate(&database.pool).await?;
    let clock = if config.is_development() { Clock::settable() } else { Clock::real() };
    clock.follow(&database.pool).await?;
    let charges = matches!(command, Command::Serve(_) | Command::Work | Command::Seed | Command::Tick);
    let share = if charges { sandbox::share(&config, &database.pool, &clock).await? } else { None };
    let config =
        Config { stripe: share.as_ref().map(Share::stripe).or_else(|| config.stripe.clone()), ..config };
    let services = services(config, clock, database).await?;
    let outcome = with_services(command, &services).await;
    if let Some(share) = share {
        share.give_up().await;
    }
    outcome
}

async fn with_services(command: Command, services: &Services) -> Outcome {
    match command {
        Command::Serve(options) => serve(services, &options).await,
        Command::Work => work_until_told(services).await,
        Command::Migrate | Command::Openapi => Ok(()),
        Command::Seed => seeded(services).await,
        Command::Tick => print(&serde_json::to_string(&tick(services).await?)?),
        Command::CreateAdmin(options) => create_admin(services, &options).await,
    }
}

/// The database, and the cluster that is ours where none was given.
struct Database {
    pool: sqlx::PgPool,
    cluster: Option<db::cluster::Cluster>,
}

impl Database {
    async fn open(config: &Config) -> Result<Self, Box<dyn Error>> {
        let (options, cluster) = match &config.database.url {
            Some(url) => (url.parse().map_err(|error| format!("DATABASE_URL: {error}"))?, None),
            None => {
                let cluster = db::cluster::Cluster::start(&config.database.data).await?;
                (cluster.connect_options(), Some(cluster))
            }
        };
        Ok(Database { pool: db::connect(options, config.database.connections).await?, cluster })
    }

    async fn close(self) {
        self.pool.close().await;
        if let Some(cluster) = self.cluster
            && let Err(error) = cluster.stop().await
        {
            tracing::warn!(%error, "own Postgres");
        }
    }
}

async fn services(config: Config, clock: Clock, database: &Database) -> Result<Services, Box<dyn Error>> {
    let live = live::Bus::start(database.pool.clone(), config.nats.as_ref()).await?;
    // Where limits are off, in development, the provider is asked as fast as it answers.
    let paced = |stripe| {
        if config.web.rate_limits { Provider::new(stripe) } else { Provider::with_pace(stripe, None) }
    };
    let payments = config.stripe.as_ref().map(paced).transpose()?;
    Ok(Services::new(database.pool.clone(), clock, config, Arc::new(live), payments))
}

async fn serve(services: &Services, options: &Serve) -> Outcome {
    if options.seed {
        seeded(services).await?;
    }
    let addr = services.config.web.addr;
    let listener = TcpListener::bind(addr).await.map_err(|error| format!("LECTERN_ADDR {addr}: {error}"))?;
    let (stop, stopping) = watch::channel(false);
    tokio::spawn(async move {
        told_to_stop().await;
        let _ = stop.send(true);
    });
    let present = tokio::spawn(note_presence(services.clone(), stopping.clone()));
    let delivered = tokio::spawn(note_deliveries(services.clone(), stopping.clone()));
    let worker = (!options.no_work).then(|| tokio::spawn(work(services.clone(), stopping.clone())));
    let options = leptos::config::get_configuration(Some("Leptos.toml"))?.leptos_options;
    let app = router::router(services.clone(), options, stopping.clone());
    greet(services)?;
    listen::serve(listener, app, until(stopping)).await;
    present.await?;
    delivered.await?;
    if let Some(worker) = worker {
        worker.await?;
    }
    Ok(())
}

/// Notes now and then that those with an open stream here are still there.
async fn note_presence(services: Services, stopping: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(PRESENT_EVERY) => {}
            () = until(stopping.clone()) => return,
        }
        if let Err(error) = chat::stay(&services).await {
            tracing::warn!(%error, "cannot note who is there");
        }
    }
}

/// Notes now and then which messages the streams here have delivered, a last time when the server stops.
pub async fn note_deliveries(services: Services, stopping: watch::Receiver<bool>) {
    let mut stops = false;
    while !stops {
        tokio::select! {
            () = tokio::time::sleep(DELIVERED_EVERY) => {}
            () = until(stopping.clone()) => stops = true,
        }
        if let Err(error) = chat::note_deliveries(&services).await {
            tracing::warn!(%error, "cannot note what was delivered");
        }
    }
}

/// Completes when the server is told to stop.
pub async fn until(mut stopping: watch::Receiver<bool>) {
    // A closed channel means that the sender is gone, which is as good as being told.
    let _ = stopping.wait_for(|stop| *stop).await;
}

async fn work_until_told(services: &Services) -> Outcome {
    let (stop, stopping) = watch::channel(false);
    let worker = tokio::spawn(work(services.clone(), stopping));
    told_to_stop().await;
    let _ = stop.send(true);
    Ok(worker.await?)
}

/// Works off jobs, and looks now and then for what the clock made due.
async fn work(services: Services, stopping: watch::Receiver<bool>) {
    let (looking, working) = (services.clone(), until(stopping.clone()));
    tokio::join!(jobs::work(&services, working), look_for_work(&looking, stopping));
}

async fn look_for_work(services: &Services, stopping: watch::Receiver<bool>) {
    loop {
        if let Err(error) = sweep_once(services).await {
            tracing::error!(?error, "sweep");
        }
        tokio::select! {
            () = tokio::time::sleep(SWEEP_EVERY) => {}
            () = until(stopping.clone()) => return,
        }
    }
}

async fn sweep_once(services: &Services) -> services::Result<()> {
    services.clock.follow(&services.db).await?;
    let swept = sweep::run(services).await?;
    if swept != sweep::Swept::default() {
        tracing::info!(?swept, "swept");
    }
    let handed_out = jobs::hand_out(services).await?;
    if handed_out != jobs::HandedOut::default() {
        tracing::info!(charges = handed_out.charges.len(), events = handed_out.events, "handed out to jobs");
    }
    reconcile::hand_out(services).await?;
    Ok(())
}

/// Between two looks of a tick for lessons that another sweep settles, and how often it looks: for two seconds.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
const TICK_LOOKS: u32 = 100;

/// What a tick did.
#[derive(Debug, Serialize)]
pub struct Ticked {
    /// What the sweep did.
    #[serde(flatten)]
    pub swept: sweep::Swept,
    /// Jobs that ran, those that waited for another try too.
    pub jobs_run: u64,
}

/// Does everything that is due now, and waits for it.
///
/// # Errors
/// Where the database cannot be written.
pub async fn tick(services: &Services) -> services::Result<Ticked> {
    let mut swept = sweep::run(services).await?;
    // What another sweep has in hand is waited for; one that cannot be settled keeps nobody waiting for ever.
    for _ in 0..TICK_LOOKS {
        if sweep::due_lessons(services).await?.is_empty() {
            break;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
        swept += sweep::run(services).await?;
    }
    jobs::hand_out(services).await?;
    reconcile::hand_out(services).await?;
    jobs::retry_now(services).await?;
    Ok(Ticked { swept, jobs_run: jobs::drain(services).await? })
}

async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

async fn seeded(services: &Services) -> Outcome {
    if !services.config.is_development() {
        return Err("seed: the demonstration is for development only".into());
    }
    if seed::demonstration(services).await? {
        tracing::info!("the demonstration is in place");
    }
    Ok(())
}

async fn create_admin(services: &Services, options: &CreateAdmin) -> Outcome {
    let mut password = String::new();
    std::io::stdin().read_to_string(&mut password)?;
    let password = Password::parse(password.trim_end_matches(['\r', '\n']))?;
    let (email, name) = (Email::parse(&options.email)?, PersonName::parse(&options.name)?);
    let admin = services::account::create_admin(services, email, password, name).await?;
    print(&format!("{} is an administrator", admin.email))
}

fn greet(services: &Services) -> Outcome {
    let config = &services.config;
    let mut lines = format!("\n  Lectern is at {}\n", config.web.public_url);
    if config.is_development() {
        lines.push_str(
            "\n  Demonstration accounts (password demo-password):\n    student@demo.test\n    tutor@demo.test\n    admin@demo.test\n",
        );
    }
    print(&lines)
}

#[expect(clippy::print_stdout, reason = "what a command answers")]
fn print(text: &str) -> Outcome {
    println!("{text}");
    Ok(())
}
