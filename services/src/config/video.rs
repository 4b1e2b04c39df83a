//! Where lessons take place.

use jsonwebtoken::EncodingKey;

use super::{
    ConfigError,
    vars::{Vars, fault},
};

/// The public server of Jitsi. It ends a meeting within another page after five minutes.
const PUBLIC_JITSI: &str = "meet.jit.si";

/// The server of Jitsi as a Service.
const JAAS: &str = "8x8.vc";

/// An account with Jitsi as a Service, whose rooms let in only who has a token of ours.
#[derive(Clone)]
pub struct JaasConfig {
    /// `JAAS_APP_ID`, such as `vpaas-magic-cookie-…`.
    pub app_id: String,
    /// `JAAS_KEY_ID`, with or without the account before it: under which name the public key is known there.
    pub key_id: String,
    /// `JAAS_PRIVATE_KEY`, an RSA key as PEM; `\n` may stand for a line's end.
    pub key: EncodingKey,
}

impl std::fmt::Debug for JaasConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JaasConfig(…)")
    }
}

impl JaasConfig {
    /// All of it or nothing.
    fn read(vars: &Vars<'_>) -> Result<Option<Self>, ConfigError> {
        const NAMES: [&str; 3] = ["JAAS_APP_ID", "JAAS_KEY_ID", "JAAS_PRIVATE_KEY"];
        let [app_id, key_id, key] = NAMES.map(|name| vars.get(name).ok_or(name));
        if app_id.is_err() && key_id.is_err() && key.is_err() {
            return Ok(None);
        }
        let missing = |name| fault(name, "is required: the JAAS_ variables belong together");
        let app_id = app_id.map_err(missing)?;
        if !app_id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Err(fault(NAMES[0], "must be letters, digits and hyphens"));
        }
        let key_id = key_id.map_err(missing)?;
        let key_id = if key_id.contains('/') { key_id } else { format!("{app_id}/{key_id}") };
        let pem = key.map_err(missing)?.replace("\\n", "\n");
        let key = EncodingKey::from_rsa_pem(pem.as_bytes());
        let key = key.map_err(|_| fault(NAMES[2], "must be an RSA private key as PEM"))?;
        Ok(Some(JaasConfig { app_id, key_id, key }))
    }
}

/// Where lessons take place.
#[derive(Clone, Debug)]
pub struct VideoConfig {
    /// `JITSI_DOMAIN`, default `meet.jit.si`, or `8x8.vc` with an account there.
    pub jitsi_domain: String,
    /// `JITSI_EMBEDDABLE`, off unless `on` or with such an account: whether that server's meetings may be shown within
    /// our pages.
    pub jitsi_embeddable: bool,
    /// The account with Jitsi as a Service, where there is one.
    pub jaas: Option<JaasConfig>,
}

impl VideoConfig {
    pub(super) fn read(vars: &Vars<'_>) -> Result<Self, ConfigError> {
        let jaas = JaasConfig::read(vars)?;
        let server = if jaas.is_some() { JAAS } else { PUBLIC_JITSI };
        let jitsi_domain = vars.get("JITSI_DOMAIN").unwrap_or_else(|| server.into());
        if !jitsi_domain.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':')) {
            return Err(fault("JITSI_DOMAIN", "must be a host name"));
        }
        let jitsi_embeddable = match vars.get("JITSI_EMBEDDABLE").as_deref() {
            None => jaas.is_some(),
            Some("off" | "false" | "0") => false,
            Some("on" | "true" | "1") => true,
            Some(_) => return Err(fault("JITSI_EMBEDDABLE", "must be on or off")),
        };
        if jitsi_embeddable && jitsi_domain.eq_ignore_ascii_case(PUBLIC_JITSI) {
            let problem = "cannot be on for meet.jit.si, which ends embedded meetings after five minutes";
            return Err(fault("JITSI_EMBEDDABLE", problem));
        }
        Ok(VideoConfig { jitsi_domain, jitsi_embeddable, jaas })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn only_a_server_of_ones_own_can_be_embedded() {
        let own = ("JITSI_DOMAIN", "meet.school.test");
        for (vars, embeddable) in [
            (vec![], Some(false)),
            (vec![own], Some(false)),
            (vec![own, ("JITSI_EMBEDDABLE", "on")], Some(true)),
            (vec![own, ("JITSI_EMBEDDABLE", "off")], Some(false)),
            (vec![("JITSI_EMBEDDABLE", "on")], None),
            (vec![("JITSI_DOMAIN", "Meet.Jit.si"), ("JITSI_EMBEDDABLE", "on")], None),
        ] {
            let found = read(&vars).map(|config| config.video.jitsi_embeddable);
            assert_eq!(found.map_err(|error| error.name), embeddable.ok_or("JITSI_EMBEDDABLE"), "{vars:?}");
        }
    }

    #[test]
    fn an_account_with_jitsi_as_a_service_is_configured_wholly_or_not_at_all() {
        let key = crate::video::tests::PRIVATE_KEY;
        let one_line = key.replace('\n', "\\n");
        let all = [
            ("JAAS_APP_ID", "vpaas-magic-cookie-1f"),
            ("JAAS_KEY_ID", "4f4910"),
            ("JAAS_PRIVATE_KEY", &*one_line),
        ];
        assert!(read(&[]).expect("none").video.jaas.is_none());
        let config = read(&all).expect("all");
        assert!(!format!("{config:?}").contains("4f4910"));
        assert_eq!((&*config.video.jitsi_domain, config.video.jitsi_embeddable), ("8x8.vc", true));
        let jaas = config.video.jaas.expect("configured");
        assert_eq!(jaas.key_id, "vpaas-magic-cookie-1f/4f4910");
        let whole = [all[0], ("JAAS_KEY_ID", "vpaas-magic-cookie-1f/4f4910"), ("JAAS_PRIVATE_KEY", key)];
        assert_eq!(read(&whole).expect("all").video.jaas.expect("configured").key_id, jaas.key_id);
        let linked = read(&[&all[..], &[("JITSI_EMBEDDABLE", "off")]].concat()).expect("all").video;
        assert!(!linked.jitsi_embeddable);
        for missing in 0..3 {
            let rest: Vec<_> = (0..3).filter(|place| *place != missing).map(|place| all[place]).collect();
            assert_eq!(read(&rest).expect_err("not whole").name, all[missing].0);
        }
        for wrong in [("JAAS_APP_ID", "a/b"), ("JAAS_PRIVATE_KEY", "-----BEGIN PRIVATE KEY-----")] {
            assert_eq!(read(&[&[wrong], &all[..]].concat()).expect_err("wrong").name, wrong.0);
        }
    }
}
