//! What the form about mails and notices does on the server.

use domain::notice::{Choice, Quiet};
use services::{Actor, AppError, Services, notice};

use super::charge_actions::act;
use crate::error::WireError;

/// Keeps by which ways a person wants to be told of what.
///
/// # Errors
/// As `services::notice::choose`.
pub async fn choose(wanted: Vec<String>) -> Result<(), WireError> {
    let choosing = async |services: &Services, actor: &Actor| {
        let wanted = wanted.iter().map(|name| Choice::parse(name).map_err(AppError::from));
        notice::choose(services, actor, &wanted.collect::<Result<Vec<_>, _>>()?).await
    };
    act(&[], "/settings?saved=1#mails", choosing).await
}

/// Keeps when a person wants quiet.
///
/// # Errors
/// As `domain::notice::Quiet::parse`.
pub async fn set_quiet_hours(from: &str, until: &str) -> Result<(), WireError> {
    let setting = async |services: &Services, actor: &Actor| {
        notice::set_quiet_hours(services, actor, Quiet::parse(from, until)?).await
    };
    act(&[("from", from), ("until", until)], "/settings?saved=1#quiet", setting).await
}
