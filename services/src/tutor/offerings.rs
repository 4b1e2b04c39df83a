//! The offerings of a tutor, replaced as a whole.

use std::collections::HashSet;

use domain::{
    Code, Refusal,
    ids::{OfferingId, TutorId},
    tutor::Offering,
};

use super::{OfferingView, found, store};
use crate::{Actor, Result, Services, chance};

/// At most this many offerings of one tutor.
const MOST: usize = 20;

/// Replaces the offerings: those with an id are changed, those without are made, those not named are archived.
/// The order is kept.
///
/// # Errors
/// `INVALID_REQUEST`, `INVALID_DURATION`, `NOT_FOUND` for an id of another's, `INSUFFICIENT_PERMISSIONS`,
/// `PROFILE_NOT_FOUND`.
pub async fn set_offerings(
    services: &Services,
    actor: &Actor,
    tutor: TutorId,
    offerings: Vec<(Option<OfferingId>, Offering)>,
) -> Result<Vec<OfferingView>> {
    actor.require_tutor(tutor)?;
    let offerings = check(offerings)?;
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    found(store::lock(&mut tx, tutor).await?)?;
    let present: HashSet<OfferingId> = store::list_offering_ids(&mut tx, tutor).await?.into_iter().collect();
    if offerings.iter().any(|(id, _)| id.is_some_and(|id| !present.contains(&id))) {
        return Err(Refusal::on(Code::NotFound, "offering_not_found", "id").into());
    }
    let offerings: Vec<_> = offerings
        .into_iter()
        .map(|(id, offering)| OfferingView { id: id.unwrap_or_else(chance::id), offering })
        .collect();
    let kept: Vec<_> = offerings.iter().map(|view| view.id.0).collect();
    store::archive_others(&mut tx, tutor, &kept, now).await?;
    for (position, view) in offerings.iter().enumerate() {
        store::set_offering(&mut tx, tutor, position, view).await?;
    }
    tx.commit().await?;
    Ok(offerings)
}

/// Each by itself, and together: not too many, none twice.
fn check(
    offerings: Vec<(Option<OfferingId>, Offering)>,
) -> Result<Vec<(Option<OfferingId>, Offering)>, Refusal> {
    if offerings.len() > MOST {
        return Err(Refusal::on(Code::InvalidRequest, "too_many_offerings", "offerings"));
    }
    let mut named = HashSet::new();
    if !offerings.iter().filter_map(|(id, _)| *id).all(|id| named.insert(id)) {
        return Err(Refusal::on(Code::InvalidRequest, "offering_twice", "id"));
    }
    offerings.into_iter().map(|(id, offering)| Ok((id, offering.check()?))).collect()
}
