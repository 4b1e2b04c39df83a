//! Who charges cards.

use url::Url;

use super::{
    ConfigError, Mode,
    vars::{Vars, fault},
};

/// Who charges cards.
#[derive(Clone)]
pub struct StripeConfig {
    /// `STRIPE_SECRET_KEY`.
    pub secret_key: String,
    /// `STRIPE_PUBLISHABLE_KEY`, which pages show.
    pub publishable_key: String,
    /// `STRIPE_WEBHOOK_SECRET`.
    pub webhook_secret: String,
    /// `STRIPE_API_BASE`; Stripe's own without.
    pub api_base: Option<String>,
    /// `STRIPE_JS_URL`, the script of the card form.
    pub js_url: String,
}

impl std::fmt::Debug for StripeConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StripeConfig(…)")
    }
}

impl StripeConfig {
    /// All of it, or, in development, nothing.
    pub(super) fn read(vars: &Vars<'_>, mode: Mode) -> Result<Option<Self>, ConfigError> {
        let names = ["SECRET_KEY", "PUBLISHABLE_KEY", "WEBHOOK_SECRET", "API_BASE", "JS_URL"];
        let named = names.iter().any(|name| vars.get(&format!("STRIPE_{name}")).is_some());
        if mode == Mode::Development && !named {
            return Ok(None);
        }
        let required = |name| vars.get(name).ok_or_else(|| fault(name, "is required"));
        let address = |name, default: Option<&str>| match vars.get(name).or(default.map(str::to_owned)) {
            Some(text) if Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) => {
                Ok(Some(text))
            }
            Some(_) => Err(fault(name, "must be an http or https address")),
            None => Ok(None),
        };
        let js_url = address("STRIPE_JS_URL", Some("https://js.stripe.com/v3/"))?;
        Ok(Some(StripeConfig {
            secret_key: required("STRIPE_SECRET_KEY")?,
            publishable_key: required("STRIPE_PUBLISHABLE_KEY")?,
            webhook_secret: required("STRIPE_WEBHOOK_SECRET")?,
            api_base: address("STRIPE_API_BASE", None)?,
            js_url: js_url.unwrap_or_default(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn whoever_charges_cards_is_configured_wholly_or_not_at_all() {
        let all = [
            ("STRIPE_SECRET_KEY", "sk_test"),
            ("STRIPE_PUBLISHABLE_KEY", "pk_test"),
            ("STRIPE_WEBHOOK_SECRET", "whsec"),
        ];
        assert!(read(&[]).expect("none").stripe.is_none());
        let stripe = read(&all).expect("all").stripe.expect("configured");
        assert_eq!((stripe.api_base, &*stripe.js_url), (None, "https://js.stripe.com/v3/"));
        for (missing, _) in all {
            let some: Vec<_> = all.into_iter().filter(|(name, _)| *name != missing).collect();
            assert_eq!(read(&some).expect_err(missing).name, missing);
        }
        let base = [&all[..], &[("STRIPE_API_BASE", "localhost")]].concat();
        assert_eq!(read(&base).expect_err("no address").name, "STRIPE_API_BASE");
    }
}
