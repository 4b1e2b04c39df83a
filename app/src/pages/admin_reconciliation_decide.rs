//! Closing a difference by hand, on the page of the comparisons, and opening it again.

use leptos::prelude::*;
use services::{
    Actor, AppError,
    reconcile::{self, Decision, Difference},
};

use super::{
    admin_reconciliation::{RECONCILIATION, fault_sentence, kind_name, side_text},
    charge_actions::act,
    context::Visit,
    format,
    forms::{PostForm, error_on, kept_or},
    i18n::{Locale, error_sentence, td_string},
    query,
};
use crate::{
    error::WireError,
    ui::{Alert, Button, ButtonLink, ButtonSize, ButtonVariant, Dialog, Field, Textarea, Tone},
};

/// The difference that the address asks to close.
///
/// # Errors
/// As `services::reconcile::find`, but for one that there is not.
pub(super) async fn asked(visit: &Visit, actor: &Actor) -> services::Result<Option<Difference>> {
    let Some(id) = query::parse(&visit.query, "close") else { return Ok(None) };
    match reconcile::find(&visit.services, actor, id).await {
        Ok(found) => Ok(Some(found)),
        Err(AppError::Refused { refusal, .. }) if refusal.code == domain::Code::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The question, with what follows from a yes, and why. Without script it arrives open at its own address, over the
/// page of the list from which it was asked.
#[component]
pub(super) fn CloseDialog(visit: Visit, difference: Difference, page: i64) -> impl IntoView {
    let locale = visit.locale();
    if difference.closed_at.is_some() {
        return view! { <Alert tone=Tone::Info title=error_sentence(locale, "difference_closed")/> }
            .into_any();
    }
    let back = format!("{RECONCILIATION}?page={page}#difference-{}", difference.id);
    let side = |side: &Option<_>| match side {
        Some(side) => side_text(locale, side),
        None => td_string!(locale, reconciliation.nothing).to_owned(),
    };
    let (ledger, provider) = (side(&difference.ledger), side(&difference.provider));
    view! {
        <Dialog id="close-difference" title=td_string!(locale, reconciliation.close_title) close_label=td_string!(locale, site.close) open=true close_href=back.clone()>
            <p><strong>{kind_name(locale, difference.kind)}</strong><br/>{fault_sentence(locale, &difference)}</p>
            <dl class="facts">
                <div><dt>{td_string!(locale, reconciliation.ledger)}</dt><dd class="tabular">{ledger}</dd></div>
                <div><dt>{td_string!(locale, reconciliation.provider)}</dt><dd class="tabular">{provider}</dd></div>
            </dl>
            <p>{td_string!(locale, reconciliation.close_text)}</p>
            <PostForm action="close_difference" class="form">
                <input type="hidden" name="difference" value=difference.id/>
                <input type="hidden" name="page" value=page/>
                <input type="hidden" name="seen" value=difference.mark()/>
                <Field id="note" label=td_string!(locale, reconciliation.close_note) hint=td_string!(locale, reconciliation.close_note_hint) required=true error=error_on("note")>
                    <Textarea name="note" rows=3 max=500 value=kept_or("note", String::new())/>
                </Field>
                <div class="form-actions">
                    <Button variant=ButtonVariant::Danger class="btn-solid">{td_string!(locale, reconciliation.close)}</Button>
                    <ButtonLink href=back variant=ButtonVariant::Ghost>{td_string!(locale, reconciliation.close_keep)}</ButtonLink>
                </div>
            </PostForm>
        </Dialog>
    }
    .into_any()
}

/// What was decided about a difference, and what can be.
#[component]
pub(super) fn ByHand(visit: Visit, difference: Difference, page: i64) -> impl IntoView {
    let locale = visit.locale();
    let decided = difference.decisions.iter().map(|decision| decided(&visit, decision)).collect_view();
    let about = format!("{}, {}", kind_name(locale, difference.kind), difference.reference);
    let (id, open) = (difference.id, difference.closed_at.is_none());
    let can = if open {
        let word = td_string!(locale, reconciliation.close);
        let href = format!("?page={page}&close={id}");
        view! {
            <ButtonLink href variant=ButtonVariant::Secondary size=ButtonSize::Small label=format::named(locale, word, &about)>{word}</ButtonLink>
        }
        .into_any()
    } else if difference.closed_by_hand {
        view! { <OpenAgain locale id about/> }.into_any()
    } else {
        ().into_any()
    };
    view! { <div class="stack-tight">{decided} {can}</div> }
}

#[component]
fn OpenAgain(locale: Locale, id: i64, about: String) -> impl IntoView {
    let word = td_string!(locale, reconciliation.open_again);
    view! {
        <form method="post" action="/do/open_difference">
            <input type="hidden" name="difference" value=id/>
            <Button variant=ButtonVariant::Secondary size=ButtonSize::Small label=format::named(locale, word, &about)>{word}</Button>
        </form>
    }
}

/// Who decided what and when, and why.
fn decided(visit: &Visit, decision: &Decision) -> impl IntoView + use<> {
    let locale = visit.locale();
    let at = format::near(locale, visit.zone, decision.at, visit.now);
    let name = decision.by.clone();
    let text = match decision.note {
        Some(_) => td_string!(locale, reconciliation.closed_by, name = name, at = at).to_string(),
        None => td_string!(locale, reconciliation.opened_by, name = name, at = at).to_string(),
    };
    let note = decision.note.clone().map(|note| view! { <blockquote class="chat-quote">{note}</blockquote> });
    view! { <p class="quiet small">{text}</p> {note} }
}

/// Closes a difference, on this page of the open ones.
///
/// # Errors
/// As `services::reconcile::close_by_hand`.
pub async fn close(difference: i64, page: i64, seen: &str, note: &str) -> Result<(), WireError> {
    act(&[("note", note)], &format!("{RECONCILIATION}?page={page}&saved=1"), async |services, actor| {
        reconcile::close_by_hand(services, actor, difference, seen, note).await
    })
    .await
}

/// Opens a difference again.
///
/// # Errors
/// As `services::reconcile::open_again`.
pub async fn open_again(difference: i64) -> Result<(), WireError> {
    act(&[], &format!("{RECONCILIATION}?saved=1#difference-{difference}"), async |services, actor| {
        reconcile::open_again(services, actor, difference).await
    })
    .await
}
