//! Connected accounts. They can be charged for and paid out to once their owner went through onboarding.

use serde_json::{Value, json};

use crate::{
    call::Call,
    chance,
    errors::{Answer, StripeError},
    store::text,
};

const CREATE: &[&str] = &[
    "business_profile",
    "business_type",
    "capabilities",
    "controller",
    "country",
    "default_currency",
    "email",
    "individual",
    "company",
    "metadata",
    "settings",
    "tos_acceptance",
    "type",
];
const UPDATE: &[&str] = &[
    "business_profile",
    "business_type",
    "capabilities",
    "default_currency",
    "email",
    "individual",
    "company",
    "metadata",
    "settings",
    "tos_acceptance",
];
const LIST: &[&str] = &["created", "ending_before", "limit", "starting_after"];
/// What is asked of an account before onboarding.
const DUE: &[&str] = &[
    "business_profile.url",
    "business_type",
    "external_account",
    "individual.dob.day",
    "individual.email",
    "individual.first_name",
    "individual.last_name",
    "tos_acceptance.date",
    "tos_acceptance.ip",
];
/// Currency of a country's accounts, where it is not the euro.
const CURRENCIES: &[(&str, &str)] = &[
    ("US", "usd"),
    ("GB", "gbp"),
    ("CH", "chf"),
    ("CA", "cad"),
    ("AU", "aud"),
    ("JP", "jpy"),
    ("NO", "nok"),
    ("SE", "sek"),
    ("DK", "dkk"),
    ("PL", "pln"),
    ("CZ", "czk"),
    ("HU", "huf"),
    ("RO", "ron"),
    ("NZ", "nzd"),
    ("SG", "sgd"),
    ("HK", "hkd"),
    ("BR", "brl"),
    ("MX", "mxn"),
    ("IN", "inr"),
    ("TH", "thb"),
    ("AE", "aed"),
];
/// Secrets of pages in an account's name, Stripe's `acct_` of the platform itself.
const PLATFORM: &str = "acct_1SandboxPlatform";

/// `/v1/accounts…`
pub fn route(call: &mut Call<'_>, method: &str, path: &[&str]) -> Option<Answer> {
    Some(match (method, path) {
        ("POST", []) => create(call),
        ("GET", []) => list(call),
        ("GET", [id]) => find(call, id),
        ("POST", [id]) => update(call, id),
        ("DELETE", [id]) => delete(call, id),
        _ => return None,
    })
}

/// `/v1/account`: the platform itself.
pub fn route_own(call: &mut Call<'_>, method: &str, path: &[&str]) -> Option<Answer> {
    match (method, path) {
        ("GET", []) => Some(own(call)),
        _ => None,
    }
}

fn own(call: &Call<'_>) -> Answer {
    call.allow(&[])?;
    let mut account = object(call, PLATFORM, "standard", "FR");
    complete(&mut account, call.now);
    Ok(account)
}

fn list(call: &Call<'_>) -> Answer {
    call.allow(LIST)?;
    call.list("acct", "/v1/accounts", |_| true)
}

/// A connected account.
///
/// # Errors
/// 403 `account_invalid`, as Stripe answers for accounts that are not the platform's.
pub fn known(call: &Call<'_>, id: &str) -> Answer {
    call.store.find(id).filter(|found| found["object"] == "account").cloned().ok_or_else(|| {
        let message = format!(
            "The provided key 'sk_test_***' does not have access to account '{id}' (or that account does not exist). \
             Application access may have been revoked."
        );
        StripeError::invalid(message).code("account_invalid").status(403)
    })
}

fn find(call: &Call<'_>, id: &str) -> Answer {
    call.allow(&[])?;
    if id == PLATFORM { own(call) } else { known(call, id) }
}

fn object(call: &Call<'_>, id: &str, kind: &str, country: &str) -> Value {
    let currency =
        CURRENCIES.iter().find(|(code, _)| *code == country).map_or("eur", |(_, currency)| *currency);
    let requirements = json!({
        "alternatives": [], "current_deadline": null, "currently_due": DUE,
        "disabled_reason": "requirements.past_due", "errors": [], "eventually_due": DUE, "past_due": DUE,
        "pending_verification": []
    });
    json!({
        "id": id, "object": "account",
        "business_profile": {
            "annual_revenue": null, "estimated_worker_count": null, "mcc": null,
            "minority_owned_business_designation": null, "name": null,
            "product_description": null, "support_address": null, "support_email": null, "support_phone": null,
            "support_url": null, "url": null
        },
        "business_type": null, "capabilities": {}, "charges_enabled": false,
        "controller": {
            "fees": { "payer": "application_express" }, "is_controller": true, "losses": { "payments": "application" },
            "requirement_collection": "stripe", "stripe_dashboard": { "type": "express" }, "type": "application"
        },
        "country": country, "created": call.now, "default_currency": currency, "details_submitted": false,
        "email": null,
        "external_accounts": {
            "object": "list", "data": [], "has_more": false, "url": format!("/v1/accounts/{id}/external_accounts")
        },
        "future_requirements": {
            "alternatives": [], "current_deadline": null, "currently_due": [], "disabled_reason": null, "errors": [],
            "eventually_due": [], "past_due": [], "pending_verification": []
        },
        "metadata": {}, "payouts_enabled": false, "requirements": requirements,
        "settings": {
            "bacs_debit_payments": {},
            "branding": { "icon": null, "logo": null, "primary_color": null, "secondary_color": null },
            "card_issuing": { "tos_acceptance": { "date": null, "ip": null } },
            "card_payments": {
                "decline_on": { "avs_failure": false, "cvc_failure": false }, "statement_descriptor_prefix": null,
                "statement_descriptor_prefix_kana": null, "statement_descriptor_prefix_kanji": null
            },
            "dashboard": { "display_name": null, "timezone": "Etc/UTC" },
            "invoices": { "default_account_tax_ids": null, "hosted_payment_method_save": "offer" },
            "payments": {
                "statement_descriptor": null, "statement_descriptor_kana": null, "statement_descriptor_kanji": null
            },
            "payouts": {
                "debit_negative_balances": true, "schedule": { "delay_days": 7, "interval": "daily" },
                "statement_descriptor": null
            },
            "sepa_debit_payments": {}
        },
        "tos_acceptance": { "date": null, "ip": null, "user_agent": null }, "type": kind
    })
}

fn create(call: &mut Call<'_>) -> Answer {
    call.allow(CREATE)?;
    let kind = call.params.choice("type", &["custom", "express", "standard"])?;
    if kind.is_some() && call.params.has("controller") {
        return Err(StripeError::invalid("You may only specify one of these parameters: type, controller.")
            .on("type"));
    }
    let dashboard = call.params.text("controller.stripe_dashboard.type");
    let kind = kind.unwrap_or_else(|| {
        if dashboard.as_deref() == Some("express") { "express".into() } else { "standard".into() }
    });
    let country = call.params.text("country").unwrap_or_else(|| "FR".into());
    let mut account = object(call, &format!("acct_1{}", chance::letters(15)), &kind, &country);
    fill(call, &mut account)?;
    call.store.insert(account.clone());
    Ok(account)
}

fn fill(call: &Call<'_>, account: &mut Value) -> Result<(), StripeError> {
    let params = &call.params;
    account["metadata"] = params.metadata(&account["metadata"])?;
    let kinds = ["company", "government_entity", "individual", "non_profit"];
    if let Some(kind) = params.choice("business_type", &kinds)? {
        account["business_type"] = json!(kind);
    }
    for name in ["email", "default_currency"] {
        if params.has(name) {
            account[name] = json!(params.text(name));
        }
    }
    for name in ["mcc", "name", "product_description", "support_email", "support_phone", "support_url", "url"]
    {
        if let Some(value) = params.text(&format!("business_profile.{name}")) {
            account["business_profile"][name] = json!(value);
        }
    }
    if let Some(name) = params.text("settings.payouts.schedule.interval") {
        account["settings"]["payouts"]["schedule"]["interval"] = json!(name);
    }
    let asked = params.at("capabilities").and_then(Value::as_object).cloned().unwrap_or_default();
    let ready = account["details_submitted"] == json!(true);
    for name in asked.keys() {
        let on = params.boolean(&format!("capabilities.{name}.requested"))?.unwrap_or(false);
        let state = if on && ready { "active" } else { "inactive" };
        account["capabilities"][name.as_str()] = json!(state);
    }
    Ok(())
}

fn update(call: &mut Call<'_>, id: &str) -> Answer {
    call.allow(UPDATE)?;
    let before = known(call, id)?;
    let mut account = before.clone();
    fill(call, &mut account)?;
    call.store.insert(account);
    call.emit_change("account.updated", id, &before);
    Ok(call.copy(id))
}

fn delete(call: &mut Call<'_>, id: &str) -> Answer {
    call.allow(&[])?;
    known(call, id)?;
    call.store.remove(id);
    Ok(json!({ "id": id, "object": "account", "deleted": true }))
}

/// Everything that onboarding asks was given.
fn complete(account: &mut Value, now: i64) {
    for name in ["charges_enabled", "payouts_enabled", "details_submitted"] {
        account[name] = json!(true);
    }
    for (_, state) in account["capabilities"].as_object_mut().into_iter().flatten() {
        *state = json!("active");
    }
    for name in ["currently_due", "eventually_due", "past_due"] {
        account["requirements"][name] = json!([]);
    }
    account["requirements"]["disabled_reason"] = Value::Null;
    if account["business_type"].is_null() {
        account["business_type"] = json!("individual");
    }
    account["tos_acceptance"]["date"] = json!(now);
}

/// The owner went through onboarding; or gave the details, and Stripe still wants more.
pub fn onboard(call: &mut Call<'_>, id: &str, verified: bool) {
    let before = call.copy(id);
    let mut account = before.clone();
    if verified {
        complete(&mut account, call.now);
    } else {
        let wanted = json!(["individual.verification.document"]);
        account["details_submitted"] = json!(true);
        for name in ["currently_due", "eventually_due", "past_due"] {
            account["requirements"][name] = wanted.clone();
        }
    }
    if text(&before, "id").is_empty() {
        return;
    }
    call.store.insert(account);
    call.emit_change("account.updated", id, &before);
}
