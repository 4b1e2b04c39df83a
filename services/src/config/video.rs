//! Where lessons take place.

use super::{
    ConfigError,
    vars::{Vars, fault},
};

/// The public server of Jitsi. It ends a meeting within another page after five minutes.
const PUBLIC_JITSI: &str = "meet.jit.si";

/// Where lessons take place.
#[derive(Clone, Debug)]
pub struct VideoConfig {
    /// `JITSI_DOMAIN`, default `meet.jit.si`.
    pub jitsi_domain: String,
    /// `JITSI_EMBEDDABLE`, off unless `on`: whether that server's meetings may be shown within our pages.
    pub jitsi_embeddable: bool,
}

impl VideoConfig {
    pub(super) fn read(vars: &Vars<'_>) -> Result<Self, ConfigError> {
        let jitsi_domain = vars.get("JITSI_DOMAIN").unwrap_or_else(|| PUBLIC_JITSI.into());
        if !jitsi_domain.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':')) {
            return Err(fault("JITSI_DOMAIN", "must be a host name"));
        }
        let jitsi_embeddable = match vars.get("JITSI_EMBEDDABLE").as_deref() {
            None | Some("off" | "false" | "0") => false,
            Some("on" | "true" | "1") => true,
            Some(_) => return Err(fault("JITSI_EMBEDDABLE", "must be on or off")),
        };
        if jitsi_embeddable && jitsi_domain.eq_ignore_ascii_case(PUBLIC_JITSI) {
            let problem = "cannot be on for meet.jit.si, which ends embedded meetings after five minutes";
            return Err(fault("JITSI_EMBEDDABLE", problem));
        }
        Ok(VideoConfig { jitsi_domain, jitsi_embeddable })
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
}
