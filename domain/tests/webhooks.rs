//! Signatures of webhooks. The Standard Webhooks example is in `cases.json`.
#![allow(clippy::unwrap_used, reason = "a test")]

use domain::Code;
use domain::webhook::{sign, verify_stripe};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// `printf 'BODY' | openssl dgst -sha256 -hmac SECRET`
#[test]
fn the_body_is_signed_with_the_secret_as_written() {
    let signed = sign(SECRET, "msg_1", 1, br#"{"test": 2432232314}"#).unwrap();
    assert_eq!(signed.body_hex, "80ec8a89ce3cd22133a1066caecb4d04fea7467657c8514d717ec42c38a5c94c");
}

#[test]
fn each_part_of_a_delivery_is_signed() {
    let first = sign(SECRET, "msg_1", 1, b"{}").unwrap();
    assert_eq!(sign(SECRET, "msg_1", 1, b"{}").unwrap(), first);
    for (id, timestamp, body) in [("msg_2", 1, b"{}"), ("msg_1", 2, b"{}"), ("msg_1", 1, b"[]")] {
        assert_ne!(sign(SECRET, id, timestamp, body).unwrap().standard, first.standard);
    }
}

#[test]
fn a_secret_is_whsec_and_base64() {
    for wrong in ["", "whsec_", "whsec_%%%", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_é"] {
        let refusal = sign(wrong, "msg_1", 1, b"{}").unwrap_err();
        assert_eq!((refusal.code, &*refusal.key), (Code::InvalidRequest, "webhook_secret"), "{wrong}");
    }
}

/// Each row: the header, the clock, whether it is taken.
#[test]
fn only_fresh_signatures_of_the_secret_are_taken() {
    let (secret, body, at) = ("whsec_test", br#"{"id":"evt_1"}"#, 1_800_000_000_i64);
    let sign = |secret: &str, time: i64, body: &[u8]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{time}.").as_bytes());
        mac.update(body);
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let good = sign(secret, at, body);
    let other = sign("whsec_other", at, body);
    for (header, now, taken) in [
        (format!("t={at},v1={good}"), at, true),
        (format!("t={at},v1={good}"), at + 300, true),
        (format!("t={at},v1={good}"), at - 300, true),
        (format!("t={at},v1={good}"), at + 301, false),
        (format!("t={at},v1={good}"), at - 301, false),
        (format!("t={at},v1={other},v1={good},v0=1"), at, true),
        (format!("t={at}, v1={}", good.to_uppercase()), at, true),
        (format!("t={at},v1={other}"), at, false),
        (format!("t={at},v0={good}"), at, false),
        (format!("t={},v1={good}", at + 1), at, false),
        (format!("t={at},v1={}", &good[1..]), at, false),
        (format!("t=x,v1={good}"), at, false),
        (format!("v1={good}"), at, false),
        (format!("t={},v1={good}", i64::MIN), at, false),
        (String::new(), at, false),
        ("t=é,v1=é".to_owned(), at, false),
    ] {
        assert_eq!(verify_stripe(secret, &header, body, now).is_ok(), taken, "{header} at {now}");
    }
    assert!(verify_stripe(secret, &format!("t={at},v1={good}"), br#"{"id":"evt_2"}"#, at).is_err());
}
