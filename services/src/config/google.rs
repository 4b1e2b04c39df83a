//! Google, at which people let us act for them.

use super::{
    ConfigError, Mode,
    vars::{Vars, fault},
};

/// Google, at which people let us act for them.
#[derive(Clone)]
pub struct GoogleConfig {
    /// `GOOGLE_CLIENT_ID`.
    pub client_id: String,
    /// `GOOGLE_CLIENT_SECRET`.
    pub client_secret: String,
    /// `GOOGLE_ISSUER` without a slash at its end, default `https://accounts.google.com`: its discovery document names
    /// the other addresses.
    pub issuer: String,
    /// `GOOGLE_API_BASE` without a slash at its end: where calendars are, and meetings with their events. Default
    /// `https://www.googleapis.com`; of another issuer that issuer's address, so that nothing that somebody permitted
    /// there is asked for at Google.
    pub api_base: String,
}

/// Google's own issuer, and where its interfaces are.
const ISSUER: &str = "https://accounts.google.com";
const API_BASE: &str = "https://www.googleapis.com";

impl std::fmt::Debug for GoogleConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GoogleConfig(…)")
    }
}

impl GoogleConfig {
    /// All of it or nothing.
    pub(super) fn read(vars: &Vars<'_>, mode: Mode) -> Result<Option<Self>, ConfigError> {
        let (id, secret) = ("GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET");
        let (client_id, client_secret) = match (vars.get(id), vars.get(secret)) {
            (None, None) => return Ok(None),
            (Some(client_id), Some(client_secret)) => (client_id, client_secret),
            (None, Some(_)) => return Err(fault(id, "is required beside GOOGLE_CLIENT_SECRET")),
            (Some(_), None) => return Err(fault(secret, "is required beside GOOGLE_CLIENT_ID")),
        };
        let issuer = vars.provider_address("GOOGLE_ISSUER", ISSUER, mode)?;
        let default = if issuer == ISSUER { API_BASE } else { issuer.as_str() };
        let api_base = vars.provider_address("GOOGLE_API_BASE", default, mode)?;
        Ok(Some(GoogleConfig { client_id, client_secret, issuer, api_base }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    const BOTH: [(&str, &str); 2] = [("GOOGLE_CLIENT_ID", "id"), ("GOOGLE_CLIENT_SECRET", "geheim")];

    #[test]
    fn it_is_configured_wholly_or_not_at_all() {
        assert!(read(&[]).expect("none").google.is_none());
        let config = read(&BOTH).expect("both");
        assert!(!format!("{config:?}").contains("geheim"));
        let google = config.google.expect("configured");
        let addresses = (google.issuer.as_str(), google.api_base.as_str());
        assert_eq!(addresses, ("https://accounts.google.com", "https://www.googleapis.com"));
        assert_eq!(read(&BOTH[..1]).expect_err("one").name, "GOOGLE_CLIENT_SECRET");
        assert_eq!(read(&BOTH[1..]).expect_err("one").name, "GOOGLE_CLIENT_ID");
    }

    /// Each row: the issuer and the interfaces as they are set, and where the interfaces are.
    #[test]
    fn its_interfaces_are_where_its_issuer_is() {
        const GOOGLES: &str = "https://www.googleapis.com";
        for (issuer, set, expected) in [
            (None, None, GOOGLES),
            (Some("https://accounts.google.com"), None, GOOGLES),
            (Some("https://accounts.google.com/"), None, GOOGLES),
            (Some("http://127.0.0.1:9000"), None, "http://127.0.0.1:9000"),
            (Some("http://127.0.0.1:9000/oidc/"), None, "http://127.0.0.1:9000/oidc"),
            (Some("https://id.test"), Some("https://calendars.test/"), "https://calendars.test"),
            (Some("https://id.test"), Some(GOOGLES), GOOGLES),
            (None, Some("https://calendars.test"), "https://calendars.test"),
        ] {
            let addresses = [("GOOGLE_ISSUER", issuer), ("GOOGLE_API_BASE", set)];
            let addresses = addresses.into_iter().filter_map(|(name, value)| Some((name, value?)));
            let vars: Vec<_> = BOTH.into_iter().chain(addresses).collect();
            let google = read(&vars).expect("addresses").google.expect("configured");
            assert_eq!(google.api_base, expected, "{issuer:?} {set:?}");
        }
    }

    #[test]
    fn its_addresses_are_encrypted_but_on_a_developers_machine() {
        let with = |name, value| read(&[&BOTH[..], &[(name, value)]].concat());
        for name in ["GOOGLE_ISSUER", "GOOGLE_API_BASE"] {
            for wrong in ["nowhere", "ftp://google.test", "https://google.test/?x"] {
                assert_eq!(with(name, wrong).expect_err(wrong).name, name);
            }
        }
        let google = with("GOOGLE_ISSUER", "http://127.0.0.1:9000/oidc/").expect("an address").google;
        assert_eq!(google.expect("configured").issuer, "http://127.0.0.1:9000/oidc");
        let secret = "x".repeat(32);
        let production = [
            ("LECTERN_ENV", "production"),
            ("PUBLIC_URL", "https://lectern.test"),
            ("SESSION_SECRET", &secret),
            ("CRON_SECRET", &secret),
            ("SMTP_URL", "smtps://mail.lectern.test"),
            ("STRIPE_SECRET_KEY", "sk_live_x"),
            ("STRIPE_PUBLISHABLE_KEY", "pk_live_x"),
            ("STRIPE_WEBHOOK_SECRET", "whsec_x"),
            ("GOOGLE_ISSUER", "http://google.test"),
        ];
        assert_eq!(read(&[&BOTH[..], &production].concat()).expect_err("unencrypted").name, "GOOGLE_ISSUER");
    }
}
