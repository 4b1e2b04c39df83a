//! Payments that the owner of a card takes back, for tests of chargebacks.
#![allow(dead_code, reason = "each test file uses its part")]

use domain::{account::Role, booking::Booking, dispute::Statement, ids::DisputeId};
use sandbox::Options;
use serde_json::Value;
use services::{
    Actor,
    dispute::{self, Dispute},
    ledger, payment,
    testing::{at_hour, booked, execute, user},
};

use crate::till::Till;

/// A card whose owner says that nothing was received.
pub const NOT_RECEIVED: &str = "pm_card_createDisputeProductNotReceived";

/// What the ledger has of a payment that a bank took for now.
pub const TAKEN: [&str; 4] = ["taken_back -2500", "taken_back 2500", "fee -1500", "fee 1500"];
/// What it has once that was given back.
pub const GIVEN_BACK: [&str; 4] = ["taken_back 2500", "taken_back -2500", "fee 1500", "fee -1500"];
/// What it has once that is lost.
pub const LOST: [&str; 3] = ["lost 2500", "lost -2250", "lost -250"];

/// What somebody says.
pub fn words(text: &str) -> Statement {
    Statement::parse(text).expect("a statement")
}

impl Till {
    /// A lesson that was charged on a card whose owner takes the payment back, and an admin.
    pub async fn charged(&self, card: &str) -> (Booking, Actor) {
        self.card(card).await;
        let booking = self.taught(4).await;
        self.at(booking.end).await;
        self.tick().await;
        (booking, user(&self.services, "Ada", Role::Admin).await)
    }

    /// The provider's messages about disputes so far, the oldest first.
    pub async fn messages(&self) -> Vec<Value> {
        let mut events = self.listed("events").await;
        events.retain(|event| event["type"].as_str().is_some_and(|kind| kind.starts_with("charge.dispute.")));
        events.reverse();
        events
    }

    /// The platform is sent messages, in this order.
    pub async fn sent(&self, messages: &[Value]) {
        let (at, secret) = (self.services.clock.now().timestamp(), Options::default().webhook_secret);
        for message in messages {
            let body = message.to_string();
            let signature = sandbox::webhooks::sign(&secret, at, &body);
            payment::receive(&self.services, &signature, body.as_bytes()).await.expect("received");
        }
    }

    /// The same, and it does what follows.
    pub async fn told(&self, messages: &[Value]) {
        self.sent(messages).await;
        self.tick().await;
    }

    pub async fn told_all(&self) {
        self.told(&self.messages().await).await;
    }

    pub async fn case(&self, booking: &Booking) -> Dispute {
        let found = dispute::of_lesson(&self.services, &self.tutor.actor, booking.id).await.expect("read");
        found.disputes.into_iter().next_back().expect("a dispute")
    }

    /// What the ledger has of a lesson since it was paid.
    pub async fn since_paid(&self, booking: &Booking) -> Vec<String> {
        let lines = self.explained(booking).await.lines;
        let lines = lines.into_iter().filter(|line| !["settled", "paid"].contains(&&*line.event));
        lines.map(|line| format!("{} {}", line.event, line.amount)).collect()
    }

    pub async fn submit(&self, admin: &Actor, id: DisputeId, text: &str) -> services::Result<Dispute> {
        dispute::submit_evidence(&self.services, admin, id, &words(text)).await
    }

    /// The bank decides for the owner of the card.
    pub async fn lost(&self) {
        let id = self.listed("disputes").await[0]["id"].as_str().expect("an id").to_owned();
        self.elsewhere(&format!("disputes/{id}/close"), &[]).await;
    }

    /// What the ledger owes the tutor.
    pub async fn owed_to_tutor(&self, admin: &Actor) -> i64 {
        let own = format!("tutor:{}", self.tutor.id);
        let all = ledger::balances(&self.services, admin).await.expect("balances");
        all.into_iter().find(|line| line.account == own).map_or(0, |line| line.balance)
    }

    /// A lesson that was paid ahead on a card whose owner takes the payment back, and an admin.
    pub async fn paid_ahead(&self) -> (Booking, Actor) {
        execute(&self.services, "INSERT INTO settings VALUES ('collection', '\"prepay\"')").await;
        self.at(at_hour(0)).await;
        self.card(NOT_RECEIVED).await;
        let booking = booked(&self.services, &self.student, &self.tutor, at_hour(28)).await;
        self.tick().await;
        (booking, user(&self.services, "Ada", Role::Admin).await)
    }
}
