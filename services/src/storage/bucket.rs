//! A bucket of an object store that speaks S3: the store's own calls, over our HTTP client.

use std::{error::Error as _, io, time::Duration};

use async_trait::async_trait;
use http_body_util::BodyExt as _;
use object_store::{
    ClientOptions, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody,
        HttpService,
    },
    prefix::PrefixStore,
};
use reqwest::{Body, Client, redirect::Policy};

use crate::{AppError, Result, config::BucketConfig};

/// How long one call may take; the store tries again what may be tried again.
const TIME: Duration = Duration::from_secs(30);

/// How long connecting may take.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// How often a call is tried again, and for how long: somebody waits for it.
const TRIES: usize = 3;
const PATIENCE: Duration = Duration::from_secs(20);

/// Opens a bucket. Nothing is asked of it yet.
///
/// # Errors
/// Where the settings make no sense together, or the machine's TLS cannot be set up.
pub(super) fn open(bucket: &BucketConfig) -> Result<PrefixStore<AmazonS3>> {
    let client = Client::builder().timeout(TIME).connect_timeout(CONNECT_TIME).redirect(Policy::none());
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&bucket.name)
        .with_region(&bucket.region)
        .with_access_key_id(&bucket.key_id)
        .with_secret_access_key(&bucket.key)
        .with_retry(RetryConfig { max_retries: TRIES, retry_timeout: PATIENCE, ..RetryConfig::default() })
        .with_http_connector(Http(client.build().map_err(AppError::fault)?));
    if let Some(endpoint) = &bucket.endpoint {
        // A store within the network is often reached without TLS; the keys only sign, they are not sent.
        builder =
            builder.with_endpoint(endpoint).with_allow_http(true).with_virtual_hosted_style_request(false);
    }
    Ok(PrefixStore::new(builder.build().map_err(AppError::fault)?, &*bucket.prefix))
}

/// Our HTTP client, as the store wants it.
#[derive(Clone, Debug)]
struct Http(Client);

impl HttpConnector for Http {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Http {
    async fn call(&self, request: HttpRequest) -> std::result::Result<HttpResponse, HttpError> {
        let request = request.map(Body::wrap).try_into().map_err(failed)?;
        let answer = self.0.execute(request).await.map_err(failed)?;
        let (parts, body) = http::Response::<Body>::from(answer).into_parts();
        Ok(HttpResponse::from_parts(parts, HttpResponseBody::new(body.map_err(failed))))
    }
}

/// What went wrong on the way, from which the store concludes whether to try again. Addresses are left out.
fn failed(error: reqwest::Error) -> HttpError {
    let broken = |kind| matches!(kind, io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe);
    let mut causes = std::iter::successors(error.source(), |&cause| cause.source());
    let broke = causes.any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|io| broken(io.kind())));
    let kind = if error.is_timeout() {
        HttpErrorKind::Timeout
    } else if error.is_connect() {
        HttpErrorKind::Connect
    } else if error.is_decode() {
        HttpErrorKind::Decode
    } else if broke || error.is_request() || error.is_body() {
        HttpErrorKind::Interrupted
    } else {
        HttpErrorKind::Unknown
    };
    HttpError::new(kind, error.without_url())
}
