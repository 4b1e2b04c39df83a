//! Every commit and every provider call in the code is named here, with the scenario in which a server is killed
//! around it. Whoever adds one is stopped by this test, adds a scenario or says why there is none, and counts anew.

use std::{collections::BTreeMap, fs, path::Path};

/// Each row: a file of `services/src`, how often it commits or calls, and who sees that.
const COMMITS: [(&str, usize, &str); 26] = [
    (
        "booking/transaction.rs",
        1,
        "charge: the outcome, with the charge and the ledger's first event; decide, decide_debt: what was decided; \
         forgive_debt: what was forgiven; charged_back, evidence: what a bank does",
    ),
    ("dispute/chargeback/evidence.rs", 1, "evidence: asking"),
    ("jobs/outbox.rs", 1, "all"),
    ("mail/booking/dispute.rs", 1, "decide, decide_debt, charged_back, evidence: it is told"),
    ("mail/booking/due.rs", 1, "none: reminders and questions move no money"),
    ("mail/booking/mod.rs", 1, "decline_prepay, release: a booking that was cancelled"),
    ("mail/messages/mod.rs", 1, "none: news of messages moves no money"),
    (
        "mail/mod.rs",
        2,
        "charge, decline, forgive_debt, refund, decide, take_back, pay_out, refused_pay_out: who paid or is paid is \
         told; none: mails that waited for the morning move no money",
    ),
    ("mail/reconciliation.rs", 1, "reconcile: admins are told"),
    ("mail/stuck.rs", 1, "refused_refund, refused_take_back: admins are told"),
    ("payment/cards.rs", 3, "none: cards that are saved, chosen and removed move no money"),
    (
        "payment/charging.rs",
        6,
        "charge, decline, no_card: handing out, noting, recording; pay_debt: trying again. Looking again writes nothing",
    ),
    (
        "payment/deposits.rs",
        6,
        "authorize, decline_prepay: handing out, noting, recording; capture, lapsed_capture: paying; give_back_rest. \
         One of them writes nothing",
    ),
    (
        "payment/refund.rs",
        3,
        "refund, refused_refund: noting, recording. A refund that fails later is the second of these, by a message",
    ),
    (
        "payment/release.rs",
        5,
        "give_back_rest: recording. One writes nothing; what was captured elsewhere, is refused or comes back later is \
         recorded as a refund that fails is (services/tests/stuck.rs)",
    ),
    ("payment/sandbox.rs", 1, "none: where the stand-in of development listens"),
    ("payment/webhook.rs", 1, "message"),
    ("payout/account.rs", 1, "refused_pay_out: how the account stands"),
    (
        "payout/run.rs",
        3,
        "pay_out, refused_pay_out: making, recording. None: the demonstration is paid as of its days",
    ),
    ("payout/take_back.rs", 1, "take_back, refused_take_back"),
    (
        "reconcile/decide.rs",
        1,
        "none: closing a difference moves no money, and is one commit (services/tests/reconcile_by_hand.rs)",
    ),
    ("reconcile/judge.rs", 2, "reconcile: each batch, and the last one"),
    ("reconcile/read.rs", 1, "reconcile: a page, with what the provider kept"),
    ("reconcile/run.rs", 1, "reconcile: the beginning"),
    ("privacy/mod.rs", 1, "none: asking for a copy of one's data moves no money (services/tests/privacy.rs)"),
    ("privacy/write.rs", 1, "none: that it is there is noted and told once (services/tests/privacy.rs)"),
];
const CALLS: [(&str, usize, &str); 6] = [
    (
        "payment/provider/chargebacks.rs",
        3,
        "charged_back: retrieve; evidence: submit. None: what became of evidence whose key is forgotten \
         (services/tests/chargeback.rs)",
    ),
    ("payment/provider/balance.rs", 1, "reconcile: list"),
    (
        "payment/provider/connect.rs",
        4,
        "refused_pay_out: how the account stands. None: making and linking a tutor's account moves no money \
         (services/tests/payout_account.rs)",
    ),
    (
        "payment/provider/deposits.rs",
        6,
        "authorize: secure; capture; lapsed_capture: retrieve; release, decide_debt, forgive_debt: cancel. None: looking up an old deposit, one \
         that was given up, or one that is not cancelled (services/tests/deposits.rs)",
    ),
    (
        "payment/provider/mod.rs",
        13,
        "charge: create; pay_debt: retrieve, confirm; forgotten: list; refund: refund; forgotten_refund: list; all: \
         `ask` itself. None: create a customer, find, attach and detach a card, prepare the saving of one move no money; a \
         payment in the place of a cancelled one is another `create`",
    ),
    (
        "payment/provider/transfers.rs",
        4,
        "pay_out: transfer; forgotten_pay_out: list; take_back: reverse; forgotten_take_back: list",
    ),
];

/// The same of meetings, and of permission to make them.
const MEETING_COMMITS: [(&str, usize, &str); 5] = [
    ("oauth/tokens.rs", 1, "none: that a permission ended is found again by the next call"),
    (
        "video/arrange.rs",
        2,
        "meeting_made, meeting_moved, meeting_sought, and the same at Google: noting what is held there. None: handing \
         out lessons whose meeting is looked at again leads to the same job",
    ),
    ("video/connections.rs", 2, "none: accounts that their owner connects and disconnects"),
    ("video/standing.rs", 1, "none: a link that its tutor gives a lesson"),
    (
        "video/webhook.rs",
        2,
        "meeting_ended: storing; what follows is committed in booking/transaction.rs. None: that an owner removed our app \
         is told again until it is taken",
    ),
];
const MEETING_CALLS: [(&str, usize, &str); 9] = [
    (
        "diary/google/channels.rs",
        1,
        "none: news of calendars, which are read every five minutes all the same",
    ),
    (
        "diary/google/conferences.rs",
        4,
        "google_made: insert; google_moved: patch; google_removed: remove; google_sought: find",
    ),
    (
        "diary/google/events.rs",
        4,
        "none: an event is named by us, so that a second one is refused (services/tests/diary_google.rs)",
    ),
    ("diary/google/lists.rs", 2, "none: reading"),
    (
        "oauth/calls.rs",
        3,
        "meeting_made and all others: how each call is made, again where a token is not taken",
    ),
    ("oauth/consent.rs", 1, "none: a permission whose answer is lost is asked for again by its tutor"),
    ("oauth/provider.rs", 1, "none: reading"),
    (
        "oauth/tokens.rs",
        2,
        "none: renewing a token, where the answer is lost and the provider takes none twice, needs its tutor again; \
         withdrawing what is forgotten here",
    ),
    (
        "video/zoom.rs",
        5,
        "meeting_made: make; meeting_moved: change; meeting_removed: remove; meeting_sought: look_up. None: whose \
         account it is",
    ),
];

/// The folders of what has to do with money, or tells of it.
const MONEY: [&str; 11] = [
    "booking",
    "dispute",
    "jobs",
    "ledger",
    "lesson",
    "mail",
    "payment",
    "payout",
    "privacy",
    "reconcile",
    "sweep",
];

/// The folders of what has to do with meetings, and of calls in the name of people.
const MEETINGS: [&str; 3] = ["diary/google", "oauth", "video"];

/// How often the files of a folder and those below it say something.
fn count(folder: &Path, said: &[&str], found: &mut BTreeMap<String, usize>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            count(&path, said, found);
            continue;
        }
        let text = fs::read_to_string(&path).expect("a text");
        let times = said.iter().map(|said| text.matches(said).count()).sum();
        if times > 0 {
            let (_, name) = path.to_str().expect("a path").split_once("services/src/").expect("below it");
            found.insert(name.trim_start_matches("./").to_owned(), times);
        }
    }
}

fn assert_counted(said: &[&str], rows: &[(&str, usize, &str)], folders: &[&str]) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services/src");
    let mut found = BTreeMap::new();
    for folder in folders {
        count(&source.join(folder), said, &mut found);
    }
    let rows = rows.iter().map(|(file, times, _)| ((*file).to_owned(), *times)).collect();
    assert_eq!(found, rows, "{said:?}: is every new one a point at which a server is killed?");
}

#[test]
fn every_commit_that_has_to_do_with_money_is_known() {
    assert_counted(&[".commit()"], &COMMITS, &MONEY);
}

#[test]
fn every_commit_that_has_to_do_with_meetings_is_known() {
    assert_counted(&[".commit()"], &MEETING_COMMITS, &MEETINGS);
}

#[test]
fn every_call_in_the_name_of_a_person_is_known() {
    assert_counted(&["self.ask(", "self.send(", ".request_async(", ".send()"], &MEETING_CALLS, &MEETINGS);
}

#[test]
fn every_call_of_the_provider_is_known() {
    assert_counted(&["self.ask(", "self.client()"], &CALLS, &MONEY);
}
