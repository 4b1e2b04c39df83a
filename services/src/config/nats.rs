//! Who carries hints between servers.

use async_nats::ServerAddr;
use percent_encoding::percent_decode_str;

use super::{
    ConfigError,
    vars::{Vars, fault},
};

/// Who carries hints between servers instead of Postgres.
#[derive(Clone)]
pub struct NatsConfig {
    /// `NATS_URL`, read: one address or several, with a comma between them.
    pub servers: Vec<ServerAddr>,
    /// User and password, which the first address carries.
    pub login: Option<(String, String)>,
}

impl std::fmt::Debug for NatsConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NatsConfig(…)")
    }
}

impl NatsConfig {
    pub(super) fn read(vars: &Vars<'_>) -> Result<Option<Self>, ConfigError> {
        let Some(text) = vars.get("NATS_URL") else { return Ok(None) };
        // Said without the text, which has the password in it.
        let malformed = || fault("NATS_URL", "must be like nats://user:password@host:4222, or tls://…");
        let servers: Result<Vec<ServerAddr>, _> =
            text.split(',').map(|address| address.trim().parse()).collect();
        let servers = servers.map_err(|_| malformed())?;
        let carried =
            |server: &ServerAddr| matches!(server.scheme(), "nats" | "tls") && !server.host().is_empty();
        let Some(first) = servers.first().filter(|_| servers.iter().all(carried)) else {
            return Err(malformed());
        };
        let login = first.username().zip(first.password());
        let read = |part: &str| percent_decode_str(part).decode_utf8().map(|text| text.into_owned());
        let login = login.map(|(user, password)| Ok((read(user)?, read(password)?)));
        let login = login.transpose().map_err(|_: std::str::Utf8Error| malformed())?;
        Ok(Some(NatsConfig { servers, login }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn nats_is_read_with_its_login_which_is_never_printed() {
        assert!(read(&[]).expect("none").nats.is_none());
        let two = "nats://lectern:ge%20heim@one.test:4222, tls://two.test";
        let config = read(&[("NATS_URL", two)]).expect("two addresses");
        assert!(!format!("{config:?}").contains("heim"));
        let nats = config.nats.expect("configured");
        let found: Vec<_> = nats.servers.iter().map(|server| (server.host(), server.port())).collect();
        assert_eq!(found, [("one.test", 4222), ("two.test", 4222)]);
        assert_eq!(nats.login, Some(("lectern".into(), "ge heim".into())));
        for text in ["http://nats.test", "ws://nats.test", "nats://", "nats://a b", "nats://one.test,,"] {
            assert_eq!(read(&[("NATS_URL", text)]).expect_err(text).name, "NATS_URL");
        }
    }
}
