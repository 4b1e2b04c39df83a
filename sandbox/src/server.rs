//! The server: accepts connections, and can close one without an answer, which faults ask for.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tower::ServiceExt as _;

use crate::{app, app::App, control, http, options::Options, pages, state, webhooks};

/// How often what is due by itself is looked for.
const BEAT: Duration = Duration::from_millis(500);

/// A running sandbox. It ends when this is dropped.
#[derive(Debug)]
pub struct Sandbox {
    /// Where it listens.
    pub address: SocketAddr,
    app: Arc<App>,
    tasks: Vec<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts a sandbox on the options' address.
    ///
    /// # Errors
    /// Where the address cannot be listened on, or the state that was kept cannot be read.
    pub async fn start(options: Options) -> io::Result<Self> {
        let kept = options.state.as_deref().map(state::read).transpose()?.flatten();
        let listener = TcpListener::bind(options.addr).await?;
        let address = listener.local_addr()?;
        let (app, queue) = App::new(options, format!("http://{address}"));
        if let Some(kept) = kept {
            app.take_up(kept)
                .map_err(|error| io::Error::other(format!("the state that was kept: {error:?}")))?;
        }
        let mut tasks = vec![
            tokio::spawn(accept(listener, router(&app))),
            tokio::spawn(webhooks::work(Arc::clone(&app), queue)),
            tokio::spawn(beat(Arc::clone(&app))),
        ];
        if let Some(path) = app.options.state.clone() {
            tasks.push(tokio::spawn(state::keep(Arc::clone(&app), path)));
        }
        Ok(Self { address, app, tasks })
    }

    /// Completes when nobody uses it any more, where it lives by leases.
    pub async fn abandoned(&self) {
        loop {
            tokio::select! {
                () = self.app.end.notified() => return,
                () = tokio::time::sleep(BEAT) => {}
            }
            if self.app.options.leased && self.app.leases.is_abandoned() {
                return;
            }
        }
    }

    /// Writes down what outlives it, where a file for it was named.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn save(&self) -> io::Result<()> {
        self.app.options.state.as_deref().map_or(Ok(()), |path| state::write(&self.app, path))
    }

    /// The address with its scheme.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// All addresses.
fn router(app: &Arc<App>) -> Router {
    Router::new()
        .route("/v1/{*path}", axum::routing::any(http::handle))
        .merge(pages::routes())
        .nest("/_control", control::routes())
        .with_state(Arc::clone(app))
}

/// Time passes without requests too.
async fn beat(app: Arc<App>) {
    loop {
        tokio::time::sleep(BEAT).await;
        app.act(app::Request::own(), |_| ());
    }
}

async fn accept(listener: TcpListener, router: Router) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(converse(stream, router.clone()));
            }
            // Out of file handles, most likely: others will be given back.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn converse(stream: TcpStream, router: Router) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        async move {
            let response = match router.oneshot(request.map(Body::new)).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            if response.extensions().get::<http::Dropped>().is_some() {
                return Err(io::Error::new(io::ErrorKind::ConnectionReset, "a fault that was asked for"));
            }
            Ok(response)
        }
    });
    // An error here is a client that left, or the fault above: there is nobody to tell.
    let _ =
        http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}
