//! What a mail server says of an address that nobody has (RFC 5321, RFC 3463): no other try changes that. What may be
//! our own fault, or its own, is tried again: signing in, relaying, policies, our sender, all that passes, and what
//! cannot be told apart from these.

/// What the status of an answer says about the recipient (RFC 3463, 3.2; RFC 7505): there is no such mailbox, no such
/// host, it can be no address, it moved, its host takes no mail. The other ones of 5.1 are about the sender, or say
/// nothing.
const NOBODY: [&str; 5] = ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"];

/// The codes with which servers that write no status speak of a mailbox, and what they then say where nobody has it.
const MAILBOX: [u16; 3] = [550, 551, 553];
const UNKNOWN: [&str; 12] = [
    "user unknown",
    "unknown user",
    "user not found",
    "no such user",
    "no such mailbox",
    "no such recipient",
    "no mailbox",
    "mailbox not found",
    "recipient unknown",
    "unknown recipient",
    "does not exist",
    "unrouteable address",
];

/// What they say where something else is meant, under the same codes.
const OURS: [&str; 11] = [
    "relay",
    "policy",
    "denied",
    "not allowed",
    "not permitted",
    "authenticat",
    "blocked",
    "spam",
    "mail from",
    "helo",
    "domain",
];

/// Whether an answer says that nobody has the address. In doubt it does not.
pub(super) fn is_nobody(code: u16, said: &str) -> bool {
    let said = said.to_lowercase();
    let words = said.split_whitespace().filter(|word| !word.contains('@'));
    let said = words.collect::<Vec<_>>().join(" ");
    // Some say the same of the sender whom they looked up: that is ours to mend.
    if code / 100 != 5 || said.contains("sender") {
        return false;
    }
    match status(&said) {
        Some(status) => NOBODY.contains(&status),
        None => {
            let says = |phrases: &[&str]| phrases.iter().any(|phrase| said.contains(phrase));
            MAILBOX.contains(&code) && says(&UNKNOWN) && !says(&OURS)
        }
    }
}

/// The enhanced status in an answer: at its beginning, or wherever old servers write it.
fn status(said: &str) -> Option<&str> {
    let words = said.split(|at: char| !at.is_ascii_alphanumeric() && at != '.');
    words.map(|word| word.trim_matches('.')).find(|word| {
        let is_number = |part: &str| matches!(part.len(), 1..=3) && part.bytes().all(|b| b.is_ascii_digit());
        let mut parts = word.split('.');
        parts.next() == Some("5") && parts.clone().count() == 2 && parts.all(is_number)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row: an answer as servers in use write it, and whether it says that nobody has the address.
    #[test]
    fn answers_as_a_table() {
        for (code, said, nobody) in [
            // With a status.
            (550, "5.1.1 <sam@example.org>: Recipient address rejected: User unknown in local table", true),
            (550, "5.1.1 The email account that you tried to reach does not exist. See example.org.", true),
            (550, "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", true),
            (550, "5.1.2 <sam@example.invalid>: Recipient address rejected: Domain not found", true),
            (556, "5.1.10 <sam@example.org>: Recipient address rejected: Domain does not accept mail", true),
            (553, "sorry, no mailbox here by that name (#5.1.1)", true),
            (553, "5.1.3 <sam@>: not a valid address.", true),
            (551, "5.1.6 <sam@example.org> has moved", true),
            (550, "5.1.1 <sender@example.org>: user unknown", true),
            (550, "5.1.0 Address rejected", false),
            (550, "5.1.0 <no-reply@lectern.test>: Sender address rejected: User unknown", false),
            (553, "5.1.8 <no-reply@lectern.test>: Sender address rejected: Domain not found", false),
            (550, "5.1.1 Sender verify failed", false),
            (550, "5.2.1 The account is disabled", false),
            (552, "5.2.2 Mailbox full", false),
            (550, "5.4.1 Recipient address rejected: Access denied", false),
            (550, "5.7.1 <sam@example.org>: Relay access denied", false),
            (550, "5.7.26 Unauthenticated email from lectern.test is not accepted: no such user", false),
            (553, "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", false),
            (530, "5.7.0 Authentication required", false),
            (535, "5.7.8 Username and password not accepted", false),
            (450, "4.1.1 <sam@example.org>: Recipient address rejected: unverified address", false),
            (450, "5.1.1 user unknown", false),
            // Without one.
            (550, "No such user here", true),
            (550, "<blocked@example.org>: User unknown", true),
            (550, "Unrouteable address", true),
            (550, "Requested action not taken: mailbox unavailable", false),
            (551, "The user does not exist", true),
            (550, "Requested action not taken: mailbox unavailable. Sender address is not allowed.", false),
            (550, "MAIL FROM domain does not exist", false),
            (550, "HELO host does not exist", false),
            (550, "relay not permitted", false),
            (551, "User not local; we do not relay", false),
            (550, "Mail from 5.1.1.3 blocked: no such user", false),
            (550, "Access denied", false),
            (550, "", false),
            (554, "No such user here", false),
            (421, "No such user here, come back later", false),
        ] {
            assert_eq!(is_nobody(code, said), nobody, "{code} {said}");
        }
    }
}
