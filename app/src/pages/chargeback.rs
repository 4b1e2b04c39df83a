//! What a bank does about a payment: in words, and the form that has our evidence sent to it.

use domain::{account::Role, dispute::Standing};
use leptos::prelude::*;
use services::dispute::Bank;

use super::{
    charge_words::amount,
    context::Visit,
    dispute::StatementField,
    dispute_actions::DISPUTES,
    format,
    forms::PostForm,
    i18n::{Locale, td_string},
    query,
};
use crate::ui::{Button, ButtonLink, ButtonVariant, Card};

/// How each chargeback of a payment stands, a line for each; for admins also what became of our evidence.
#[component]
pub fn Banks(
    /// The request.
    visit: Visit,
    /// Oldest first.
    banks: Vec<Bank>,
) -> impl IntoView {
    let for_admin = visit.actor.as_ref().is_some_and(|actor| actor.role == Role::Admin);
    let lines = banks.into_iter().map(move |bank| {
        let ours = for_admin.then(|| ours(&visit, &bank));
        view! { <p>{words(&visit, &bank)}</p> {ours} }
    });
    lines.collect_view()
}

/// Our evidence: whether the bank has it, and the words that went with it. Nothing where none was asked for.
fn ours(visit: &Visit, bank: &Bank) -> Option<impl IntoView + use<>> {
    let locale = visit.locale();
    let at = |time| format::near(locale, visit.zone, time, visit.now);
    let told = match (&bank.failure, bank.answered_at, bank.asked_at?) {
        // In the provider's words.
        (Some(why), _, _) => td_string!(locale, dispute.bank_refused, why = why.clone()).to_string(),
        (None, Some(sent), _) => td_string!(locale, dispute.bank_told, time = at(sent)).to_string(),
        (None, None, asked) => td_string!(locale, dispute.bank_telling, time = at(asked)).to_string(),
    };
    let words = bank.words.clone();
    Some(view! { <p>{told}</p> <blockquote class="chat-quote">{words}</blockquote> })
}

/// What the banks of a payment want, as a heading: one that only asks has claimed nothing.
pub fn heading(locale: Locale, banks: &[Bank]) -> &'static str {
    if banks.iter().all(|bank| matches!(bank.standing, Standing::Inquiry | Standing::InquiryReview)) {
        td_string!(locale, dispute.inquiry)
    } else {
        td_string!(locale, dispute.chargeback)
    }
}

/// How a chargeback stands, in words.
fn words(visit: &Visit, bank: &Bank) -> String {
    let locale = visit.locale();
    let (shown, reason) = (amount(locale, bank.amount), why(locale, &bank.reason));
    let due = bank.due_by.filter(|_| bank.waits()).map(|due| format::moment(locale, visit.zone, due));
    match (bank.standing, due) {
        (Standing::Inquiry, Some(due)) => {
            td_string!(locale, dispute.bank_asks_until, amount = shown, reason = reason, time = due)
                .to_string()
        }
        (Standing::Inquiry | Standing::InquiryReview, _) => {
            td_string!(locale, dispute.bank_asks, amount = shown, reason = reason).to_string()
        }
        (Standing::NeedsResponse, Some(due)) => {
            td_string!(locale, dispute.bank_waits_until, amount = shown, reason = reason, time = due)
                .to_string()
        }
        (Standing::NeedsResponse, None) => {
            td_string!(locale, dispute.bank_took, amount = shown, reason = reason).to_string()
        }
        (Standing::UnderReview, _) => {
            td_string!(locale, dispute.bank_reviews, amount = shown, reason = reason).to_string()
        }
        (Standing::Won, _) => {
            td_string!(locale, dispute.bank_won, amount = shown, reason = reason).to_string()
        }
        (Standing::Lost, _) => {
            td_string!(locale, dispute.bank_lost, amount = shown, reason = reason).to_string()
        }
    }
}

/// The bank's reason in words. One that is new to us is said as the provider says it.
fn why(locale: Locale, reason: &str) -> String {
    let known = match reason {
        "credit_not_processed" => td_string!(locale, dispute.why_credit_not_processed),
        "duplicate" => td_string!(locale, dispute.why_duplicate),
        "fraudulent" => td_string!(locale, dispute.why_fraudulent),
        "general" => td_string!(locale, dispute.why_general),
        "noncompliant" => td_string!(locale, dispute.why_noncompliant),
        "product_not_received" => td_string!(locale, dispute.why_product_not_received),
        "product_unacceptable" => td_string!(locale, dispute.why_product_unacceptable),
        "subscription_canceled" => td_string!(locale, dispute.why_subscription_canceled),
        "unrecognized" => td_string!(locale, dispute.why_unrecognized),
        other => return other.replace('_', " "),
    };
    known.to_owned()
}

/// What a bank took back for good of a charge, as the row of a list says it.
pub fn taken_back(locale: Locale, reason: &str) -> String {
    td_string!(locale, charge.by_bank, reason = why(locale, reason)).to_string()
}

/// What the banks of a charge say, as a card of its page. Nothing where no bank asks.
#[component]
pub fn BankCard(
    /// The request.
    visit: Visit,
    /// Oldest first.
    banks: Vec<Bank>,
) -> impl IntoView {
    let title = heading(visit.locale(), &banks);
    (!banks.is_empty()).then(|| view! { <Card title><div class="stack"><Banks visit banks/></div></Card> })
}

/// Having our evidence sent to the bank, in two steps that need no script, for it cannot be taken back: what is sent,
/// then the words that go with it and the sending itself.
#[component]
pub fn SendEvidence(
    /// The request.
    visit: Visit,
    /// The dispute.
    id: String,
) -> impl IntoView {
    let locale = visit.locale();
    let page = format!("{DISPUTES}/{id}");
    if query::get(&visit.query, "evidence").is_none() {
        let href = format!("{page}?evidence=1");
        return view! {
            <Card title=td_string!(locale, disputes.evidence)>
                <div class="stack">
                    <p>{td_string!(locale, disputes.evidence_text)}</p>
                    <div class="row"><ButtonLink href variant=ButtonVariant::Secondary>{td_string!(locale, disputes.evidence_prepare)}</ButtonLink></div>
                </div>
            </Card>
        }
        .into_any();
    }
    view! {
        <Card title=td_string!(locale, disputes.evidence_confirm)>
            <PostForm action="submit_evidence" class="form">
                <input type="hidden" name="dispute" value=id/>
                <p>{td_string!(locale, disputes.evidence_text)}</p>
                <p><strong>{td_string!(locale, disputes.evidence_final)}</strong></p>
                <StatementField label=td_string!(locale, disputes.evidence_words) hint=td_string!(locale, disputes.evidence_hint) locale/>
                <div class="form-actions">
                    <Button variant=ButtonVariant::Danger class="btn-solid">{td_string!(locale, disputes.evidence_send)}</Button>
                    <ButtonLink href=page variant=ButtonVariant::Ghost>{td_string!(locale, disputes.evidence_later)}</ButtonLink>
                </div>
            </PostForm>
        </Card>
    }
    .into_any()
}

/// What is left of a payment while a bank has it: nothing that can be given back.
#[must_use]
pub fn is_taken(banks: &[Bank]) -> bool {
    banks.iter().any(|bank| bank.standing.holds_money())
}
