//! Which function answers which address, and what happens by itself when time passes.

use serde_json::Value;

use crate::{
    accounts, balance,
    call::{Call, Caller},
    charges, customers, disputes,
    errors::{Answer, StripeError},
    events, expand, fraud_warnings, links, payment_intents, payment_methods, payments, refunds,
    setup_intents,
    store::{Due, number},
    topups, transfers, webhook_endpoints,
};

/// Answers one request; `path` is without its query.
///
/// # Errors
/// Every refusal of Stripe's that the sandbox knows.
pub fn answer(call: &mut Call<'_>, method: &str, path: &str) -> Answer {
    let steps: Vec<&str> = path.trim_start_matches("/v1/").trim_end_matches('/').split('/').collect();
    if call.caller == Caller::Page && !open_to_pages(method, &steps) {
        return Err(StripeError::invalid(
            "This API call cannot be made with a publishable API key. Please use a secret API key. You can find a list \
             of your API keys at https://dashboard.stripe.com/account/apikeys.",
        )
        .code("secret_key_required")
        .status(401));
    }
    let found =
        route(call, method, &steps).unwrap_or_else(|| Err(StripeError::unknown_address(method, path)))?;
    // The work is done: the refusal is an answer that the idempotency key keeps.
    let shown = expand::expand(call, found).map_err(|error| StripeError { executed: true, ..error })?;
    Ok(if call.caller == Caller::Page { for_pages(shown) } else { shown })
}

fn route(call: &mut Call<'_>, method: &str, steps: &[&str]) -> Option<Answer> {
    let (first, rest) = steps.split_first()?;
    match *first {
        "account" => accounts::route_own(call, method, rest),
        "account_links" => links::route(call, method, rest),
        "accounts" => accounts::route(call, method, rest),
        "balance" => balance::route(call, method, rest),
        "balance_transactions" => balance::route_lines(call, method, rest),
        "charges" => charges::route(call, method, rest),
        "customers" => customers::route(call, method, rest),
        "disputes" => disputes::route(call, method, rest),
        "events" => events::route(call, method, rest),
        "payment_intents" => payment_intents::route(call, method, rest),
        "payment_methods" => payment_methods::route(call, method, rest),
        "radar" => fraud_warnings::route(call, method, rest),
        "refunds" => refunds::route(call, method, rest),
        "setup_intents" => setup_intents::route(call, method, rest),
        "topups" => topups::route(call, method, rest),
        "transfers" => transfers::route(call, method, rest),
        "webhook_endpoints" => webhook_endpoints::route(call, method, rest),
        _ => None,
    }
}

/// What a page may ask with the publishable key: its own intent, and a card's token.
fn open_to_pages(method: &str, steps: &[&str]) -> bool {
    matches!(
        (method, steps),
        ("GET", ["payment_intents" | "setup_intents", _])
            | ("POST", ["payment_intents" | "setup_intents", _, "confirm"])
            | ("POST", ["payment_methods"])
    )
}

/// What a page is not told.
fn for_pages(mut object: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        for hidden in ["metadata", "latest_charge", "transfer_group", "customer"] {
            members.remove(hidden);
        }
    }
    object
}

/// Lets everything happen whose time has come: authorisations lapse, late refunds settle, money becomes
/// available.
pub fn catch_up(call: &mut Call<'_>) {
    loop {
        let Some(entry) = call.store.due.first_entry() else { return };
        if entry.key().0 > call.now {
            return;
        }
        match entry.remove() {
            Due::Lapse { intent } => payments::lapse(call, &intent),
            Due::Refund { id, fails } => refunds::settle(call, &id, fails),
            Due::Available { id } => {
                if number(&call.copy(&id), "available_on") <= call.now
                    && let Some(line) = call.store.change(&id)
                {
                    line["status"] = "available".into();
                }
            }
        }
    }
}
