//! Deciding a dispute, in two steps that need no script: what goes back to the student is chosen and stands in the
//! address; then the page says what follows for the money of all three, asks why, and only then decides.

use domain::{
    Code, Refusal,
    dispute::Outcome,
    ids::DisputeId,
    money::{Currency, Money},
};
use leptos::prelude::*;
use services::{
    Actor, AppError,
    dispute::{self, Weighed},
    payment::Explanation,
};

use super::{
    charge_words::amount,
    console::actions::typed_amount,
    context::Visit,
    dispute_actions::DISPUTES,
    forms::{FlashNotice, PostForm, error_on, kept_or},
    i18n::{Locale, dispute_outcome, td_string},
    query,
};
use crate::ui::{
    Alert, Button, ButtonLink, ButtonVariant, Card, ChoiceItem, Field, Input, RadioGroup, Textarea, Tone,
};

/// What an admin chose, and what it would do.
#[derive(Clone)]
pub struct Choice {
    outcome: String,
    amount: String,
    /// The outcome with what it would do; else what is wrong with the choice: the field and the sentence.
    weighed: Result<(Outcome, Weighed), (Option<String>, String)>,
}

impl Choice {
    /// The choice in the address of the page; `None` where there is none.
    ///
    /// # Errors
    /// As `services::dispute::weigh`, but for what is wrong with the choice itself.
    pub async fn read(
        visit: &Visit,
        actor: &Actor,
        id: DisputeId,
        currency: Currency,
    ) -> services::Result<Option<Choice>> {
        let Some(outcome) = query::get(&visit.query, "outcome") else { return Ok(None) };
        let amount = query::get(&visit.query, "amount").unwrap_or_default();
        let weighing = async {
            let chosen = Outcome::parse(&outcome)?;
            let minor = minor(chosen, &amount, currency)?;
            Ok((chosen, dispute::weigh(&visit.services, actor, id, chosen, minor).await?))
        };
        let weighed = match weighing.await {
            Ok(weighed) => Ok(weighed),
            Err(error @ AppError::Refused { .. }) => {
                let told = visit.wire(&error);
                Err((told.field, told.message))
            }
            Err(fault) => return Err(fault),
        };
        Ok(Some(Choice { outcome, amount, weighed }))
    }
}

/// What was typed, minor units. An amount belongs to a part only: beside another choice it was left over.
fn minor(outcome: Outcome, typed: &str, currency: Currency) -> Result<Option<i64>, Refusal> {
    if outcome != Outcome::Partial || typed.trim().is_empty() {
        return Ok(None);
    }
    let refusal = Refusal::on(Code::InvalidRequest, "amount_typed", "amount");
    typed_amount(typed, currency).map(Some).ok_or(refusal)
}

/// The step that is due: choosing, or deciding on what was chosen.
#[component]
pub fn Deciding(
    /// The request.
    visit: Visit,
    /// Which dispute.
    id: DisputeId,
    /// How much was said in it.
    said: usize,
    /// Its charge.
    explained: Explanation,
    /// What was chosen.
    choice: Option<Choice>,
) -> impl IntoView {
    let locale = visit.locale();
    match choice {
        Some(Choice { amount, weighed: Ok((outcome, weighed)), .. }) => {
            view! { <Confirm locale id said outcome typed=amount weighed/> }.into_any()
        }
        choice => view! { <Choose locale id explained choice/> }.into_any(),
    }
}

/// The first step: a plain form that leads to an address.
#[component]
fn Choose(locale: Locale, id: DisputeId, explained: Explanation, choice: Option<Choice>) -> impl IntoView {
    let charge = explained.split.charge;
    let left = Money { minor: charge.minor - explained.refunded, ..charge };
    let left = td_string!(locale, charge.refund_amount_hint, left = amount(locale, left)).to_string();
    let label = td_string!(locale, disputes.amount, currency = charge.currency.code()).to_string();
    let (outcome, typed, wrong) = match choice {
        Some(Choice { outcome, amount, weighed: Err(wrong) }) => (outcome, amount, wrong),
        _ => (String::new(), String::new(), (None, String::new())),
    };
    let (field, message) = wrong;
    let on = |name: &str| if field.as_deref() == Some(name) { message.clone() } else { String::new() };
    let (on_outcome, on_amount) = (on("outcome"), on("amount"));
    let whole = (!message.is_empty() && on_outcome.is_empty() && on_amount.is_empty())
        .then(|| view! { <Alert tone=Tone::Danger title=message.clone()/> });
    let item = |outcome: Outcome| ChoiceItem::new(outcome.name(), dispute_outcome(locale, outcome), "");
    let (items, legend) = (Outcome::ALL.map(item).to_vec(), td_string!(locale, disputes.outcome));
    view! {
        <Card title=td_string!(locale, disputes.decide)>
            <form method="get" action=format!("{DISPUTES}/{id}") class="form">
                <FlashNotice actions=&["decide_dispute"]/>
                {whole}
                <RadioGroup name="outcome" legend items value=outcome error=on_outcome required=true/>
                <Field id="amount" label hint=left optional_text=td_string!(locale, disputes.amount_when) error=on_amount>
                    <Input name="amount" value=typed attr:inputmode="decimal"/>
                </Field>
                <div class="form-actions"><Button>{td_string!(locale, disputes.weigh)}</Button></div>
            </form>
        </Card>
    }
}

/// The second step: what follows, why, and the decision itself.
#[component]
fn Confirm(
    locale: Locale,
    id: DisputeId,
    said: usize,
    outcome: Outcome,
    typed: String,
    weighed: Weighed,
) -> impl IntoView {
    let partial = if outcome == Outcome::Partial { typed } else { String::new() };
    view! {
        <Card title=td_string!(locale, disputes.confirm)>
            <div class="stack" id="consequences">
                <p><strong>{dispute_outcome(locale, outcome)}</strong></p>
                <p>{td_string!(locale, disputes.confirm_lead)}</p>
                {consequences(locale, outcome, &weighed)}
                <PostForm action="decide_dispute" class="form">
                    <input type="hidden" name="dispute" value=id.to_string()/>
                    <input type="hidden" name="seen" value=said/>
                    <input type="hidden" name="outcome" value=outcome.name()/>
                    <input type="hidden" name="amount" value=partial/>
                    <Field id="note" label=td_string!(locale, disputes.note) hint=td_string!(locale, disputes.note_hint) required=true error=error_on("note")>
                        <Textarea name="note" rows=4 max=500 value=kept_or("note", String::new())/>
                    </Field>
                    <div class="form-actions">
                        <Button variant=ButtonVariant::Danger class="btn-solid">{td_string!(locale, disputes.send)}</Button>
                        <ButtonLink href=format!("{DISPUTES}/{id}") variant=ButtonVariant::Ghost>{td_string!(locale, disputes.change)}</ButtonLink>
                    </div>
                </PostForm>
            </div>
        </Card>
    }
}

/// What the student gets, and what tutor and platform bear.
fn consequences(locale: Locale, outcome: Outcome, weighed: &Weighed) -> AnyView {
    if outcome == Outcome::None {
        return view! { <p>{td_string!(locale, disputes.nothing_moves)}</p> }.into_any();
    }
    let Weighed { parts, reduces, rest, paid_out } = *weighed;
    let (student, left) = if reduces {
        (td_string!(locale, disputes.student_owes_less), td_string!(locale, disputes.rest_owed))
    } else {
        (td_string!(locale, disputes.student_gets), td_string!(locale, disputes.rest_paid))
    };
    let rows = [
        (student, parts.charge),
        (td_string!(locale, disputes.tutor_bears), parts.payout),
        (td_string!(locale, disputes.platform_bears), parts.fee),
        (left, rest),
    ];
    let rows = rows.map(|(name, money)| {
        view! { <div><dt>{name}</dt><dd class="tabular">{amount(locale, money)}</dd></div> }
    });
    let from = if paid_out {
        td_string!(locale, disputes.taken_back)
    } else {
        td_string!(locale, disputes.not_paid_out)
    };
    let from = (!reduces).then(|| view! { <p class="quiet small">{from}</p> });
    view! { <dl class="facts">{rows.collect_view()}</dl> {from} }.into_any()
}
