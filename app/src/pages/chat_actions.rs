//! What the forms of chat do on the server.

use domain::{
    Code, Refusal,
    chat::{ClientId, MessageBody},
    ids::ThreadId,
};
use services::chat::{self, Whom};

use super::context::{answer, answer_form, visit};
use crate::error::WireError;

/// Opens a thread and shows it.
///
/// # Errors
/// As `services::chat::open`.
pub async fn open(tutor: Option<&str>, booking: Option<&str>) -> Result<(), WireError> {
    let visit = visit();
    let opening = async {
        let whom = match (tutor, booking) {
            (Some(tutor), None) => Whom::Tutor(tutor.parse()?),
            (None, Some(booking)) => Whom::Booking(booking.parse()?),
            _ => return Err(Refusal::on(Code::InvalidRequest, "thread_whom", "tutor").into()),
        };
        let (thread, _) = chat::open(&visit.services, visit.actor()?, whom).await?;
        leptos_axum::redirect(&address(thread.id));
        Ok(())
    };
    answer_form(&visit, &[], opening).await
}

/// Sends a message and shows its thread.
///
/// # Errors
/// As `services::chat::send`.
pub async fn send(thread: &str, form: &str, body: &str) -> Result<(), WireError> {
    let visit = visit();
    let sending = async {
        let thread: ThreadId = thread.parse()?;
        let (text, name) = (MessageBody::parse(body)?, ClientId::of_form(form, body));
        chat::send(&visit.services, visit.actor()?, thread, &text, Some(&name)).await?;
        leptos_axum::redirect(&format!("{}?sent=1", address(thread)));
        Ok(())
    };
    answer_form(&visit, &[("body", body)], sending).await
}

/// Sends a message under its sender's own name for it, from a page that stays.
///
/// # Errors
/// As `services::chat::send`.
pub async fn post(thread: &str, name: &str, body: &str) -> Result<(), WireError> {
    let visit = visit();
    let sending = async {
        let (text, name) = (MessageBody::parse(body)?, ClientId::parse(name)?);
        chat::send(&visit.services, visit.actor()?, thread.parse()?, &text, Some(&name)).await?;
        Ok(())
    };
    answer(&visit, sending).await
}

/// The page of a thread.
fn address(thread: ThreadId) -> String {
    format!("/messages/{thread}")
}
