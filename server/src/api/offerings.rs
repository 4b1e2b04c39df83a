//! `/api/v2/tutors/{id}/offerings`.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use domain::{
    Code,
    ids::OfferingId,
    money::Currency,
    tutor::{Offering, PricedDuration},
};
use serde::{Deserialize, Serialize};
use services::{
    Services,
    tutor::{self, OfferingView},
};
use utoipa::ToSchema;

use super::{
    error::{ApiError, ApiResult},
    extract::{ApiJson, ApiPath, Body, SignedIn, Visitor},
    tutors,
    wire::{Success, ok},
};

/// At most this many offerings of one tutor.
const MOST: usize = 50;

/// A lesson type.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct OfferingWire {
    /// Its id; without one it is made.
    #[serde(default)]
    id: Option<String>,
    /// What it is called, 1 to 100 characters.
    #[schema(example = "Contract law")]
    title: String,
    /// Durations allowed, minutes, 5 to 480 in steps of 5; 1 to 12 of them.
    #[schema(example = json!([30, 60]))]
    durations: Vec<i64>,
    /// The price of each duration in minor units.
    #[schema(example = json!({ "30": 1500, "60": 2500 }))]
    prices: BTreeMap<String, i64>,
    /// ISO 4217.
    #[schema(example = "EUR")]
    currency: String,
    /// Minutes between two starts; without it the duration.
    #[serde(default)]
    #[schema(example = 30)]
    step: Option<i64>,
    /// Minutes kept free before a lesson, 0 to 240.
    #[serde(default)]
    buffer_before: Option<i64>,
    /// Minutes kept free after a lesson, 0 to 240.
    #[serde(default)]
    buffer_after: Option<i64>,
    /// Whether there is just one duration, which cannot be chosen.
    #[serde(default)]
    fixed: Option<bool>,
}

impl Body for Vec<OfferingWire> {}

impl OfferingWire {
    fn parse(self, at: usize) -> ApiResult<(Option<OfferingId>, Offering)> {
        let path = |field: &str| format!("[{at}].{field}");
        let minutes = |value: Option<i64>, key: &'static str, field: &str| {
            value.map(u16::try_from).transpose().map_err(|_| ApiError::invalid(key, path(field)))
        };
        let offering = Offering {
            title: self.title.clone(),
            durations: self.priced(&path)?,
            currency: Currency::parse(&self.currency)
                .map_err(|_| ApiError::invalid("currency", path("currency")))?,
            step_min: minutes(self.step, "step", "step")?,
            buffer_before_min: minutes(self.buffer_before, "buffer", "buffer_before")?.unwrap_or_default(),
            buffer_after_min: minutes(self.buffer_after, "buffer", "buffer_after")?.unwrap_or_default(),
            fixed: self.fixed.unwrap_or_default(),
        };
        let offering = offering.check().map_err(|mut refusal| {
            refusal.field = refusal.field.map(|field| path(&field).into());
            ApiError::from(refusal)
        })?;
        let id = self.id.map(|id| id.parse());
        let unknown = |_| ApiError::coded(Code::NotFound, "offering_not_found", path("id"));
        Ok((id.transpose().map_err(unknown)?, offering))
    }

    /// Each duration with its price; a price without its duration is a mistake too.
    fn priced(&self, path: &impl Fn(&str) -> String) -> ApiResult<Vec<PricedDuration>> {
        let fault = || ApiError::invalid("prices", path("prices"));
        let range = || ApiError::coded(Code::InvalidDuration, "duration_range", path("durations"));
        let each = self.durations.iter().map(|minutes| {
            let price_minor = *self.prices.get(&minutes.to_string()).ok_or_else(fault)?;
            Ok(PricedDuration { minutes: u16::try_from(*minutes).map_err(|_| range())?, price_minor })
        });
        let priced = each.collect::<ApiResult<Vec<_>>>()?;
        if self.prices.len() > priced.len() { Err(fault()) } else { Ok(priced) }
    }
}

impl From<OfferingView> for OfferingWire {
    fn from(view: OfferingView) -> Self {
        let offering = view.offering;
        let durations = offering.durations.iter().map(|priced| i64::from(priced.minutes));
        let prices = offering.durations.iter().map(|priced| (priced.minutes.to_string(), priced.price_minor));
        OfferingWire {
            id: Some(view.id.to_string()),
            title: offering.title,
            durations: durations.collect(),
            prices: prices.collect(),
            currency: offering.currency.code().to_owned(),
            step: offering.step_min.map(i64::from),
            buffer_before: Some(offering.buffer_before_min.into()),
            buffer_after: Some(offering.buffer_after_min.into()),
            fixed: Some(offering.fixed),
        }
    }
}

/// Replace a tutor's offerings: those with an id are changed, those without are made, those that are not
/// named are no longer offered.
#[utoipa::path(put, path = "/api/v2/tutors/{id}/offerings", tag = "tutors", operation_id = "set_offerings",
    params(("id" = String, Path, description = "Id or slug")),
    request_body = Vec<OfferingWire>,
    responses((status = 200, description = "The offerings in the order sent", body = Success<Vec<OfferingWire>>)),
    security(("bearer" = []), ("cookie" = [])))]
pub async fn set_offerings(
    State(services): State<Services>,
    SignedIn(actor): SignedIn,
    path: ApiPath,
    ApiJson(body): ApiJson<Vec<OfferingWire>>,
) -> ApiResult<Json<Success<Vec<OfferingWire>>>> {
    let tutor = tutors::tutor_id(&services, &Visitor(Some(actor.clone())), &path).await?;
    if body.len() > MOST {
        return Err(ApiError::invalid("offerings_many", "offerings"));
    }
    let offerings = body.into_iter().enumerate().map(|(at, offering)| offering.parse(at));
    let offerings = offerings.collect::<ApiResult<Vec<_>>>()?;
    let kept = tutor::set_offerings(&services, &actor, tutor, offerings).await?;
    Ok(ok(kept.into_iter().map(OfferingWire::from).collect()))
}
