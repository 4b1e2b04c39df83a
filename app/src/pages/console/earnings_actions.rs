//! What the forms about earnings do on the server.

use services::payout;

use super::{earnings::PAGE, own_tutor};
use crate::{
    error::WireError,
    pages::context::{answer_form, visit},
};

/// Leads the tutor to the payment provider's pages.
///
/// # Errors
/// As `services::payout::begin_onboarding`.
pub async fn begin_onboarding() -> Result<(), WireError> {
    let visit = visit();
    let beginning = async {
        let actor = visit.actor()?;
        let there = payout::begin_onboarding(&visit.services, actor, own_tutor(actor)?, PAGE).await?;
        leptos_axum::redirect(&there);
        Ok(())
    };
    answer_form(&visit, &[], beginning).await
}
