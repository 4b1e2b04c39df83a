//! Zoom, in whose meetings lessons can take place.

use super::{
    ConfigError, Mode,
    vars::{Vars, fault},
};

/// Zoom, in whose meetings lessons can take place.
#[derive(Clone)]
pub struct ZoomConfig {
    /// `ZOOM_CLIENT_ID`.
    pub client_id: String,
    /// `ZOOM_CLIENT_SECRET`.
    pub client_secret: String,
    /// `ZOOM_WEBHOOK_SECRET`: signs what Zoom tells us.
    pub webhook_secret: String,
    /// `ZOOM_BASE` without a slash at its end, default `https://zoom.us`: where people are asked for permission.
    pub base: String,
    /// `ZOOM_API_BASE` without a slash at its end, default `https://api.zoom.us`.
    pub api_base: String,
}

impl std::fmt::Debug for ZoomConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ZoomConfig(…)")
    }
}

impl ZoomConfig {
    /// All of it or nothing.
    pub(super) fn read(vars: &Vars<'_>, mode: Mode) -> Result<Option<Self>, ConfigError> {
        let names = ["ZOOM_CLIENT_ID", "ZOOM_CLIENT_SECRET", "ZOOM_WEBHOOK_SECRET"];
        let [client_id, client_secret, webhook_secret] = names.map(|name| vars.get(name).ok_or(name));
        if client_id.is_err() && client_secret.is_err() && webhook_secret.is_err() {
            return Ok(None);
        }
        let missing = |name| fault(name, "is required beside the other ZOOM_ secrets");
        Ok(Some(ZoomConfig {
            client_id: client_id.map_err(missing)?,
            client_secret: client_secret.map_err(missing)?,
            webhook_secret: webhook_secret.map_err(missing)?,
            base: vars.provider_address("ZOOM_BASE", "https://zoom.us", mode)?,
            api_base: vars.provider_address("ZOOM_API_BASE", "https://api.zoom.us", mode)?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    const ALL: [(&str, &str); 3] =
        [("ZOOM_CLIENT_ID", "id"), ("ZOOM_CLIENT_SECRET", "geheim"), ("ZOOM_WEBHOOK_SECRET", "geheimer")];

    #[test]
    fn it_is_configured_wholly_or_not_at_all() {
        assert!(read(&[]).expect("none").zoom.is_none());
        let config = read(&ALL).expect("all");
        assert!(!format!("{config:?}").contains("geheim"));
        let zoom = config.zoom.expect("configured");
        assert_eq!((&*zoom.base, &*zoom.api_base), ("https://zoom.us", "https://api.zoom.us"));
        for (missing, (name, _)) in ALL.iter().enumerate() {
            let others: Vec<_> = (0..3).filter(|at| *at != missing).map(|at| ALL[at]).collect();
            assert_eq!(read(&others).expect_err(name).name, *name);
        }
    }

    #[test]
    fn its_addresses_are_encrypted_but_on_a_developers_machine() {
        let with = |name, value| read(&[&ALL[..], &[(name, value)]].concat());
        for name in ["ZOOM_BASE", "ZOOM_API_BASE"] {
            for wrong in ["nowhere", "ftp://zoom.test", "https://zoom.test/?x"] {
                assert_eq!(with(name, wrong).expect_err(wrong).name, name);
            }
        }
        let zoom = with("ZOOM_BASE", "http://127.0.0.1:9000/").expect("an address").zoom;
        assert_eq!(zoom.expect("configured").base, "http://127.0.0.1:9000");
    }
}
