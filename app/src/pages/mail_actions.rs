//! What the form about mails does on the server.

use services::{
    Actor, Services,
    mail::{self, Topic},
};

use super::charge_actions::act;
use crate::error::WireError;

/// Keeps which mails a person wants.
///
/// # Errors
/// As `services::mail::choose`.
pub async fn choose(reminders: bool, questions: bool, messages: bool) -> Result<(), WireError> {
    let wanted = [(Topic::Reminders, reminders), (Topic::Questions, questions), (Topic::Messages, messages)];
    let wanted: Vec<Topic> =
        wanted.into_iter().filter(|(_, wanted)| *wanted).map(|(topic, _)| topic).collect();
    let choosing = async |services: &Services, actor: &Actor| mail::choose(services, actor, &wanted).await;
    act(&[], "/settings?saved=1#mails", choosing).await
}
