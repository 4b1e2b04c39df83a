//! What the forms about calendars do on the server.

use domain::{Code, Refusal};
use services::{
    Actor, Services, calendar,
    diary::{self, Choice, NewAccount},
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

/// Says which calendars of an account are read, and into which lessons are written; an empty one is none.
///
/// # Errors
/// As `services::diary::choose`.
pub async fn choose_calendars(
    account: &str,
    calendars: &[String],
    lessons_in: &str,
) -> Result<(), WireError> {
    console::actions::act(&[], ACCOUNTS, async |services, actor, tutor| {
        let read = calendars.iter().map(|calendar| known(calendar)).collect::<Result<_, _>>()?;
        let lessons_in = (!lessons_in.is_empty()).then(|| known(lessons_in)).transpose()?;
        diary::choose(services, actor, tutor, known(account)?, &Choice { read, lessons_in }).await
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
