//! What the forms about calendars do on the server.

use domain::{Code, Refusal};
use services::{
    Actor, Services, calendar,
    diary::{self, NewAccount},
};
use uuid::Uuid;

use super::{charge_actions::act, console};
use crate::error::WireError;

/// Where accounts are listed.
const ACCOUNTS: &str = "/tutor/settings?saved=1#accounts";

/// Gives one's own calendar another address.
///
/// # Errors
/// As `services::calendar::renew`.
pub async fn renew() -> Result<(), WireError> {
    let renewing = async |services: &Services, actor: &Actor| calendar::renew(services, actor).await;
    act(&[], "/settings?saved=1#calendar", renewing).await
}

/// Connects an account, or gives one that is connected another password.
///
/// # Errors
/// As `services::diary::connect`.
pub async fn connect_account(address: String, login: String, password: String) -> Result<(), WireError> {
    let (typed_address, typed_login) = (address.clone(), login.clone());
    let typed = [("address", typed_address.as_str()), ("login", typed_login.as_str())];
    console::actions::act(&typed, ACCOUNTS, async |services, actor, tutor| {
        diary::connect(services, actor, tutor, &NewAccount { address, login, password }).await
    })
    .await
}

/// Says which calendars of an account are read.
///
/// # Errors
/// As `services::diary::choose`.
pub async fn choose_calendars(account: &str, calendars: &[String]) -> Result<(), WireError> {
    console::actions::act(&[], ACCOUNTS, async |services, actor, tutor| {
        let chosen = calendars.iter().map(|calendar| known(calendar)).collect::<Result<Vec<_>, _>>()?;
        diary::choose(services, actor, tutor, known(account)?, &chosen).await
    })
    .await
}

/// Disconnects an account.
///
/// # Errors
/// As `services::diary::disconnect`.
pub async fn disconnect_account(account: &str) -> Result<(), WireError> {
    console::actions::act(&[], ACCOUNTS, async |services, actor, tutor| {
        diary::disconnect(services, actor, tutor, known(account)?).await
    })
    .await
}

/// An id of a form. One that is none leads to nothing.
fn known(id: &str) -> Result<Uuid, Refusal> {
    id.parse().map_err(|_| Refusal::new(Code::NotFound, "not_found"))
}
