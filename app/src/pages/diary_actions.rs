//! What the forms about calendars do on the server.

use services::{Actor, Services, calendar};

use super::charge_actions::act;
use crate::error::WireError;

/// Gives one's own calendar another address.
///
/// # Errors
/// As `services::calendar::renew`.
pub async fn renew() -> Result<(), WireError> {
    let renewing = async |services: &Services, actor: &Actor| calendar::renew(services, actor).await;
    act(&[], "/settings?saved=1#calendar", renewing).await
}
