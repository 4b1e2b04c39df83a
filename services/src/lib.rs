//! What happens: use cases over Postgres, jobs and providers.
//!
//! A use case authorises its actor, reads `now` once, opens one transaction, loads, lets `domain`
//! decide, records, and commits. Who may do what is decided here and nowhere else.

pub mod account;
pub mod actor;
pub mod availability;
pub mod booking;
pub mod busy;
pub mod calendar;
pub mod chance;
pub mod chat;
pub mod clock;
pub mod config;
pub mod db;
pub mod diary;
pub mod dispute;
pub mod error;
pub mod files;
pub mod invariants;
pub mod jobs;
pub mod ledger;
pub mod lesson;
pub mod limit;
pub mod live;
pub mod mail;
mod net;
pub mod notice;
pub mod oauth;
mod outbox;
pub mod overview;
pub mod payment;
pub mod payout;
pub mod privacy;
pub mod push;
pub mod reconcile;
pub mod reset;
pub mod review;
mod seal;
pub mod search;
pub mod seed;
pub mod settings;
pub mod sitemap;
pub mod storage;
pub mod sweep;
#[doc(hidden)]
pub mod testing;
pub mod trace;
pub mod tutor;
pub mod video;

use std::{ops::Deref, sync::Arc};

use sqlx::PgPool;

pub use actor::Actor;
pub use error::{AppError, Result};

/// Everything that a use case needs of the world. Cheap to clone.
#[derive(Clone)]
pub struct Services(Arc<Parts>);

/// The parts of [`Services`].
pub struct Parts {
    /// The database.
    pub db: PgPool,
    /// The one clock.
    pub clock: clock::Clock,
    /// What the environment says.
    pub config: config::Config,
    /// Tells open pages that something happened.
    pub live: Arc<dyn live::LiveBus>,
    /// Messages that the streams of this process have handed out.
    pub deliveries: chat::Deliveries,
    /// Who charges cards; `None` where nothing of the kind was configured or started.
    pub payments: Option<payment::provider::Provider>,
    /// Where files are kept.
    pub storage: storage::Storage,
    /// Who sends mails; `None` where they are only kept.
    pub mail: Option<mail::Sender>,
    /// Google, at which people let us act for them; `None` where it is not configured.
    pub google: Option<oauth::Provider>,
    /// Zoom, in whose meetings lessons can take place; `None` where it is not configured.
    pub zoom: Option<oauth::Provider>,
}

impl Services {
    /// Puts the parts together.
    #[must_use]
    pub fn new(
        db: PgPool,
        clock: clock::Clock,
        config: config::Config,
        live: Arc<dyn live::LiveBus>,
        payments: Option<payment::provider::Provider>,
    ) -> Self {
        let mail = config.mail.as_ref().map(mail::Sender::new);
        let storage = storage::Storage::new(config.files.clone());
        let google = config.google.as_ref().map(oauth::Provider::google);
        // Its addresses were judged when they were read.
        let zoom = config.zoom.as_ref().and_then(|zoom| oauth::Provider::zoom(zoom).ok());
        let deliveries = chat::Deliveries::default();
        Services(Arc::new(Parts {
            db,
            clock,
            config,
            live,
            deliveries,
            payments,
            storage,
            mail,
            google,
            zoom,
        }))
    }

    /// Begins a transaction; see [`db::begin`].
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn begin(&self) -> Result<sqlx::PgTransaction<'static>> {
        Ok(db::begin(&self.db).await?)
    }

    /// Who charges cards.
    ///
    /// # Errors
    /// Where none is configured.
    pub(crate) fn payments(&self) -> Result<&payment::provider::Provider> {
        self.payments.as_ref().ok_or_else(|| AppError::fault("no payment provider is configured"))
    }
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Services(…)")
    }
}

impl Deref for Services {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
