//! Access tokens of the API: JWT, HS256, 15 minutes.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Code, Refusal, account::Role, ids::UserId};
use hmac::{Hmac, Mac as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

use crate::{AppError, Result, chance};

/// How long an access token is good for.
pub(super) const LIFE: TimeDelta = TimeDelta::minutes(15);

const ISSUER: &str = "lectern";
const AUDIENCE: &str = "lectern-api";

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    role: Role,
    /// The sign-in that it rests on: the family of refresh tokens.
    sid: Uuid,
    iat: i64,
    exp: i64,
    jti: Uuid,
}

/// Signs a token for a person's sign-in.
pub(super) fn sign(
    secret: &str,
    (user, role): (UserId, Role),
    family: Uuid,
    now: DateTime<Utc>,
) -> Result<String> {
    let claims = Claims {
        iss: ISSUER.into(),
        aud: AUDIENCE.into(),
        sub: user,
        role,
        sid: family,
        iat: now.timestamp(),
        exp: (now + LIFE).timestamp(),
        jti: chance::id(),
    };
    let key = EncodingKey::from_secret(&key(secret)?);
    encode(&Header::new(Algorithm::HS256), &claims, &key).map_err(AppError::fault)
}

/// Whose token it is, and of which sign-in. Of the times only `exp` counts, on our clock.
///
/// # Errors
/// `TOKEN_EXPIRED` for a token of ours whose time is over, `INVALID_TOKEN` for any other text.
pub(super) fn verify(secret: &str, jwt: &str, now: DateTime<Utc>) -> Result<(UserId, Uuid)> {
    let mut rules = Validation::new(Algorithm::HS256);
    rules.validate_exp = false;
    rules.set_issuer(&[ISSUER]);
    rules.set_audience(&[AUDIENCE]);
    rules.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    let key = DecodingKey::from_secret(&key(secret)?);
    let claims = match decode::<Claims>(jwt, &key, &rules) {
        Ok(token) => token.claims,
        Err(_) => return Err(invalid().into()),
    };
    if now.timestamp() < claims.exp { Ok((claims.sub, claims.sid)) } else { Err(expired().into()) }
}

/// What is no token of ours, or one that was revoked.
pub(super) const fn invalid() -> Refusal {
    Refusal::new(Code::InvalidToken, "token_invalid")
}

/// A token of ours whose time is over.
pub(super) const fn expired() -> Refusal {
    Refusal::new(Code::TokenExpired, "token_expired")
}

/// The key of these tokens alone: other uses of the secret derive others.
fn key(secret: &str) -> Result<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(AppError::fault)?;
    mac.update(b"access token");
    Ok(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a secret of sixteen bytes or more";

    fn instant(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("a valid instant")
    }

    fn forged(header: &Header, secret: &[u8], change: impl Fn(&mut Claims)) -> String {
        let mut claims = Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: chance::id(),
            role: Role::Admin,
            sid: chance::id(),
            iat: 0,
            exp: instant(900).timestamp(),
            jti: chance::id(),
        };
        change(&mut claims);
        encode(header, &claims, &EncodingKey::from_secret(secret)).expect("signed")
    }

    #[test]
    fn a_token_is_good_until_its_last_second_and_not_after() {
        let (user, family) = (chance::id(), chance::id());
        let jwt = sign(SECRET, (user, Role::Student), family, instant(0)).expect("signed");
        for (seconds, code) in [
            (-86_400, None),
            (0, None),
            (899, None),
            (900, Some(Code::TokenExpired)),
            (86_400, Some(Code::TokenExpired)),
        ] {
            let judged = verify(SECRET, &jwt, instant(seconds));
            assert_eq!(judged.as_ref().err().map(AppError::code), code, "{seconds}");
            assert!(code.is_some() || judged.is_ok_and(|found| found == (user, family)));
        }
    }

    #[test]
    fn any_other_text_is_invalid() {
        let ours = key(SECRET).expect("a key");
        let header = Header::new(Algorithm::HS256);
        let good = forged(&header, &ours, |_| ());
        assert!(verify(SECRET, &good, instant(0)).is_ok());
        let (head, rest) = good.split_once('.').expect("three parts");
        let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", rest.split('.').next().expect("claims"));
        for bad in [
            String::new(),
            "a.b.c".into(),
            unsigned,
            format!("{head}.{}", rest.replace('.', "x.")),
            format!("{good}x"),
            forged(&header, b"another secret", |_| ()),
            forged(&header, SECRET.as_bytes(), |_| ()),
            forged(&Header::new(Algorithm::HS512), &ours, |_| ()),
            forged(&header, &ours, |claims| claims.iss = "other".into()),
            forged(&header, &ours, |claims| claims.aud = "other".into()),
        ] {
            let judged = verify(SECRET, &bad, instant(0));
            assert_eq!(judged.err().map(|error| error.code()), Some(Code::InvalidToken), "{bad}");
        }
    }
}
