//! Signatures of outgoing webhooks. The Standard Webhooks example is in `cases.json`.
#![allow(clippy::unwrap_used, reason = "a test")]

use domain::Code;
use domain::webhook::sign;

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
